"""In the spirit of backward pass knowledge (Jafari, Rezagholizadeh, Ghodsi 2023, arXiv:2301.12006)."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.parts import Arm
from kdcore.programmes.parts import own, plain
from kdcore.signal import Signal

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

CLIMBS = 4
STRIDE = 0.05
"""The length of one step uphill, as a share of the input's own length."""


def climb(inputs: Tensor, labels: Tensor, look: Any) -> tuple[Tensor, Tensor]:
    """Half of the batch, drawn anew at each step, goes uphill on |teacher's logits - student's logits|^2.

    Pictures stay within [0, 1]. A climbed input is no longer the one that was labelled, so its label is withheld.
    """
    return moved(inputs, labels, look, uphill)


def wander(inputs: Tensor, labels: Tensor, look: Any) -> tuple[Tensor, Tensor]:
    """Half of the batch goes as far as by climbing, each in a direction drawn by lot."""

    def anywhere(inputs: Tensor, look: Any) -> Tensor:
        return torch.randn(inputs.shape[2:], generator=look.generator).to(inputs.dtype).expand(inputs.shape)

    return moved(inputs, labels, look, anywhere)


def uphill(inputs: Tensor, look: Any) -> Tensor:
    """The gradient of the gap between both networks with respect to `inputs [arm, seed, batch, *input]`."""
    with torch.enable_grad():
        there = inputs.detach().requires_grad_()
        gap = (look.teacher(there).logits - look.student(there).logits).square().sum()
        slope: Tensor = torch.autograd.grad(gap, there)[0]
    return slope


def moved(inputs: Tensor, labels: Tensor, look: Any, direction: Any) -> tuple[Tensor, Tensor]:
    """A random half of the batch, some steps of fixed length further in a direction, and without its labels."""
    batch = inputs.shape[2]
    chosen = torch.rand(batch, generator=look.generator).argsort().argsort() < batch // 2
    stride, there = STRIDE * length(inputs), inputs
    for _ in range(CLIMBS):
        way = direction(there, look)
        there = there + stride * way / length(way).clamp_min(1e-12)
        if len(look.dataset.facts.input_shape) == 3:
            there = there.clamp(0, 1)
    inputs = torch.where(chosen.view(-1, *[1] * (inputs.ndim - 3)), there, inputs)
    return inputs, torch.where(chosen, -1, labels)


def length(inputs: Tensor) -> Tensor:
    """The length of each input of `[arm, seed, batch, *input]`, with axes of one for those of the input."""
    found: Tensor = inputs.flatten(3).norm(dim=-1)
    return found.view(*inputs.shape[:3], *[1] * (inputs.ndim - 3))


# Of what is declared, the view makes the difference; the loss is that of hinton, with all its invariances.
@method(
    needs=("logits",),
    alpha=0.9,
    view=climb,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def ascent(student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 4.0) -> Terms:
    """Half of the inputs is moved to where the student differs most from its teacher, and heard there.

    Returns `soft [..., batch]`, as `hinton` does. Steps are taken in the space of the inputs and have a fixed length;
    how many and how long is not told in what we could read of the paper.
    """
    return hinton(student, teacher, labels, temperature=temperature)


@method(
    needs=("logits",),
    alpha=0.9,
    view=wander,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def ascent_random(student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 4.0) -> Terms:
    """Null control of the ascent: half of the inputs is moved as far, but in directions drawn by lot.

    Returns `soft [..., batch]`, as `hinton` does.
    """
    return hinton(student, teacher, labels, temperature=temperature)


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Half of every batch climbs the gap between student and teacher; the null arm's half wanders by lot."""
    return plain(experiment), own(experiment, "ascent"), own(experiment, "ascent_random")
