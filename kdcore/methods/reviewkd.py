"""Distilling knowledge via knowledge review (Chen et al., CVPR 2021, arXiv:2104.09044), section 3."""

from collections.abc import Callable, Sequence
from typing import Annotated

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.layers import Connector, layers_of, numbers, resized
from kdcore.methods.declaration import Range, Shapes, Terms, method
from kdcore.signal import Signal, pool

MOST_CHANNELS = 512
LEVELS = (4, 2, 1)
"""Sides to which maps are pooled, each counting half as much as the one before; whole maps count 1."""


class Fusion(nn.Module):
    """One of the student's layers, with what was fused of all deeper ones, in the shape of the teacher's layer."""

    def __init__(self, ours: tuple[int, ...], theirs: tuple[int, ...], channels: int, *, deepest: bool) -> None:
        super().__init__()
        self.wanted = theirs[1:]
        self.narrow = Connector(ours[0], channels)
        self.gates = None if deepest else Connector(2 * channels, 2)
        # On a single position only the middle of a 3x3 convolution would see anything.
        self.alone = self.wanted in ((), (1, 1))
        self.say = Connector(channels, theirs[0]) if self.alone else nn.Conv2d(channels, theirs[0], 3, padding=1)

    def forward(self, layer: Tensor, deeper: Tensor | None) -> tuple[Tensor, Tensor]:
        """The teacher's layer as it is guessed, and what is fused so far; a vector counts as maps of one position."""
        fused = self.narrow(layer)
        if fused.ndim == 2:
            fused = fused[..., None, None]
        if self.gates is not None and deeper is not None:
            deeper = functional.interpolate(deeper, fused.shape[-2:], mode="nearest")
            ours, theirs = self.gates(torch.cat([fused, deeper], 1)).sigmoid().split(1, 1)
            fused = fused * ours + deeper * theirs
        if self.alone:
            return self.say(pool(fused)).view(len(layer), -1, *self.wanted), pool(fused)[..., None, None]
        if fused.shape[-2:] != self.wanted:
            fused = functional.interpolate(fused, self.wanted, mode="nearest")
        return self.say(fused), fused


class Review(nn.Module):
    """Fusions of all layers, from the deepest to the first."""

    def __init__(self, student: Shapes, teacher: Shapes) -> None:
        super().__init__()
        ours, theirs = layers_of(student), layers_of(teacher)
        channels, last = min(MOST_CHANNELS, ours[-1][0]), len(ours) - 1
        each = enumerate(zip(ours, theirs, strict=True))
        self.fusions = nn.ModuleList(Fusion(a, b, channels, deepest=number == last) for number, (a, b) in each)

    def forward(self, layers: Sequence[Tensor]) -> list[Tensor]:
        """As many layers in the teacher's shapes, in the same order."""
        found, fused = [], None
        for fusion, layer in zip(reversed(self.fusions), reversed(layers), strict=True):
            said, fused = fusion(layer, fused)
            found.append(said)
        return found[::-1]


def hierarchical(ours: Tensor, theirs: Tensor, student: Signal) -> Tensor:
    """Mean squared difference of two layers, whole and pooled to ever fewer positions, weighted: `[..., batch]`."""
    gap = ours - theirs
    cost, whole, weight = numbers(gap, student).square().mean(-1), 1.0, 1.0
    smaller = [side for side in LEVELS if gap.ndim == student.logits.ndim + 2 and side < min(gap.shape[-2:])]
    for side in smaller:
        # The difference of averages is the average of differences.
        pooled, weight = numbers(resized(gap, (side, side)), student), weight / 2
        cost, whole = cost + weight * pooled.square().mean(-1), whole + weight
    return cost / whole


@method(
    needs=("maps", "penultimate"),
    side=Review,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def reviewkd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[[Sequence[Tensor]], Sequence[Tensor]],
    progress: float = 1.0,
    warm_up: Annotated[float, Range(0, 1)] = 0.08,
) -> Terms:
    """Each of the teacher's layers teaches the student's layer at its depth and all deeper ones, fused by attention.

    Returns `review [..., batch]`, summed over layers: mean squared difference between the teacher's layer and what is
    fused of the student's from there on, whole and pooled to 4, 2 and 1 positions a side, weights 1, 1/2, 1/4, 1/8 over
    their sum. Over the share `warm_up` of the training the loss grows in. Its convolutions have no normalisation.
    """
    said = side(list(student.features.values()))
    costs = [hierarchical(a, b, student) for a, b in zip(said, teacher.features.values(), strict=True)]
    grown = (progress / torch.as_tensor(warm_up, dtype=costs[0].dtype).clamp_min(1e-9)).clamp_max(1)
    return {"review": sum(costs[1:], start=costs[0]) * grown}
