"""Label smoothing (Szegedy et al., CVPR 2016, arXiv:1512.00567), section 7."""

from torch import Tensor

from kdcore.methods.declaration import Terms, method
from kdcore.signal import Signal, log_soft_labels, over_labelled


# Not zero at identity: a network that equals itself still differs from the uniform distribution.
@method(
    needs=("labels",),
    alpha=0.1,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def label_smoothing(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Part of the label is spread evenly over all classes; no teacher speaks.

    Returns `uniform [..., batch]`: cross-entropy with the uniform distribution, over labelled examples. With
    `alpha` as the share that is spread this is eq. 7 of the paper: (1 - alpha) CE(label) + alpha CE(uniform).
    """
    return {"uniform": over_labelled(-log_soft_labels(student.logits).mean(-1), labels)}
