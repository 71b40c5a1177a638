"""Transformed teacher matching (Zheng, Yang, ICLR 2024, arXiv:2402.11148), section 3."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels

Power = Annotated[float, Range(0.01, 1)]


# Not zero at identity: the teacher is softened and the student is not (with power 1 it would be zero).
@method(needs=("logits",), weight=45.0, invariant=("batch permutation", "batch duplication", "class permutation"))
def ttm(student: Signal, teacher: Signal, labels: Tensor, *, power: Power = 0.1) -> Terms:
    """The temperature is the teacher's alone: the student answers as it will be asked, at temperature 1.

    Returns `soft [..., batch]`: KL(teacher_T || student_1) with T = 1 / power, which is the teacher's soft label raised
    to that power and normalised. No T squared: nothing shrinks the student's gradient.
    """
    return {"soft": kl_divergence(log_soft_labels(teacher.logits, 1 / power), log_soft_labels(student.logits))}
