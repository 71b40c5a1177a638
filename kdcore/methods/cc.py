"""Correlation congruence for knowledge distillation (Peng et al., ICCV 2019, arXiv:1904.01802), section 3."""

import math
from typing import Annotated, Any, Literal

import torch
from torch import Tensor

from kdcore.methods.declaration import Range, Shapes, Terms, method
from kdcore.methods.relations import Embedding, directions
from kdcore.signal import Signal

ORDER = 2
"""How far the kernel's series goes in the paper's experiments."""


def embedding(student: Shapes, teacher: Shapes) -> Embedding:
    """Both networks' last layers at 256 units."""
    return Embedding(student, teacher, 256)


def kernel(layer: Tensor, gamma: float | Tensor) -> Tensor:
    """The Gaussian kernel of `[..., batch, unit]` at length one, `[..., batch, batch]`, by its series in the cosine."""
    unit, step = directions(layer), 2 * torch.as_tensor(gamma, dtype=layer.dtype).unsqueeze(-1)
    cosine = unit @ unit.mT
    # For vectors of length one exp(-gamma |x - y|^2) is exp(-2 gamma) exp(2 gamma x.y).
    return (-step).exp() * sum((step * cosine) ** power / math.factorial(power) for power in range(ORDER + 1))


# Neither batch permutation nor duplication: the released code multiplies the gaps of neighbours in the batch.
@method(
    needs=("penultimate",),
    weight=0.02,
    side=embedding,
    least_batch=2,
    invariant=("zero at identity", "class permutation"),
)
def cc(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    variant: Literal["released code", "paper"] = "released code",
    gamma: Annotated[float, Range(0.01, 10, log=True)] = 0.4,
    side: Any,
) -> Terms:
    """How examples go together shall be the same in both networks, seen through a learnt layer of one width.

    Returns `congruence`. `variant="paper"`: `[..., batch]`, the squared difference of both Gaussian kernels between an
    example and each other, with `gamma` as their width. `"released code"`: `[..., 1]`, what the author gave to others,
    which is no kernel: gaps |student - teacher| of neighbours in the batch, multiplied.
    """
    ours, theirs = side(student.penultimate, teacher.penultimate)
    if variant == "paper":
        gap = kernel(ours, gamma) - kernel(theirs, gamma)
        return {"congruence": gap.square().mean(-1)}
    gap = (ours - theirs).abs()
    together = (gap[..., :-1, :] * gap[..., 1:, :]).sum(-1)
    return {"congruence": together.mean(-1, keepdim=True)}
