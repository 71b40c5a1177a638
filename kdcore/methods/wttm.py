"""Weighted transformed teacher matching (Zheng, Yang, ICLR 2024, arXiv:2402.11148), section 4."""

import torch
from torch import Tensor

from kdcore.methods.declaration import Terms, method
from kdcore.methods.ttm import Power, ttm
from kdcore.signal import Signal, log_soft_labels


# Not zero at identity: as with `ttm`, the teacher is softened and the student is not.
@method(needs=("logits",), weight=4.0, invariant=("batch permutation", "batch duplication", "class permutation"))
def wttm(student: Signal, teacher: Signal, labels: Tensor, *, power: Power = 0.2) -> Terms:
    """As transformed teacher matching; an example counts the more, the less sure the teacher is of it.

    Returns `soft [..., batch]`: the term of `ttm` times the sum of the teacher's shares, each raised to the power.
    """
    exponent = torch.as_tensor(power, dtype=teacher.logits.dtype).unsqueeze(-1)
    weight = (exponent * log_soft_labels(teacher.logits)).exp().sum(-1)
    return {"soft": weight * ttm(student, teacher, labels, power=power)["soft"]}
