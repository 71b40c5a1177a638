"""Activation boundaries formed by hidden neurons (Heo et al., AAAI 2019, arXiv:1811.03233), section 3."""

from collections.abc import Callable, Sequence
from typing import Annotated

from torch import Tensor

from kdcore.layers import Connectors, along, matched, numbers, own_axes
from kdcore.methods.declaration import Range, Terms, method
from kdcore.signal import Signal


# Not zero at identity: a unit on the right side of its boundary still pays where it is within the margin of it.
@method(
    needs=("features",),
    weight=0.003,
    side=Connectors,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def ab(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    progress: float = 0.0,
    margin: Annotated[float, Range(0, 10)] = 1.0,
    until: Annotated[float, Range(0, 1)] = 0.5,
) -> Terms:
    """Whether a unit speaks counts, not how loudly: only its boundary between silence and activity is passed on.

    Returns `boundary [..., batch]`: for each unit (s + margin)^2 where the teacher is silent and s > -margin, (s -
    margin)^2 where it speaks and s <= margin, summed over units, the last pair of layers weighing 1, each one before it
    half as much. As in the paper it is heard at the beginning only, up to the share `until` of the training; labels are
    heard then, too. The student's layers stand behind their rectifiers, so s is what the trained connector makes of
    them.
    """
    both = matched(student, teacher)
    total = None
    for s, (_, theirs) in zip(side([ours for ours, _ in both]), both, strict=True):
        edge, speaks = along(margin, own_axes(s, student)), theirs > 0
        silent_cost = (s + edge).clamp_min(0).square()
        active_cost = (edge - s).clamp_min(0).square()
        cost = numbers(active_cost.where(speaks, silent_cost), student).sum(-1)
        total = cost if total is None else total / 2 + cost
    assert total is not None
    return {"boundary": total * (progress <= until)}
