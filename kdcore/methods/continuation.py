"""Continuation KD: from an easy objective to the task (Jafari et al., Findings of EMNLP 2022, arXiv:2212.05998)."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Terms, method
from kdcore.signal import Signal, cross_entropy


# Not zero at identity: at first a network is to say less than it says, at last what the labels say.
@method(
    needs=("logits", "labels"),
    hard_weight=0.0,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def continuation(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    progress: float,
    margin: Annotated[float, Range(0, 1000)] = 1.0,
) -> Terms:
    """At first the teacher's logits, faint and growing; bit by bit the labels take over. Small gaps count nothing.

    Returns with s, the share of the budget that is spent, `gap [..., batch]`: (1 - s) max(0, |student - s teacher|^2 -
    margin) of the logits, and `label [..., batch]`: s times the cross-entropy with the labels, over labelled examples.
    """
    distance = (student.logits - progress * teacher.logits).square().sum(-1)
    return {
        "gap": (1 - progress) * (distance - margin).relu(),
        "label": progress * cross_entropy(student.logits, labels),
    }
