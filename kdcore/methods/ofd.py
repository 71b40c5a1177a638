"""A comprehensive overhaul of feature distillation (Heo et al., ICCV 2019, arXiv:1904.01866), section 3."""

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor

from kdcore.layers import Connectors, gaussian_negative_mean, matched, numbers, own_axes
from kdcore.methods.declaration import Terms, method
from kdcore.signal import Signal, pairs


def margins(teacher: Signal, labels: Tensor) -> dict[str, Tensor]:
    """For each layer of the teacher what its channels are on average below zero, `[channel]`, over labelled examples.

    A layer behind a rectifier does not show it; then its channels are taken as Gaussian before, as the paper does.
    """
    found = {}
    for name, layer in teacher.features.items():
        values = layer[labels >= 0].double().movedim(1, -1).flatten(0, -2)
        below = values.clamp_max(0)
        seen = below.sum(0) / (values < 0).sum(0).clamp_min(1)
        found[name] = seen.where((values < 0).any(0), gaussian_negative_mean(values)).to(layer.dtype)
    return found


# Not zero at identity: a layer behind a rectifier is zero where its target is the margin below zero.
@method(
    needs=("features",),
    weight=0.001,
    side=Connectors,
    prepare=margins,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def ofd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    prepared: Mapping[str, Tensor],
) -> Terms:
    """Where the teacher speaks, how loudly; where it is silent, the student need only be silent enough.

    Returns `distance [..., batch]`: for each unit the squared distance to the teacher's, which is never below the
    margin of its channel, but 0 where both are below zero and the student lower; summed over units, the last pair of
    layers weighing 1, each one before it half as much. All layers stand behind their rectifiers: the student's numbers
    below zero are its trained connector's, and where the teacher is silent its target is the margin.
    """
    both = matched(student, teacher)
    places = pairs(list(student.features), list(prepared))
    total = None
    for s, (_, theirs), (_, place) in zip(side([ours for ours, _ in both]), both, places, strict=True):
        margin = prepared[place].to(theirs.dtype).view(-1, *[1] * (own_axes(s, student) - 1))
        target = theirs.maximum(margin).where(theirs != 0, margin)
        enough = (s <= target) & (target <= 0)
        cost = numbers((s - target).square().masked_fill(enough, 0), student).sum(-1)
        total = cost if total is None else total / 2 + cost
    assert total is not None
    return {"distance": total}
