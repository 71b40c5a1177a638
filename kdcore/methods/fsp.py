"""A gift from knowledge distillation (Yim et al., CVPR 2017), eq. 1 and 2: flow of the solution procedure."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated

from torch import Tensor, nn

from kdcore.layers import Connectors, layers_of, matched, resized, written
from kdcore.methods.declaration import Range, Shapes, Terms, method
from kdcore.signal import Signal


def two_layers(student: Shapes, teacher: Shapes) -> str | None:
    """Why there is no flow between layers, in a sentence, where there is one pair only."""
    ours, theirs = layers_of(student), layers_of(teacher)
    if len(ours) > 1:
        return None
    return (
        f"a flow needs two layers, and only the maps {written(ours[0])} of the student and {written(theirs[0])} of the "
        "teacher can be paired. A second convolution in both would help"
    )


class WhereNeeded(Connectors):
    """Connectors where the student's channels are not as many as the teacher's; nothing where they are."""

    def one(self, ours: int, theirs: int) -> nn.Module:
        """What stands between a pair with so many channels."""
        return super().one(ours, theirs) if ours != theirs else nn.Identity()


def flows(layers: Sequence[Tensor]) -> list[Tensor]:
    """Between each layer and the next, mean product of every two channels: `[..., batch, channel, next channel]`."""
    found = []
    for first, second in pairwise(layers):
        size = (min(first.shape[-2], second.shape[-2]), min(first.shape[-1], second.shape[-1]))
        before, after = resized(first, size).flatten(-2), resized(second, size).flatten(-2)
        found.append(before @ after.mT / before.shape[-1])
    return found


@method(
    needs=("maps",),
    weight=50.0,
    side=WhereNeeded,
    fits=two_layers,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def fsp(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    progress: float = 0.0,
    until: Annotated[float, Range(0, 1)] = 0.5,
) -> Terms:
    """How a network gets from one layer to the next is passed on, not what the layers hold.

    Returns `flow [..., batch]`, summed over neighbouring layers: mean squared difference of the two matrices of mean
    products between a layer's channels and the next one's. As in the paper it is heard at the beginning only, up to the
    share `until` of the training; labels are heard then, too. Where channels are not as many, connectors are trained.
    """
    both = matched(student, teacher)
    ours, theirs = flows(side([layer for layer, _ in both])), flows([layer for _, layer in both])
    gaps = [(a - b).square().mean((-1, -2)) for a, b in zip(ours, theirs, strict=True)]
    return {"flow": sum(gaps[1:], start=gaps[0]) * (progress <= until)}
