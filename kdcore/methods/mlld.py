"""Multi-level logit distillation (Jin, Wang, Lin, CVPR 2023), section 3."""

import torch
from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels


# No batch duplication: both tables of likeness are sums over the batch, which grow with it.
@method(needs=("logits",), alpha=0.9, invariant=("zero at identity", "batch permutation", "class permutation"))
def mlld(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    only_unsure: bool = True,
) -> Terms:
    """Soft labels at five temperatures, with how alike they make the examples of a batch, and the classes.

    Returns, summed over 0.5, 0.75, 1, 1.25 and 1.5 times T: `instance [..., batch]`, T^2 KL(teacher_T || student_T);
    `batch [..., batch]`, the squared gaps in likeness to every example of the batch; `class [..., 1]`, those between
    classes, averaged over classes. With `only_unsure` the half of the examples, and of the classes, on which the
    teacher is least sure at temperature 1; the other half counts as zero.
    """
    axes = [1] * (student.logits.ndim - 1)
    five = torch.tensor([0.5, 0.75, 1.0, 1.25, 1.5], dtype=student.logits.dtype).view(-1, *axes) * temperature
    log_p, log_q = log_soft_labels(teacher.logits, five), log_soft_labels(student.logits, five)
    p, q = log_p.exp(), log_q.exp()
    instance = (five**2 * kl_divergence(log_p, log_q)).sum(0)
    alike = (q @ q.mT - p @ p.mT).square().sum((0, -1))
    classes = (q.mT @ q - p.mT @ p).square().sum((0, -1))
    if only_unsure:
        says = log_soft_labels(teacher.logits).exp()
        sure, named = says.amax(-1), says.sum(-2)
        unsure = sure <= sure.median(-1, keepdim=True).values
        instance, alike = instance * unsure, alike * unsure
        classes = classes * (named <= named.median(-1, keepdim=True).values)
    return {"instance": instance, "batch": alike, "class": classes.mean(-1, keepdim=True)}
