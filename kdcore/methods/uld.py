"""ULD: universal logit distillation (Boizard et al., TMLR 2025, arXiv:2402.12030), section 3."""

from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.signal import Signal, log_soft_labels


@method(
    needs=("logits",),
    weight=1.5,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def uld(student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 1.0) -> Terms:
    """Only how large the shares are counts, not whose they are: made for networks whose classes differ.

    Returns `sorted [..., batch]`: the sum of the absolute differences between the teacher's shares and the student's,
    each in falling order. No T squared, as in the paper. It cannot tell a right answer from a wrong one.
    """
    p, q = (log_soft_labels(signal.logits, temperature).exp().sort(-1).values for signal in (teacher, student))
    return {"sorted": (p - q).abs().sum(-1)}
