"""Cosine distance, DistilBERT's criterion for layers (Sanh et al. 2019, arXiv:1910.01108, section 2), on logits."""

from torch import Tensor
from torch.nn import functional

from kdcore.methods.declaration import Terms, method
from kdcore.signal import Signal


@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def logit_cosine(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """The student's logits are to point where the teacher's do, however long they are.

    Returns `angle [..., batch]`: 1 - cosine of the two rows of logits. Unlike a softmax it feels a constant added to
    all logits; with `standardise` it does not, and is then one minus their correlation.
    """
    return {"angle": 1 - functional.cosine_similarity(student.logits, teacher.logits, -1)}
