"""Knowledge distillation from a stronger teacher (Huang et al., NeurIPS 2022, arXiv:2205.10536), section 3."""

from typing import Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.signal import Signal, log_soft_labels


def distance(first: Tensor, second: Tensor, axis: int) -> Tensor:
    """One minus Pearson's correlation along an axis, with the guard of the paper's own code: constants give 1."""
    first, second = (part - part.mean(axis, keepdim=True) for part in (first, second))
    lengths: Tensor = first.norm(dim=axis) * second.norm(dim=axis)
    return 1 - (first * second).sum(axis) / (lengths + 1e-8)


# Not zero at identity, and no batch duplication: the guard in the division shows where soft labels hardly vary.
@method(needs=("logits",), weight=2.0, invariant=("batch permutation", "class permutation"))
def dist(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    inter_weight: Annotated[float, Range(0, 64)] = 1.0,
    intra_weight: Annotated[float, Range(0, 64)] = 1.0,
) -> Terms:
    """Only correlations count: between the classes of an example, and between the examples of a class.

    Returns `inter [..., batch]`: T^2 (1 - correlation of an example's soft labels), and `intra [..., 1]`: T^2 (1 -
    correlation of a class's soft labels over the batch), averaged over classes; a batch of one has no such correlation.
    """
    p, q = log_soft_labels(teacher.logits, temperature).exp(), log_soft_labels(student.logits, temperature).exp()
    intra = distance(q, p, -2).mean(-1, keepdim=True)
    return {
        "inter": inter_weight * temperature**2 * distance(q, p, -1),
        "intra": intra_weight * temperature**2 * intra,
    }
