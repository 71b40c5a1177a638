"""Contrastive representation distillation (Tian, Krishnan, Isola, ICLR 2020, arXiv:1910.10699), section 3."""

from typing import Annotated, Any

import torch
from torch import Tensor
from torch.nn import functional

from kdcore.methods.declaration import Range, Shapes, Terms, method
from kdcore.methods.relations import Embedding, directions
from kdcore.signal import Signal


def embedding(student: Shapes, teacher: Shapes) -> Embedding:
    """Both networks' last layers at 128 units."""
    return Embedding(student, teacher, 128)


def others(labels: Tensor) -> Tensor:
    """Each one's negatives `[..., batch, batch]`: examples of another class; all others where a label is lacking."""
    unknown = (labels < 0).unsqueeze(-1) | (labels < 0).unsqueeze(-2)
    apart = ~torch.eye(labels.shape[-1], dtype=torch.bool)
    return (labels.unsqueeze(-1) != labels.unsqueeze(-2)) | (unknown & apart)


# Not zero at identity: negatives of one batch can always be told apart better. No batch duplication: more negatives.
@method(
    needs=("penultimate", "labels"),
    weight=0.8,
    side=embedding,
    least_batch=2,
    invariant=("batch permutation", "class permutation"),
)
def crd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    contrast_temperature: Annotated[float, Range(0.02, 1, log=True)] = 0.07,
    side: Any,
) -> Terms:
    """The student's picture of an example shall be told apart as the teacher's, among pictures of other classes.

    Returns `from_student [..., batch]` and `from_teacher [..., batch]`: noise-contrastive estimation with an example's
    student (its teacher) as the anchor, the other network's picture of it as the positive, and those of the batch's
    examples of other classes as negatives (equation 18). Where a label is withheld, all others are negatives.

    The paper draws 16384 negatives from a bank of all earlier pictures, half of which is old; methods here remember
    nothing, so the negatives are the batch's own, which are all there are where a batch holds the transfer set. The
    constant Z, which the released code takes from its first batch, is its mean for pictures that know nothing of each
    other: exp(1 / (2 d temperature^2)) in d dimensions.
    """
    ours, theirs = side(student.penultimate, teacher.penultimate)
    heat = torch.as_tensor(contrast_temperature, dtype=ours.dtype).unsqueeze(-1)
    likeness = directions(ours) @ directions(theirs).mT / heat
    negative = others(labels)
    # Log of the number of negatives times Z; a batch without any is judged as if it had one.
    number = negative.sum(-1, keepdim=True).clamp_min(1).to(ours.dtype)
    noise = number.log() + 1 / (2 * ours.shape[-1] * heat.square())

    def told_apart(likeness: Tensor) -> Tensor:
        """`[..., anchor, other]` to `[..., anchor]`."""
        right = functional.logsigmoid(likeness.diagonal(dim1=-2, dim2=-1) - noise.squeeze(-1))
        wrong = functional.logsigmoid(noise - likeness)
        return -right - torch.where(negative, wrong, 0.0).sum(-1)

    return {"from_student": told_apart(likeness), "from_teacher": told_apart(likeness.mT)}
