"""Dynamic knowledge distillation: supervision adjusted by uncertainty (Li et al., EMNLP 2021), section 5."""

import math
from typing import Any, Literal

from torch import Tensor, nn
from torch.nn import functional

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.signal import Signal, entropy, log_soft_labels


@method(
    needs=("logits", "penultimate"),
    side=lambda student, teacher: nn.Linear(next(iter(student.values()))[0], next(iter(teacher.values()))[0]),
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def dynamic_objective(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Any,
    temperature: Temperature = 5.0,
    variant: Literal["paper", "released code"] = "paper",
) -> Terms:
    """While the student is unsure of an example it learns from the teacher's last layer, later from its answers.

    Returns `answers [..., batch]`: (1 - u) T^2 KL(teacher_T || student_T), and `layer [..., batch]`: u times the
    squared gap of both last layers at length 1; u is the student's entropy in shares of the largest, without gradient.
    The released code compares logits by squares, takes means over classes and units, and lets the gradient into u.
    """
    unsure = entropy(log_soft_labels(student.logits)) / math.log(student.logits.shape[-1])
    ours, theirs = (functional.normalize(f, dim=-1, eps=1e-6) for f in (side(student.penultimate), teacher.penultimate))
    if variant == "released code":
        gap = (student.logits - teacher.logits).square().mean(-1)
        return {"answers": (1 - unsure) * gap, "layer": unsure * (ours - theirs).square().mean(-1)}
    soft, unsure = hinton(student, teacher, labels, temperature=temperature)["soft"], unsure.detach()
    return {"answers": (1 - unsure) * soft, "layer": unsure * (ours - theirs).square().sum(-1)}
