"""GKD: generalised Jensen-Shannon divergence (Agarwal et al., ICLR 2024, arXiv:2306.13649), section 2."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_mixture, log_soft_labels


@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def jsd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    beta: Annotated[float, Range(0, 1)] = 0.5,
    temperature: Temperature = 1.0,
) -> Terms:
    """Both are compared with a mixture of both, so that no answer costs more than a bounded amount.

    Returns `soft [..., batch]`: beta KL(teacher || mixture) + (1 - beta) KL(student || mixture), the mixture being beta
    teacher + (1 - beta) student. No T squared, as in the paper. At beta 0 and 1 it is zero, not one of the two KL.
    """
    p, q = log_soft_labels(teacher.logits, temperature), log_soft_labels(student.logits, temperature)
    mixture = log_mixture(p, q, beta)
    return {"soft": beta * kl_divergence(p, mixture) + (1 - beta) * kl_divergence(q, mixture)}
