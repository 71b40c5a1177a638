"""DistiLLM: skew Kullback-Leibler divergence (Ko et al., ICML 2024, arXiv:2402.03898), section 3.1."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_mixture, log_soft_labels


@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def skew_kl(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    skew: Annotated[float, Range(0, 1)] = 0.1,
    temperature: Temperature = 1.0,
    reverse: bool = False,
) -> Terms:
    """A little of the teacher is mixed into the student before they are compared, which bounds the loss.

    Returns `soft [..., batch]`: KL(teacher || skew teacher + (1 - skew) student), or with `reverse` KL(student || skew
    student + (1 - skew) teacher). No T squared, as in the paper. Skew 0 is the plain divergence, skew 1 is zero.
    """
    p, q = log_soft_labels(teacher.logits, temperature), log_soft_labels(student.logits, temperature)
    first, second = (q, p) if reverse else (p, q)
    return {"soft": kl_divergence(first, log_mixture(first, second, skew))}
