"""Variational information distillation (Ahn et al., CVPR 2019, arXiv:1904.05835), section 2."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.layers import Connector, layers_of, matched, numbers
from kdcore.methods.declaration import Shapes, Terms, method
from kdcore.signal import Signal

START = 5.0
LEAST = 1e-5
"""Of a variance: at the beginning, and ever."""
Layers = Sequence[Tensor]


class Guess(nn.Module):
    """What one student's layer says of the teacher's: means from three connectors, a variance for each channel."""

    def __init__(self, ours: int, theirs: int) -> None:
        super().__init__()
        widths = (ours, theirs, theirs, theirs)
        self.steps = nn.ModuleList(Connector(a, b, bias=False) for a, b in pairwise(widths))
        self.scale = nn.Parameter(torch.full((theirs,), math.log(math.expm1(START - LEAST))))

    def forward(self, layer: Tensor) -> tuple[Tensor, Tensor]:
        """Means in the shape of the teacher's layer, and variances `[1, channel, ...]`."""
        for number, step in enumerate(self.steps):
            layer = step(functional.relu(layer) if number else layer)
        variance = functional.softplus(self.scale) + LEAST
        return layer, variance.view(1, -1, *[1] * (layer.ndim - 2))


class Guesses(nn.Module):
    """A guess for each pair of layers; the second input is what variances are without this piece."""

    def __init__(self, student: Shapes, teacher: Shapes) -> None:
        super().__init__()
        both = zip(layers_of(student), layers_of(teacher), strict=True)
        self.each = nn.ModuleList(Guess(a[0], b[0]) for a, b in both)

    def forward(self, layers: Layers, _: Layers) -> tuple[list[Tensor], list[Tensor]]:
        """Means and variances, a list of each."""
        found = [guess(layer) for guess, layer in zip(self.each, layers, strict=True)]
        return [mean for mean, _ in found], [variance for _, variance in found]


# Not zero at identity: a likelihood keeps the logarithm of its variance.
@method(needs=("features",), side=Guesses, invariant=("batch permutation", "batch duplication", "class permutation"))
def vid(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[[Layers, Layers], tuple[Layers, Layers]],
) -> Terms:
    """The student's layers are to tell the teacher's: likelihood under a Gaussian whose width is learnt.

    Returns `information [..., batch]`, summed over pairs of layers: mean over units of (teacher - mean)^2 / (2
    variance) + log(variance) / 2, without the constant. Each of the teacher's channels has its own trained variance:
    what cannot be told from the student gets a large one and is let go.
    """
    both = matched(student, teacher)
    fixed = [torch.full_like(theirs, START) for _, theirs in both]
    means, variances = side([ours for ours, _ in both], fixed)
    terms = [
        numbers(((mean - theirs).square() / variance + variance.log()) / 2, student).mean(-1)
        for mean, variance, (_, theirs) in zip(means, variances, both, strict=True)
    ]
    return {"information": sum(terms[1:], start=terms[0])}
