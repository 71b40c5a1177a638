"""Data efficient stagewise knowledge distillation, SKD (Kulkarni et al. 2019, arXiv:1911.06786).

With widths that differ, a linear map stands between, as in SSKD (Gao et al. 2018, arXiv:1812.01819).
"""

from typing import TYPE_CHECKING, Annotated, Any

import torch
from torch import Tensor, nn

from kdcore.methods.declaration import Range, Shapes, Temperature, Terms, identity, method
from kdcore.methods.hinton import hinton
from kdcore.parts import Arm
from kdcore.programmes.parts import own, plain
from kdcore.signal import Signal, cross_entropy

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

BODY = 2 / 3
"""The share of the budget in which the body learns; what is left is the head's."""


class Translators(nn.Module):
    """A linear map for each pair of layers, from the student's width to the teacher's."""

    def __init__(self, pairs: list[tuple[int, int]]) -> None:
        super().__init__()
        self.maps = nn.ModuleList(nn.Linear(ours, theirs) for ours, theirs in pairs)

    def forward(self, *layers: Tensor) -> tuple[Tensor, ...]:
        """Each layer `[batch, unit]` in the teacher's width."""
        return tuple(translate(layer) for translate, layer in zip(self.maps, layers, strict=True))


def translators(student: Shapes, teacher: Shapes) -> nn.Module:
    """The maps between layers of these shapes."""
    layers = [name for name in student if name in teacher and name != "logits"]
    return Translators([(student[name][0], teacher[name][0]) for name in layers])


def stage(progress: float, stages: int) -> int:
    """Which of the body's stages is at work, from input to output; `stages` itself once the head is."""
    return stages if progress >= BODY else min(int(progress / BODY * stages), stages - 1)


def learning(progress: float, blocks: int) -> tuple[int, ...]:
    """The one block that learns: the body's one after the other, in equal shares of time, then the head."""
    return (stage(progress, blocks - 1) if blocks > 1 else 0,)


# Not zero at identity: the head learns the labels, whatever the layers. Labels are not among what it needs, for the
# layers are matched on every example, labelled or not.
@method(
    needs=("features",),
    hard_weight=0.0,
    weight=1.0,
    side=translators,
    trains=learning,
    invariant=("batch permutation", "batch duplication"),
)
def stagewise(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    progress: float,
    side: Any = identity,
    temperature: Temperature = 4.0,
    opinions: Annotated[float, Range(0, 1)] = 0.0,
) -> Terms:
    """Block by block the student's layers come to be the teacher's; then the head alone learns the labels.

    Returns, each `[..., batch]`: `layer`, the mean square of the difference between the student's translated layer and
    the teacher's, of the stage that is at work, and 0 in the last third of the budget; `labels`, (1 - opinions) times
    the cross-entropy, and `soft`, opinions times what `hinton` says, both 0 before that third. The paper's head hears
    labels alone. A last layer that is only the one before it averaged over positions shares its stage.
    """
    head = float(progress >= BODY)
    soft = hinton(student, teacher, labels, temperature=temperature)["soft"]
    return {
        "layer": (1 - head) * _gap(student, teacher, progress, side),
        "labels": head * (1 - opinions) * cross_entropy(student.logits, labels),
        "soft": head * opinions * soft,
    }


def _gap(student: Signal, teacher: Signal, progress: float, side: Any) -> Tensor:
    """How far the layers of the stage that is at work are from the teacher's, `[..., batch]`."""
    names = list(student.features)
    stages = len(names) - (len(names) > 1 and not any(letter.isdigit() for letter in names[-1]))
    if not stages:
        return torch.zeros_like(student.logits[..., 0])
    moved = side(*student.features.values())
    ours = dict(zip(names, moved if isinstance(moved, tuple) else (moved,), strict=True))
    now = min(stage(progress, stages), stages - 1)
    chosen = [name for place, name in enumerate(names) if min(place, stages - 1) == now]
    gaps = [(ours[name] - teacher.features[name]).square().mean(-1) for name in chosen]
    return torch.stack(gaps).sum(0)


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Block by block, then the head: one on labels, as the paper has it, and one on opinions."""
    return (
        plain(experiment),
        own(experiment, "stagewise"),
        own(experiment, "stagewise", "stagewise, soft head", opinions=0.9),
    )
