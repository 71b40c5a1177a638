"""MiniLLM: reverse Kullback-Leibler divergence (Gu et al., ICLR 2024, arXiv:2306.08543), section 2.1."""

from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels


@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def reverse_kl(
    student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 1.0, t_squared: bool = True
) -> Terms:
    """The student may leave out what the teacher says, but must not say what the teacher does not.

    Returns `soft [..., batch]`: T^2 KL(student_T || teacher_T). The paper knows no temperature: at the default 1 this
    is its divergence of one choice, at others T^2 keeps the size of the gradient as in `hinton`.
    """
    divergence = kl_divergence(
        log_soft_labels(student.logits, temperature), log_soft_labels(teacher.logits, temperature)
    )
    return {"soft": divergence * temperature**2 if t_squared else divergence}
