"""Can students beyond the teacher? Distilling from the teacher's bias (Zhang et al. 2024, arXiv:2412.09874)."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.methods.rectification import swapped
from kdcore.signal import Signal, over_labelled


# Not zero at identity: a network that is wrong is not what it is told to be.
@method(
    needs=("logits", "labels"), alpha=0.9, invariant=("batch permutation", "batch duplication", "class permutation")
)
def bias(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    progress: float,
    temperature: Temperature = 4.0,
    wrong: Literal["rectify", "eliminate"] = "rectify",
    end: Annotated[float, Range(0, 1)] = 0.5,
) -> Terms:
    """What the teacher gets wrong is left out, or put right and heard later than what it gets right.

    Returns over labelled examples `right [..., batch]`: w T^2 KL(teacher_T || student_T) where the teacher is right,
    and `wrong [..., batch]`: (1 - w) times the same towards the teacher with label and first choice exchanged, where it
    is wrong. w falls evenly from 1 to `end` over the budget. With `eliminate` only the first, at w = 1.
    """
    is_right = teacher.logits.argmax(-1) == labels
    soft = hinton(student, Signal(swapped(teacher.logits, labels)), labels, temperature=temperature)["soft"]
    right = over_labelled(torch.where(is_right, soft, 0.0), labels)
    if wrong == "eliminate":
        return {"right": right}
    easy = 1 - (1 - end) * progress
    return {"right": easy * right, "wrong": (1 - easy) * over_labelled(torch.where(is_right, 0.0, soft), labels)}
