"""Fashion-MNIST: 70,000 photographs of clothes, 28 x 28 pixels (Xiao, Rasul, Vollgraf, arXiv:1708.07747).

Read from the folder named in DKLAB_FASHION_MNIST, else from where Debian's package `dataset-fashion-mnist` puts it.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from kdcore.datasets.base import Facts, Malformed, Missing, Rows
from kdcore.datasets.idx import read_idx

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

FACTS = Facts(
    classes=("T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"),
    train=55_000,
    validation=5_000,
    test=10_000,
    input_shape=(1, 28, 28),
    about="Photographs of clothes, 28 x 28 pixels (Zalando, 2017)",
    smallest_class=5_000,
)
FOLDER_VARIABLE = "DKLAB_FASHION_MNIST"
DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")
PARTS = (("train", FACTS.train + FACTS.validation), ("t10k", FACTS.test))
FILES = tuple(f"{part}-{kind}" for part, _ in PARTS for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))


def read(split: int) -> Rows:
    """Rows 0 to 59,999 are the official training pictures, the rest the official test; divided by 255.

    The split number seeds the permutation that takes validation out of the training pictures; test is always the same.
    """
    import numpy as np
    import torch

    inputs, labels = _arrays(folder())
    # The generator whose numbers NumPy promises never to change, as for the digits.
    order = torch.from_numpy(np.random.RandomState(split).permutation(FACTS.train + FACTS.validation))
    train, validation = order.split([FACTS.train, FACTS.validation])
    return Rows(inputs, labels, train, validation, torch.arange(len(order), len(inputs)))


def folder() -> Path:
    """The folder with all four files; raises `Missing`, saying how to get them."""
    named = os.environ.get(FOLDER_VARIABLE)
    place = Path(named).expanduser() if named else DEBIAN_FOLDER
    lacking = [name for name in FILES if _find(place, name) is None]
    if lacking:
        raise Missing(
            f"Fashion-MNIST is not in {place} (no {', '.join(lacking)}). "
            "On Debian and Ubuntu: sudo apt-get install dataset-fashion-mnist. Elsewhere: put the four files from "
            "github.com/zalandoresearch/fashion-mnist, gzipped or not, into one folder and set "
            f"{FOLDER_VARIABLE} to that folder."
        )
    return place


def _find(folder: Path, name: str) -> Path | None:
    return next((file for file in (folder / name, folder / f"{name}.gz") if file.is_file()), None)


@lru_cache(maxsize=1)
def _arrays(folder: Path) -> tuple[Tensor, Tensor]:
    """All inputs and labels, training part first; shared by every split."""
    import numpy as np
    import torch

    pictures, labels = [], []
    for part, count in PARTS:
        pictures.append(_checked(folder, f"{part}-images-idx3-ubyte", (count, 28, 28)))
        labels.append(_checked(folder, f"{part}-labels-idx1-ubyte", (count,)))
    every_label = np.concatenate(labels).astype(np.int64)
    if every_label.max() >= len(FACTS.classes):
        raise Malformed(f"the labels in {folder} go up to {every_label.max()}; there are {len(FACTS.classes)} classes")
    inputs = torch.from_numpy(np.concatenate(pictures)).float().div_(255)
    return inputs.reshape(-1, *FACTS.input_shape), torch.from_numpy(every_label)


def _checked(folder: Path, name: str, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    file = _find(folder, name)
    if file is None:
        raise Missing(f"{name} has gone from {folder}")
    array = read_idx(file)
    if array.shape != shape:
        sizes = " x ".join(map(str, array.shape))
        raise Malformed(f"{file} holds {sizes} numbers; Fashion-MNIST has {' x '.join(map(str, shape))} there")
    return array
