"""Do deep nets really need to be deep? (Ba, Caruana, NeurIPS 2014, arXiv:1312.6184), section 2."""

from torch import Tensor

from kdcore.methods.declaration import Terms, method
from kdcore.signal import Signal


@method(
    needs=("logits",),
    alpha=1.0,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def logit_mse(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """The student's logits are to be the teacher's: plain regression, without labels and without a temperature.

    Returns `gap [..., batch]`: half the squared distance between the two rows of logits, summed over classes. A mean
    over classes, as torch's own loss takes it, would be smaller by half the number of classes.
    """
    return {"gap": (student.logits - teacher.logits).square().sum(-1) / 2}
