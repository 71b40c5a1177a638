"""Preparing lessons: knowledge adjustment (Wen, Lai, Qian 2019, arXiv:1911.07471), section 3, KA."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.rectification import swapped
from kdcore.signal import Signal, kl_divergence, log_soft_labels, over_labelled


# Not zero at identity: a network that is wrong is not what it is told to be.
@method(
    needs=("logits", "labels"), alpha=0.9, invariant=("batch permutation", "batch duplication", "class permutation")
)
def probability_shift(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    repair: Literal["shift", "smoothing"] = "shift",
    sureness: Annotated[float, Range(0.5, 0.999)] = 0.9,
) -> Terms:
    """The teacher's wrong answers are repaired before the student hears them; its right ones stay as they are.

    Returns `soft [..., batch]`: T^2 KL(repaired teacher_T || student_T), over labelled examples. `shift` exchanges the
    share of the label and that of the first choice; `smoothing` gives `sureness` to the label, the rest in equal parts.
    """
    target = log_soft_labels(swapped(teacher.logits, labels), temperature)
    if repair == "smoothing":
        label = labels.clamp_min(0).unsqueeze(-1)
        share = torch.as_tensor(sureness, dtype=target.dtype).unsqueeze(-1)
        rest = (1 - share) / (target.shape[-1] - 1)
        invented = torch.where(torch.arange(target.shape[-1]) == label, share, rest).log()
        target = torch.where(teacher.logits.argmax(-1, keepdim=True) == label, target, invented)
    soft = kl_divergence(target, log_soft_labels(student.logits, temperature))
    return {"soft": over_labelled(temperature**2 * soft, labels)}
