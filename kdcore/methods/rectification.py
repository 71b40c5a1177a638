"""DR-KD: dynamic rectification (Amik et al. 2022, arXiv:2201.11319), section 3."""

from typing import Literal

import torch
from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.signal import Signal, over_labelled


def swapped(logits: Tensor, labels: Tensor) -> Tensor:
    """Logits in which the label and the first choice have exchanged their numbers; as they are where it is withheld."""
    first = logits.argmax(-1, keepdim=True)
    right = torch.where(labels.unsqueeze(-1) >= 0, labels.unsqueeze(-1), first)
    highest, lower = logits.gather(-1, first), logits.gather(-1, right)
    return logits.scatter(-1, first, lower).scatter(-1, right, highest)


# Not zero at identity: a network that is wrong is not what it is told to be.
@method(
    needs=("logits", "labels"), alpha=0.9, invariant=("batch permutation", "batch duplication", "class permutation")
)
def rectification(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    variant: Literal["paper", "released code"] = "paper",
) -> Terms:
    """Where the teacher, in the paper a trained copy of the student, is wrong, its first choice and the label swap.

    Returns `soft [..., batch]`: T^2 KL(swapped teacher_T || student_T), over labelled examples; the released code
    averages over the classes too, which divides it by their number.
    """
    soft = hinton(student, Signal(swapped(teacher.logits, labels)), labels, temperature=temperature)["soft"]
    classes = 1 if variant == "paper" else student.logits.shape[-1]
    return {"soft": over_labelled(soft / classes, labels)}
