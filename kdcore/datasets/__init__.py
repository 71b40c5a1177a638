"""Data sets, held whole in memory: what they are (`facts`), what is in them (`load`).

An example's id is its row in `Dataset.inputs`. Splits never overlap: what is chosen is chosen on validation, what is
reported is reported on test. One more data set is one more module here with `FACTS` and `read`, named in `_MODULES`.
"""

from __future__ import annotations

from functools import lru_cache

from kdcore.datasets import digits, drawn_digits, fashion_mnist, spirals
from kdcore.datasets.base import Dataset, Facts, Malformed, Missing, Source

__all__ = ["Dataset", "Facts", "Malformed", "Missing", "facts", "load", "names"]

_MODULES: dict[str, Source] = {
    "digits": digits,
    "drawn_digits": drawn_digits,
    "fashion_mnist": fashion_mnist,
    "spirals": spirals,
}


def names() -> list[str]:
    """Names that `facts` and `load` know; the default comes first."""
    return list(_MODULES)


def facts(name: str) -> Facts:
    """What can be said about a data set without reading it. Raises ValueError for a name that is not there."""
    if name not in _MODULES:
        raise ValueError(f"there is no data set called {name!r}; there are {', '.join(_MODULES)}")
    return _MODULES[name].FACTS


def load(name: str, split: int = 0) -> Dataset:
    """The data set under one split number (0 to 2**32 - 1); read once in a process, so leave its tensors unchanged.

    Raises `Missing`, whose message says how to get data that is not on this machine, `Malformed` for files that are
    not what they should be, and ValueError for a name or a split that does not exist.
    """
    facts(name)
    if not 0 <= split < 2**32:
        raise ValueError(f"split must lie in [0, 2**32); got {split}")
    return _load(name, split)


@lru_cache(maxsize=8)
def _load(name: str, split: int) -> Dataset:
    module = _MODULES[name]
    rows = module.read(split)
    return Dataset(name, split, rows.inputs, rows.labels, rows.train, rows.validation, rows.test, module.FACTS)
