"""CTKD: curriculum temperature (Li et al., AAAI 2023, arXiv:2211.16231), section 3, one temperature for all."""

from typing import Annotated, Any

import torch
from torch import Tensor, nn

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.signal import Signal


@method(
    needs=("logits",),
    alpha=0.9,
    # All that is trained is one number: what this piece makes of minus one is minus that number, 1 at first.
    side=lambda student, teacher: nn.PReLU(init=1.0),
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def ctkd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Any,
    progress: float,
    least: Temperature = 1.0,
    span: Annotated[float, Range(0, 63)] = 20.0,
    warm_up: Annotated[float, Range(0.001, 1)] = 0.04,
) -> Terms:
    """The temperature is learnt too, against the student: it goes where the lesson is hardest, at first gently.

    Returns `soft [..., batch]`: T^2 KL(teacher_T || student_T), T = least + span sigmoid(free number). The gradient
    reaches that number reversed, times a coefficient that rises from 0 to 1 by a cosine over `warm_up` of the budget.
    """
    temperature = least + span * (-side(-torch.ones_like(student.logits[..., 0]))).sigmoid()
    grown = (progress / torch.as_tensor(warm_up, dtype=student.logits.dtype)).clamp(max=1)
    fixed, reversal = temperature.detach(), (1 - (torch.pi * grown).cos()) / 2
    return hinton(student, teacher, labels, temperature=fixed - reversal * (temperature - fixed))
