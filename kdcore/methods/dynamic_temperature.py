"""Preparing lessons: dynamic temperature distillation (Wen, Lai, Qian 2019, arXiv:1911.07471), section 3, DTD."""

from typing import Annotated, Literal

import torch
from torch import Tensor
from torch.nn import functional

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.signal import Signal, log_soft_labels


# No gradient in the temperature: it is a weight.
@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def dynamic_temperature(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    spread: Annotated[float, Range(0, 64)] = 4.0,
    confusion: Literal["focal", "confidence"] = "focal",
) -> Terms:
    """Examples that confuse the student are taught at a lower temperature, so that the answer stands out.

    Returns `soft [..., batch]`: T_i^2 KL(teacher_Ti || student_Ti), T_i = T + spread (mean confusion - confusion_i),
    kept in [0.25, 64]. Confusion: 1 - cosine of both logits (`focal`), 1 / the student's largest share (`confidence`).
    """
    if confusion == "focal":
        confused = 1 - functional.cosine_similarity(student.logits, teacher.logits, dim=-1)
    else:
        confused = (-log_soft_labels(student.logits).amax(-1)).exp()
    shift = (confused.mean(-1, keepdim=True) - confused).detach()
    return hinton(student, teacher, labels, temperature=torch.clamp(temperature + spread * shift, 0.25, 64))
