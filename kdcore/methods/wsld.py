"""Rethinking soft labels: weighted soft labels (Zhou et al., ICLR 2021, arXiv:2102.00650), section 4."""

import torch
from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.signal import Signal, log_soft_labels, of_labels, over_labelled


# Not zero at identity: a cross-entropy with soft labels keeps the teacher's own entropy.
@method(
    needs=("logits", "labels"), weight=2.5, invariant=("batch permutation", "batch duplication", "class permutation")
)
def wsld(student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 2.0) -> Terms:
    """A soft label counts the more, the more the student still has to learn about the example, against the teacher.

    Returns `soft [..., batch]`: T^2 w CE(teacher_T, student_T) with w = 1 - exp(-CE(label, student) / CE(label,
    teacher)) at temperature 1, over labelled examples. No gradient flows through w.
    """
    ours, theirs = (-of_labels(log_soft_labels(signal.logits), labels) for signal in (student, teacher))
    # The guard is that of the paper's own code, for a teacher that is perfectly sure.
    weight = -torch.expm1(-ours / (theirs + 1e-7)).detach()
    soft = -(log_soft_labels(teacher.logits, temperature).exp() * log_soft_labels(student.logits, temperature)).sum(-1)
    return {"soft": over_labelled(weight * temperature**2 * soft, labels)}
