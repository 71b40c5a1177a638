"""Normalised knowledge distillation (Yang et al., ICCV 2023, arXiv:2303.13005), section 3."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.signal import Signal, log_soft_labels, of_labels, over_labelled, split_off_label


# Not zero at identity: both terms are cross-entropies, which keep the teacher's own entropy.
@method(needs=("logits", "labels"), invariant=("batch permutation", "batch duplication", "class permutation"))
def nkd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 1.0,
    gamma: Annotated[float, Range(0, 64)] = 1.5,
) -> Terms:
    """The right class is pulled up as hard as the teacher is sure of it; the wrong ones keep the teacher's proportions.

    Returns `target [..., batch]`: cross-entropy with the label times the teacher's share for it, both at temperature 1,
    and `non_target [..., batch]`: gamma T^2 times the cross-entropy among the wrong classes, over labelled examples.
    """
    sureness = of_labels(log_soft_labels(teacher.logits), labels).exp()
    target = -sureness * of_labels(log_soft_labels(student.logits), labels)
    _, _, p_among = split_off_label(log_soft_labels(teacher.logits, temperature), labels)
    _, _, q_among = split_off_label(log_soft_labels(student.logits, temperature), labels)
    non_target = -(p_among.exp() * q_among).sum(-1)
    return {
        "target": over_labelled(target, labels),
        "non_target": over_labelled(gamma * temperature**2 * non_target, labels),
    }
