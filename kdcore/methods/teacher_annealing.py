"""Teacher annealing (Matei et al., NLDB 2024, arXiv:2409.20498, after Clark et al., ACL 2019, arXiv:1907.04829)."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Terms, method
from kdcore.signal import Signal, cross_entropy, log_soft_labels

Share = Annotated[float, Range(0, 1)]


# Not zero at identity: both terms are cross-entropies, which keep the target's own entropy.
@method(
    needs=("logits", "labels"),
    hard_weight=0.0,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def teacher_annealing(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    progress: float,
    begin: Share = 0.0,
    end: Share = 1.0,
) -> Terms:
    """At first the teacher's opinion alone, at last the label alone, evenly in between: the teacher lets go.

    Returns the cross-entropy with the target (1 - s) teacher + s label in its two parts: `soft [..., batch]`, (1 - s)
    CE(teacher, student), and `label [..., batch]`, s CE(label, student) over labelled examples. s goes from `begin` to
    `end` over the budget; temperature 1.
    """
    share = begin + (end - begin) * progress
    soft = -(log_soft_labels(teacher.logits).exp() * log_soft_labels(student.logits)).sum(-1)
    return {"soft": (1 - share) * soft, "label": share * cross_entropy(student.logits, labels)}
