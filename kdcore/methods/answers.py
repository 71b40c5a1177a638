"""Null control: the teacher's bare answers, without its opinions about the other classes."""

from torch import Tensor

from kdcore.methods.declaration import Terms, method
from kdcore.signal import Signal, cross_entropy


# Not zero at identity: a network is never perfectly sure of its own first choice.
@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def answers(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """The student hears only the class that the teacher would choose.

    Returns `answer [..., batch]`: cross-entropy with the teacher's argmax as a hard label.
    """
    return {"answer": cross_entropy(student.logits, teacher.logits.argmax(-1))}
