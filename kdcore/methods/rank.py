"""RLKD: a ranking loss beside plain distillation (Peng, Zhang, COLING 2025, arXiv:2409.12545)."""

from typing import Annotated

import torch
from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.signal import Signal


# Not zero at identity: soft ranks are not quite whole numbers.
@method(needs=("logits",), alpha=0.9, invariant=("batch permutation", "batch duplication", "class permutation"))
def rank(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    rank_weight: Annotated[float, Range(0, 64)] = 1.0,
    top: Annotated[float, Range(2, 64)] = 5.0,
    softness: Annotated[float, Range(0.001, 10, log=True)] = 1.0,
) -> Terms:
    """Beside the shares their order counts, among the classes that either network puts among its first few.

    Returns `soft [..., batch]` as `hinton` does, and `rank [..., batch]`: one minus Spearman's correlation of the ranks
    in the union of both top classes. The student's ranks are soft: a step becomes a sigmoid of the gap / softness.
    """
    most, soft_step, weight = (torch.as_tensor(k, dtype=student.logits.dtype) for k in (top, softness, rank_weight))
    gaps, theirs = (s.logits.unsqueeze(-2) - s.logits.unsqueeze(-1) for s in (student, teacher))
    in_top = [(gap > 0).sum(-1) < most.unsqueeze(-1) for gap in (gaps, theirs)]
    union = in_top[0] | in_top[1]
    count = union.sum(-1)
    steps = (gaps / soft_step[..., None, None]).sigmoid() - torch.heaviside(theirs, theirs.new_tensor(0.5))
    apart = torch.where(union, (steps * union.unsqueeze(-2)).sum(-1), 0.0).square().sum(-1)
    soft = hinton(student, teacher, labels, temperature=temperature)["soft"]
    return {"soft": soft, "rank": weight * 6 * apart / (count * (count**2 - 1))}
