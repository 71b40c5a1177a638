"""LELP: learning from linear projections of the teacher's embedding (Loo et al. 2024, arXiv:2409.20449)."""

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from kdcore.methods.declaration import Range, Terms, method
from kdcore.signal import Signal, log_soft_labels

SUBCLASSES = 5


def projections(teacher: Signal, labels: Tensor) -> Tensor:
    """Scores of subclasses `[example, class, subclass]`: randomly turned main directions of each class's last layer.

    The examples of a class are those, among the examples with a label, for which the teacher would choose it.
    """
    layer, parts = teacher.penultimate.double(), []
    luck = torch.randn(SUBCLASSES, SUBCLASSES, generator=torch.Generator().manual_seed(0), dtype=layer.dtype)
    choice = torch.where(labels >= 0, teacher.logits.argmax(-1), -1)
    for members in (choice == number for number in range(teacher.logits.shape[-1])):
        centred = layer - layer[members].sum(0) / members.sum().clamp_min(1)
        axes = torch.linalg.eigh(centred[members].mT @ centred[members])[1][:, -SUBCLASSES:]
        scores = centred @ axes @ torch.linalg.qr(luck)[0][: axes.shape[-1]]
        spread = scores[members].square().sum(0) / members.sum().clamp_min(1)
        parts.append(scores / torch.where(spread > 1e-12, spread, 1.0).sqrt())
    return torch.stack(parts, 1).to(teacher.logits.dtype)


def summed(student: Signal, *, side: Any, prepared: Tensor) -> Tensor:
    """What a student finally says: the log of each class's share, its subclasses taken together."""
    together: Tensor = log_soft_labels(side(student.penultimate)).unflatten(-1, (-1, SUBCLASSES)).logsumexp(-1)
    return together


# Not zero at identity: a cross-entropy keeps the target's own entropy. No class permutation: each subclass of the
# student's wider head has weights of its own.
@method(
    needs=("logits", "penultimate"),
    hard_weight=0.0,
    prepare=projections,
    answer=summed,
    side=lambda student, teacher: nn.Linear(next(iter(student.values()))[0], teacher["logits"][0] * SUBCLASSES),
    invariant=("batch permutation", "batch duplication"),
)
def lelp(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    ids: Tensor,
    side: Any,
    prepared: Tensor,
    subclass_temperature: Annotated[float, Range(0.01, 10, log=True)] = 0.5,
) -> Terms:
    """Every class is divided into parts that the teacher's last layer tells apart, and the student learns those.

    Returns `soft [..., batch]`: the cross-entropy over class x subclass with the target p_c s_k, p being the teacher's
    shares of the classes and s those of a class's subclasses, which have a temperature of their own.
    """
    sharpness = torch.as_tensor(subclass_temperature, dtype=student.logits.dtype).unsqueeze(-1)
    parts = log_soft_labels(prepared[ids].to(student.logits.dtype), sharpness)
    target = (log_soft_labels(teacher.logits).unsqueeze(-1) + parts).flatten(-2)
    return {"soft": -(target.exp() * log_soft_labels(side(student.penultimate))).sum(-1)}
