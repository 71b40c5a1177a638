"""Teacher-free regularisation, Tf-KD_reg (Yuan et al., CVPR 2020, arXiv:1909.11723), section 5."""

from typing import Annotated

import torch
from torch import Tensor
from torch.nn import functional

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels, over_labelled


# Not zero at identity: a network that equals itself still differs from the invented teacher.
@method(needs=("labels",), alpha=0.1, invariant=("batch permutation", "batch duplication", "class permutation"))
def tf_kd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 20.0,
    sureness: Annotated[float, Range(0.5, 0.999)] = 0.99,
) -> Terms:
    """An invented teacher gives the right class a fixed share and all others the same: no network speaks.

    Returns `soft [..., batch]`: KL(invented_T || student_T), over labelled examples. The invented teacher is softened
    as any other, through its logits, and both by the same T; the paper's code takes a softmax of its shares instead,
    and softens it alone. No T squared, as in the paper.
    """
    share = torch.as_tensor(sureness, dtype=student.logits.dtype).unsqueeze(-1)
    classes = student.logits.shape[-1]
    right = functional.one_hot(labels.clamp_min(0), classes).to(student.logits.dtype)
    # The log-odds of the right class against any one of the others.
    invented = right * (share * (classes - 1) / (1 - share)).log()
    divergence = kl_divergence(log_soft_labels(invented, temperature), log_soft_labels(student.logits, temperature))
    return {"soft": over_labelled(divergence, labels)}
