"""Delta knowledge distillation (Cao et al. 2025, arXiv:2509.14526)."""

from typing import Annotated

import torch
from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.signal import Signal


# Not zero at identity: the target is where the student began, moved as the teacher moved.
@method(needs=("logits",), alpha=0.9, invariant=("batch permutation", "batch duplication", "class permutation"))
def delta(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    base: dict[str, Signal],
    temperature: Temperature = 4.0,
    shift: Annotated[float, Range(0, 4)] = 1.0,
) -> Terms:
    """Not what the teacher says is copied, but what learning has changed in it, on top of what the student said before.

    Returns `soft [..., batch]`: T^2 KL(target_T || student_T). The target's logits are those of the student before it
    learnt, plus `shift` times the teacher's now minus the teacher's before it learnt.
    """
    factor = torch.as_tensor(shift, dtype=teacher.logits.dtype).unsqueeze(-1)
    moved = factor * (teacher.logits - base["teacher"].logits)
    return hinton(student, Signal(base["student"].logits + moved), labels, temperature=temperature)
