"""Supervised learning: no teacher. The control arm of every experiment."""

from torch import Tensor

from kdcore.methods.declaration import Terms, method
from kdcore.signal import Signal


@method(
    needs=("labels",),
    alpha=0.0,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def hard(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """The student hears the labels only."""
    return {}
