"""Knowledge condensation distillation, KCD (Li et al., ECCV 2022, arXiv:2207.05409)."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.parts import Arm
from kdcore.programmes.parts import own, plain
from kdcore.randomness import stream
from kdcore.signal import Signal, entropy, log_soft_labels

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

KEPT, DROPS = 0.7, 6
"""The share of the inputs that is left in the end, and in how many steps the others are dropped."""
LEAST_SHARE = 0.7
"""The least share that a kept picture has in its mixture with a dropped one."""


def surprise(teacher: Signal, labels: Tensor) -> Tensor:
    """What each example is worth, `[example]`: the entropy of the teacher's soft labels at T = 1, in nats."""
    return entropy(log_soft_labels(teacher.logits))


def luck(teacher: Signal, labels: Tensor) -> Tensor:
    """A worth that means nothing, `[example]`: one fixed draw."""
    return torch.rand(len(labels), generator=stream("condensed at random"))


def condense(inputs: Tensor, labels: Tensor, look: Any) -> tuple[Tensor, Tensor]:
    """Examples of least worth are dropped, more of them as training goes on, and mixed into kept ones of least worth.

    The j-th least dropped example goes into the j-th least kept one, whose share falls from 1 to 0.7 with j. A dropped
    example's place in the batch is taken by that mixture, without a label; so steps and batches stay what they were.
    """
    count = look.transfer_ids.shape[1]
    dropped = (count - round(count * KEPT)) * min(DROPS, int(look.progress * (DROPS + 1))) // DROPS
    if not dropped:
        return inputs, labels
    by_worth = look.prepared[look.transfer_ids].argsort(dim=-1, stable=True)
    in_order, places = look.transfer_ids.sort(-1)
    place = places.gather(-1, torch.searchsorted(in_order, look.ids.contiguous()))
    rank = by_worth.argsort(-1).gather(-1, place)
    number = torch.where(rank < dropped, rank, rank - dropped).clamp(0, dropped - 1)
    ranked = look.transfer_ids.gather(-1, by_worth)
    out, into = (look.dataset.inputs[ranked.gather(-1, number + shift)] for shift in (0, dropped))
    share = torch.linspace(1, LEAST_SHARE, dropped)[number].view(*number.shape, *[1] * (out.ndim - 2))
    mixed = (share * into + (1 - share) * out).to(inputs.dtype)
    among = (rank < 2 * dropped).view(*rank.shape, *[1] * (out.ndim - 2))
    return torch.where(among, mixed, inputs), torch.where(rank < dropped, -1, labels)


# Of what is declared, the view makes the difference; the loss is that of hinton, with all its invariances.
@method(
    needs=("logits",),
    alpha=0.9,
    prepare=surprise,
    view=condense,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def condensed(student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 4.0) -> Terms:
    """The inputs that tell least are dropped while training goes on, and live on mixed into others.

    Returns `soft [..., batch]`, as `hinton` does. The paper values an input by the student's own entropy, averaged over
    the epochs; here it is the teacher's, which is known beforehand and never changes.
    """
    return hinton(student, teacher, labels, temperature=temperature)


@method(
    needs=("logits",),
    alpha=0.9,
    prepare=luck,
    view=condense,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def condensed_random(student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 4.0) -> Terms:
    """Null control of condensation: as many inputs are dropped and mixed, but which ones is drawn by lot.

    Returns `soft [..., batch]`, as `hinton` does.
    """
    return hinton(student, teacher, labels, temperature=temperature)


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Three in ten inputs are dropped as training goes on, those worth least; the null arm drops others, by lot."""
    return plain(experiment), own(experiment, "condensed"), own(experiment, "condensed_random")
