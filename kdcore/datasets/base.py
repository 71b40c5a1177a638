"""The types that every data set module shares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from torch import Tensor


class Missing(Exception):
    """The data are not on this machine; the message says how to get them."""


class Malformed(Exception):
    """A data file is not what its name says; the message says what is wrong with it."""


@dataclass(frozen=True)
class Facts:
    """What is known about a data set without reading it; `train`, `validation`, `test` count examples.

    smallest_class: train examples that every class has at least, under every split number that an experiment allows.
    stored_logits: whether what a teacher said about every example comes with the data.
    """

    classes: tuple[str, ...]
    train: int
    validation: int
    test: int
    input_shape: tuple[int, ...]
    about: str
    smallest_class: int
    stored_logits: bool = False


@dataclass(frozen=True)
class Rows:
    """What a data set module reads: all examples, and which rows belong to which part of the split."""

    inputs: Tensor
    labels: Tensor
    train: Tensor
    validation: Tensor
    test: Tensor
    teacher_logits: Tensor | None = None


class Source(Protocol):
    """What a data set module offers."""

    FACTS: Facts

    def read(self, split: int) -> Rows: ...


@dataclass(frozen=True, eq=False)
class Dataset:
    """All examples of a data set under one split number.

    inputs: float32 `[N, *input_shape]`; pictures lie in [0, 1].
    labels: int64 `[N]`, an index into `facts.classes`.
    train, validation, test: int64 row ids; no row is in two of them.
    teacher_logits: float32 `[N, class]` where a teacher's answers come with the data.
    """

    name: str
    split: int
    inputs: Tensor
    labels: Tensor
    train: Tensor
    validation: Tensor
    test: Tensor
    facts: Facts
    teacher_logits: Tensor | None = None
