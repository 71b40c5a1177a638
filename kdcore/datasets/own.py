"""Data sets of one's own: inputs, labels and what a teacher of one's own said about each row.

Each is one NPZ file and its facts beside it as JSON, in `datasets` under the data folder. Its name ends in a hash of
its content, so what a run was trained on can never be exchanged under it. Of one that is removed the facts stay: runs
that were trained on it can still be looked at.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import re
import time
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kdcore.datasets import upload
from kdcore.datasets.base import Facts, Malformed, Missing, Rows
from kdcore.folders import data_folder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRAIN, VALIDATION = 0.60, 0.15
MOST_SETS = 50
_NAME = re.compile(r"own_[a-z0-9_]{1,50}")


@dataclass(frozen=True)
class Own:
    """What is kept beside the arrays. owner: a key of the browser that added it; added: Unix time."""

    facts: Facts
    owner: str
    added: float


def names() -> list[str]:
    """The data sets that were added and not removed, in the order of the alphabet."""
    return sorted(file.stem for file in _folder().glob("own_*.npz") if _NAME.fullmatch(file.stem))


def add(file: bytes, title: str = "", owner: str = "") -> str:
    """Keep the three arrays of an NPZ file as a data set and return its name; the same ones again are the same.

    Raises Malformed with what is wrong; then nothing is kept.
    """
    import numpy as np

    given = upload.read(file)
    title = " ".join(re.sub(r"[^\w .,+-]|_", " ", title).split())[:40] or "data"
    content = hashlib.sha256()
    for array in _arrays(given).values():
        content.update(array.data)  # without a copy: they may be large
    slug = re.sub(r"[^a-z0-9]+", "_", title.lower())[:30].strip("_") or "data"
    name = f"own_{slug}_{content.hexdigest()[:6]}"
    if name in names():
        return name
    if len(names()) >= MOST_SETS:
        raise Malformed(f"There are {MOST_SETS} data sets of your own already; remove one that is no longer needed.")
    about = {"facts": dataclasses.asdict(_facts(given, title)), "owner": owner, "added": time.time()}
    _folder().mkdir(parents=True, exist_ok=True)
    beside = _folder() / f"{name}.{os.getpid()}.part"
    beside.write_text(json.dumps(about))
    beside.replace(_folder() / f"{name}.json")
    with beside.open("wb") as stream:
        np.savez(stream, **_arrays(given))  # type: ignore[arg-type]
    beside.replace(_folder() / f"{name}.npz")  # last: whoever finds it finds its facts
    return name


def remove(name: str) -> None:
    """Take a data set away, but for its facts. Raises ValueError where there is none of that name."""
    if name not in names():
        raise ValueError(f"there is no data set of your own called {name!r}")
    (_folder() / f"{name}.npz").unlink(missing_ok=True)


def about(name: str) -> Own | None:
    """What is known of one, also after it was removed; None where there never was one of this name."""
    return _about(_folder(), name) if _NAME.fullmatch(name) and (_folder() / f"{name}.json").is_file() else None


def facts(name: str) -> Facts | None:
    """Its facts alone."""
    known = about(name)
    return known.facts if known else None


def title(name: str) -> str:
    """What people call it; with the end of its name where another one is called the same."""
    called = {other: known.facts.about for other in {*names(), name} if (known := about(other))}
    alone = list(called.values()).count(called.get(name, "")) == 1
    return called.get(name, name) if alone else f"{called.get(name, 'own')} {name[-6:]}"


def read(name: str, split: int) -> Rows:
    """All rows, in the order in which they were given; 60 % of each class to learn from, 15 % to choose by, the rest
    to report. The split number seeds the division. Raises Missing where the data set was removed.
    """
    import numpy as np
    import torch

    inputs, labels, logits = _kept(_folder() / f"{name}.npz")
    random = np.random.RandomState(split)  # as for the digits: NumPy promises that its numbers never change
    parts: tuple[list[Any], ...] = ([], [], [])
    for number in range(labels.max() + 1):
        rows = random.permutation(np.flatnonzero(labels == number))
        train, validation = _shares(len(rows))
        for part, some in zip(parts, np.split(rows, [train, train + validation]), strict=True):
            part.append(some)
    train_rows, validation_rows, test_rows = (
        torch.from_numpy(random.permutation(np.concatenate(part)).astype(np.int64)) for part in parts
    )
    whole = [torch.from_numpy(array) for array in (inputs, labels, logits)]
    return Rows(whole[0], whole[1], train_rows, validation_rows, test_rows, whole[2])


@lru_cache(maxsize=2)
def _kept(file: Path) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """The arrays of one data set: its splits share them."""
    import numpy as np

    try:
        with np.load(file, allow_pickle=False) as kept:
            return kept["inputs"], kept["labels"], kept["teacher_logits"]
    except FileNotFoundError as error:
        raise Missing(f"the data set {file.stem} was removed from this machine; add its NPZ file again") from error
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise Malformed(f"the file of the data set {file.stem} is damaged; add its NPZ file again") from error


def _shares(rows: int) -> tuple[int, int]:
    """How many rows of a class are for training and for validation; at least one each, and one is left for test."""
    return int(rows * TRAIN), max(1, round(rows * VALIDATION))


def _facts(given: upload.Arrays, title: str) -> Facts:
    import numpy as np

    rows = np.bincount(given.labels, minlength=given.teacher_logits.shape[1])
    train, validation = np.array([_shares(int(count)) for count in rows]).T
    return Facts(
        classes=tuple(map(str, range(len(rows)))),
        train=int(train.sum()),
        validation=int(validation.sum()),
        test=int((rows - train - validation).sum()),
        input_shape=tuple(map(int, given.inputs.shape[1:])),
        about=title,
        smallest_class=int(train.min()),
        stored_logits=True,
    )


def _arrays(given: upload.Arrays) -> dict[str, NDArray[np.generic]]:
    return {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}


@lru_cache(maxsize=256)
def _about(folder: Path, name: str) -> Own:
    known = json.loads((folder / f"{name}.json").read_text())
    facts = known["facts"] | {part: tuple(known["facts"][part]) for part in ("classes", "input_shape")}
    return Own(Facts(**facts), known["owner"], known["added"])


def _folder() -> Path:
    return data_folder() / "datasets"
