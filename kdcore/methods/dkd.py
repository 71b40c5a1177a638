"""Decoupled knowledge distillation (Zhao et al., CVPR 2022, arXiv:2203.08679), eq. 7."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels, over_labelled, split_off_label


@method(
    needs=("logits", "labels"),
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def dkd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    target_weight: Annotated[float, Range(0, 64)] = 1.0,
    non_target_weight: Annotated[float, Range(0, 64)] = 8.0,
) -> Terms:
    """What is said of the right class and what is said of the wrong ones are weighed apart.

    Returns `target [..., batch]`: T^2 KL of right against not right (TCKD), and `non_target [..., batch]`: T^2 KL among
    the wrong classes (NCKD), over labelled examples. Logs are never taken of a rounded share, so both stay finite.
    The paper lets both grow in over the first epochs; that is a matter of the weight over time, not of the loss.
    """
    p_right, p_wrong, p_among = split_off_label(log_soft_labels(teacher.logits, temperature), labels)
    q_right, q_wrong, q_among = split_off_label(log_soft_labels(student.logits, temperature), labels)
    target = p_right.exp() * (p_right - q_right) + p_wrong.exp() * (p_wrong - q_wrong)
    non_target = kl_divergence(p_among, q_among)
    return {
        "target": over_labelled(target_weight * temperature**2 * target, labels),
        "non_target": over_labelled(non_target_weight * temperature**2 * non_target, labels),
    }
