"""Distilling the knowledge in a neural network (Hinton, Vinyals, Dean 2015, arXiv:1503.02531), section 2."""

from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels


@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def hinton(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    t_squared: bool = True,
) -> Terms:
    """The student matches the teacher's soft labels at a raised temperature.

    Returns `soft [..., batch]`: T^2 KL(teacher_T || student_T) in nats per example. T^2 keeps the size of the
    gradient when the temperature changes; `t_squared=False` leaves the factor out, to see what it does.
    """
    divergence = kl_divergence(
        log_soft_labels(teacher.logits, temperature), log_soft_labels(student.logits, temperature)
    )
    return {"soft": divergence * temperature**2 if t_squared else divergence}
