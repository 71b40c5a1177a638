"""A good teacher is patient and consistent (Beyer et al., CVPR 2022, arXiv:2106.05237): function matching."""

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


def mixed(inputs: Tensor, labels: Tensor, look: Any) -> tuple[Tensor, Tensor]:
    """Mixup (Zhang et al. 2018, arXiv:1710.09412): every input with another of its batch, in a share from [0, 1].

    The shares are drawn evenly and anew for each step and example. No label is heard.
    """
    batch = inputs.shape[2]
    share = torch.rand(batch, generator=look.generator).to(inputs.dtype).view(-1, *[1] * (inputs.ndim - 3))
    other = torch.randperm(batch, generator=look.generator)
    return share * inputs + (1 - share) * inputs[:, :, other], torch.full_like(labels, -1)


# Of what is declared, the view makes the difference; the loss is that of hinton, with all its invariances.
@method(
    needs=("logits",),
    alpha=1.0,
    view=mixed,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def patient(student: Signal, teacher: Signal, labels: Tensor, *, temperature: Temperature = 4.0) -> Terms:
    """Teacher and student see the same mixtures of inputs, and nothing else counts: no labels, and much time.

    Returns `soft [..., batch]`, as `hinton` does. The paper also cuts and mirrors its pictures, and trains for
    thousands of epochs.
    """
    return hinton(student, teacher, labels, temperature=temperature)


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Mixtures seen by both networks alike, and no labels; the null arm hears the opinions alone, without mixtures."""
    alone = plain(experiment).model_copy(update={"name": "opinions alone", "hard_weight": 0.0, "weight": 1.0})
    return plain(experiment), own(experiment, "patient"), alone
