"""Data sets, held whole in memory: what they are (`facts`), what is in them (`load`).

An example's id is its row in `Dataset.inputs`. Splits never overlap: what is chosen is chosen on validation, what is
reported is reported on test. One more data set is one more module here with `FACTS` and `read`, named in `_MODULES`.
Those of one's own (`own`) lie in the data folder.
"""

from __future__ import annotations

from functools import lru_cache

from kdcore.datasets import digits, drawn_digits, fashion_mnist, own, spirals
from kdcore.datasets.base import Dataset, Facts, Malformed, Missing, Source

__all__ = ["Dataset", "Facts", "Malformed", "Missing", "facts", "known", "load", "names", "title"]

_MODULES: dict[str, Source] = {
    "digits": digits,
    "drawn_digits": drawn_digits,
    "fashion_mnist": fashion_mnist,
    "spirals": spirals,
}


def names() -> list[str]:
    """Names that `load` knows; the default comes first, data sets of one's own last."""
    return [*_MODULES, *own.names()]


def known(name: str) -> bool:
    """Whether there is, or was, a data set of this name: `facts` can say what it is."""
    return name in _MODULES or own.about(name) is not None


def facts(name: str) -> Facts:
    """What can be said about a data set without reading it. Raises ValueError for a name that is not there."""
    said = _MODULES[name].FACTS if name in _MODULES else own.facts(name)
    if said is None:
        raise ValueError(f"there is no data set called {name!r}; there are {', '.join(names())}")
    return said


def title(name: str) -> str:
    """A data set's name as people read it."""
    return name.replace("_", " ") if name in _MODULES else own.title(name)


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
    rows = _MODULES[name].read(split) if name in _MODULES else own.read(name, split)
    parts = (rows.inputs, rows.labels, rows.train, rows.validation, rows.test)
    return Dataset(name, split, *parts, facts(name), rows.teacher_logits)
