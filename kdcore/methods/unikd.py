"""Harmonizing knowledge transfer with unified distillation (Huang et al. 2024, arXiv:2409.18565), section 3."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.layers import layers_of, numbers
from kdcore.methods.declaration import Range, Shapes, Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels, pool

WIDTH = 16
"""How many numbers the common Gaussian has."""
LEAST = 1e-2
RATE = 0.01
"""The least variance, and how strongly the teacher's Gaussian is kept near the standard one."""
Gaussian = tuple[Tensor, Tensor]
"""Means and variances, `[..., batch, number]`."""


class Fused(nn.Module):
    """All layers of one network, mixed by gates from the deepest to the first, as a Gaussian."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__()
        layers = layers_of(shapes)
        self.narrow = nn.ModuleList(nn.Linear(shape[0], WIDTH) for shape in layers)
        self.gates = nn.ModuleList(nn.Linear(2 * WIDTH, WIDTH) for _ in layers[1:])
        self.mean, self.spread = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)

    def forward(self, layers: Sequence[Tensor]) -> Gaussian:
        """Maps are pooled first."""
        vectors = [pool(layer) if layer.ndim == 4 else layer for layer in layers]
        narrow = [step(vector) for step, vector in zip(self.narrow, vectors, strict=True)]
        fused = narrow[-1]
        for gate, layer in zip(self.gates, reversed(narrow[:-1]), strict=True):
            share = gate(torch.cat([layer, fused], -1)).sigmoid()
            fused = share * layer + (1 - share) * fused
        fused = functional.relu(fused)
        return self.mean(fused), functional.softplus(self.spread(fused)) + LEAST


class Unified(nn.Module):
    """Both networks' Gaussians, and logits from the teacher's by a head of its own, over which it is averaged."""

    def __init__(self, student: Shapes, teacher: Shapes) -> None:
        super().__init__()
        self.ours, self.theirs = Fused(student), Fused(teacher)
        self.head = nn.Linear(WIDTH, teacher["logits"][0])

    def forward(self, *given: Any) -> tuple[Gaussian, Gaussian, Tensor]:
        """The last two of what is given are the layers, the student's and the teacher's."""
        ours, (mean, variance) = self.ours(given[-2]), self.theirs(given[-1])
        # A softmax averaged over a Gaussian is nearly that of means made smaller (MacKay 1992).
        smaller = 1 + math.pi / 8 * functional.linear(variance, self.head.weight.square())
        return ours, (mean, variance), self.head(mean) / smaller.sqrt()


def plain(signal: Signal) -> Gaussian:
    """The last layer itself with variance 1: the Gaussian where there is no side piece."""
    mean = numbers(signal.penultimate, signal)
    return mean, torch.ones_like(mean)


def divergence(first: Gaussian, second: Gaussian) -> Tensor:
    """KL(first || second) of two Gaussians without correlations, in nats, `[..., batch]`."""
    (mean, variance), (other, width) = first, second
    return ((width / variance).log() + (variance + (mean - other).square()) / width - 1).sum(-1) / 2


# Not zero at identity: the teacher's own Gaussian is kept near the standard one.
@method(
    needs=("features", "logits"),
    side=Unified,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def unikd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[..., Any],
    temperature: Temperature = 4.0,
    soft_weight: Annotated[float, Range(0, 64)] = 1.0,
    distribution_weight: Annotated[float, Range(0, 64)] = 0.1,
) -> Terms:
    """Layers become distributions like the answers, so that both are compared by the same kind of divergence.

    Returns `soft [..., batch]`: T^2 KL(teacher_T || student_T); `distribution`: KL of the teacher's Gaussian to the
    student's, each told from all layers of its network, fused by gates; and `teacher`, from which the teacher's
    Gaussian alone learns: KL of the teacher's soft labels to those of a head on it, and a little of its KL to the
    standard one. In the spirit of the paper, whose weights and whose training of the teacher's part are not published.
    """
    layers = (list(student.features.values()), list(teacher.features.values()))
    ours, theirs, said = side(plain(student), plain(teacher), teacher.logits, *layers)[:3]
    soft = kl_divergence(log_soft_labels(teacher.logits, temperature), log_soft_labels(student.logits, temperature))
    mean, variance = (part.detach() for part in theirs)
    own = kl_divergence(log_soft_labels(teacher.logits), log_soft_labels(said))
    rate = divergence(theirs, (torch.zeros_like(mean), torch.ones_like(mean)))
    return {
        "soft": soft_weight * temperature**2 * soft,
        "distribution": distribution_weight * divergence((mean, variance), ours),
        "teacher": (own + RATE * rate).expand(soft.shape),
    }
