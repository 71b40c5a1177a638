"""Handwritten digits, 8 x 8 pixels, 17 grey levels: 1,797 pictures by 13 people.

From E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits" (UCI, 1998, test part), as scikit-learn
carries it. The file is read where it lies: importing scikit-learn for it would cost 1.2 s and 150 MB in every process.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from kdcore.datasets.base import Facts, Malformed, Missing, Rows

FACTS = Facts(
    classes=tuple("0123456789"),
    train=1000,
    validation=200,
    test=597,
    input_shape=(1, 8, 8),
    about="Handwritten digits, 8 x 8 pixels (UCI, 1998)",
    smallest_class=74,
)
TOTAL = FACTS.train + FACTS.validation + FACTS.test
GREY_LEVELS = 16


def read(split: int) -> Rows:
    """All pictures in the order of the file, divided by 16; the split number seeds their division into parts."""
    import numpy as np
    import torch

    table = np.loadtxt(_file(), delimiter=",", dtype=np.float32)
    if table.shape != (TOTAL, 65):
        raise Malformed(f"scikit-learn's digits should be {TOTAL} rows of 65 numbers; this file has {table.shape}")
    # RandomState: NumPy promises that its numbers never change, and the shipped teacher rests on these.
    order = torch.from_numpy(np.random.RandomState(split).permutation(TOTAL))
    train, validation, test = order.split([FACTS.train, FACTS.validation, FACTS.test])
    inputs = torch.from_numpy(table[:, :64] / np.float32(GREY_LEVELS)).reshape(TOTAL, *FACTS.input_shape)
    return Rows(inputs, torch.from_numpy(table[:, 64].astype(np.int64)), train, validation, test)


def _file() -> Path:
    package = importlib.util.find_spec("sklearn")
    if package is None or package.origin is None:
        raise Missing("the digits come with scikit-learn, which is not installed: pip install scikit-learn")
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    if not file.is_file():
        raise Missing(f"this scikit-learn carries no digits at {file}: pip install --force-reinstall scikit-learn")
    return file
