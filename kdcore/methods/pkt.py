"""Learning deep representations with probabilistic knowledge transfer (Passalis, Tefas, ECCV 2018, 1803.10837)."""

import torch
from torch import Tensor

from kdcore.layers import once
from kdcore.methods.declaration import Terms, method
from kdcore.methods.relations import lengths
from kdcore.signal import Signal

GUARD = 1e-7
"""Added to lengths and shares, as in the authors' code."""


def neighbourhood(layer: Tensor) -> Tensor:
    """The share of every example in the neighbourhood of each, `[..., batch, batch]`, rows adding up to one.

    Neighbours by the cosine of `[..., batch, unit]`, brought to [0, 1]; an example is its own neighbour too.
    """
    far = lengths(layer).unsqueeze(-1)
    # A vector that is zero has no direction, and no slope: the published form has one of ten million there.
    unit = layer / torch.where(far == 0, torch.inf, far + GUARD)
    near: Tensor = (unit @ unit.mT + 1) / 2
    return near / near.sum(-1, keepdim=True)


# No batch duplication: twice as many examples share a neighbourhood, and the mean is over all pairs.
@method(
    needs=("penultimate",),
    weight=30000.0,
    least_batch=2,
    invariant=("zero at identity", "batch permutation", "class permutation"),
)
def pkt(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Each example's neighbourhood in the batch, read as probabilities, shall be the teacher's.

    Returns `neighbours [..., batch]`: the terms of KL(teacher's neighbourhood || student's), their mean over the batch,
    section 3. A mean over all pairs, not a sum over a neighbourhood: hence the weight of 30000.
    """
    p, q = neighbourhood(once(teacher.penultimate, teacher.penultimate.ndim - 2)), neighbourhood(student.penultimate)
    return {"neighbours": (p * ((p + GUARD) / (q + GUARD)).log()).mean(-1)}
