"""Relational knowledge distillation (Park, Kim, Lu, Cho, CVPR 2019, arXiv:1904.05068), section 3.2."""

import math
from collections.abc import Callable
from typing import Annotated

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from kdcore.layers import once
from kdcore.methods.declaration import Range, Terms, method
from kdcore.methods.relations import directions, huber, lengths
from kdcore.signal import Signal

ROOM = 8_000_000
"""How many numbers one tensor may hold."""


def distances(anchors: Tensor, layer: Tensor) -> Tensor:
    """Between `[..., anchor, unit]` and `[..., batch, unit]`: `[..., anchor, batch]`."""
    return lengths(layer.unsqueeze(-3) - anchors.unsqueeze(-2))


def in_units(far: Tensor) -> Tensor:
    """Distances `[..., batch, batch]` in units of their mean over different examples; zero where all coincide."""
    mean = far.sum((-1, -2), keepdim=True) / max(1, far.shape[-1] * (far.shape[-1] - 1))
    return far / torch.where(mean == 0, 1.0, mean)


def angle_gaps(anchors: Tensor, layer: Tensor, taught_anchors: Tensor, taught: Tensor) -> Tensor:
    """Mean Huber loss between both networks' cosines of the angles at these anchors, `[..., anchor]`."""
    towards, shown = (
        directions(points.unsqueeze(-3) - corners.unsqueeze(-2))
        for corners, points in ((anchors, layer), (taught_anchors, taught))
    )
    return huber(towards @ towards.mT, shown @ shown.mT).mean((-1, -2))


def by_anchor(work: Callable[..., Tensor], *layers: Tensor) -> Tensor:
    """`work(anchors, layer, ...)` over all examples of `[..., batch, unit]` layers as anchors, on axis `anchor`.

    Where all at once would take too much room the anchors come in parts, and what a part held is worked out once more
    for its gradient instead of being kept.
    """
    batch, widest = layers[0].shape[-2], max(layer.shape[-1] for layer in layers)
    each = math.prod(layers[0].shape[:-2]) * batch * max(batch, widest)
    count = max(1, ROOM // each)

    def part(first: int) -> list[Tensor]:
        return [piece for layer in layers for piece in (layer[..., first : first + count, :], layer)]

    if count >= batch:
        return work(*part(0))
    parts = [checkpoint(work, *part(first), use_reentrant=False) for first in range(0, batch, count)]
    axis = layers[0].ndim - 2
    return torch.cat(parts, axis)


# No batch duplication: the mean distance is that of different examples, of which a copy is one.
@method(
    needs=("penultimate",),
    least_batch=2,
    invariant=("zero at identity", "batch permutation", "class permutation"),
)
def rkd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    distance_weight: Annotated[float, Range(0, 1000)] = 25.0,
    angle_weight: Annotated[float, Range(0, 1000)] = 50.0,
) -> Terms:
    """The student's examples shall lie to each other as the teacher's do, in distance and in angle.

    Returns `distance [..., batch]`: Huber's loss between the distances from an example, in units of the mean distance,
    and `angle [..., batch]`: the same between the cosines of the angles at an example.
    Examples that coincide have distance zero, no direction, and no gradient: it is not defined there, and the published
    code divides by 1e-12. The angles take time for the cube of the batch.
    """
    ours, theirs = student.penultimate, once(teacher.penultimate, teacher.penultimate.ndim - 2)
    far, shown = (in_units(by_anchor(distances, layer)) for layer in (ours, theirs))
    return {
        "distance": distance_weight * huber(far, shown).mean(-1),
        "angle": angle_weight * by_anchor(angle_gaps, ours, theirs),
    }
