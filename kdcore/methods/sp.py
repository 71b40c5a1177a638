"""Similarity-preserving knowledge distillation (Tung and Mori, ICCV 2019, arXiv:1907.09682), section 3."""

from typing import Literal

import torch
from torch import Tensor

from kdcore.layers import once
from kdcore.methods.declaration import Terms, method
from kdcore.methods.relations import directions
from kdcore.signal import Signal


def similarities(layer: Tensor) -> Tensor:
    """How alike examples are, `[..., batch, batch]`: inner products of `[..., batch, unit]`, each row at length 1."""
    return directions(layer @ layer.mT)


# No batch duplication: every row gets twice as long and is brought back to length 1, so that the sum of squares stays
# while the number of entries does not.
@method(
    needs=("features",),
    weight=3000.0,
    least_batch=2,
    invariant=("zero at identity", "batch permutation", "class permutation"),
)
def sp(student: Signal, teacher: Signal, labels: Tensor, *, layers: Literal["last", "all"] = "last") -> Terms:
    """Examples that the teacher finds alike shall be alike for the student.

    Returns `similarity [..., batch]`: the mean squared difference of a row of both networks' similarities, so that the
    batch's mean is the squared norm over the squared batch. The paper sums over chosen pairs of layers, `layers="all"`;
    its experiments and the code that its author verified take the last one.
    """
    pairs = [(layer, teacher.features[name]) for name, layer in student.features.items()]
    rows = []
    for ours, theirs in pairs[-1:] if layers == "last" else pairs:
        if ours.ndim > student.logits.ndim:  # Maps: all channels and positions of an example are one vector.
            ours, theirs = ours.flatten(-3), theirs.flatten(-3)
        rows.append((similarities(ours) - similarities(once(theirs, theirs.ndim - 2))).square().mean(-1))
    return {"similarity": torch.stack(rows).sum(0)}
