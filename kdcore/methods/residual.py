"""Residual knowledge distillation (Gao, Shen, Li, Loy 2020, arXiv:2002.09168), section 3."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from kdcore.layers import Connector, layers_of, numbers, written
from kdcore.methods.declaration import Shapes, Terms, method
from kdcore.signal import Signal, pool

Side = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
SHARE = 4
"""One unit in so many is the assistant's."""


class Both(nn.Module):
    """The student's last layer cut in two: most units mimic the teacher's, the others are the assistant's."""

    def __init__(self, student: Shapes, teacher: Shapes) -> None:
        super().__init__()
        (ours, *_), (theirs, *_) = layers_of(student)[-1], layers_of(teacher)[-1]
        self.helping = max(1, ours // SHARE)
        self.mimic = Connector(ours - self.helping, theirs)
        self.assist = Connector(self.helping, theirs)
        self.head = nn.Linear(theirs, student["logits"][0])

    def forward(self, layer: Tensor, *_: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What mimics, what the assistant adds, and the logits of both together."""
        mine, helping = layer.tensor_split([layer.shape[1] - self.helping], 1)
        mimic, rest = self.mimic(mine), self.assist(helping)
        together = mimic + rest
        return mimic, rest, self.head(pool(together) if together.ndim == 4 else together)


def two_units(student: Shapes, teacher: Shapes) -> str | None:
    """Why the last layer cannot be cut in two, in a sentence, where it has one unit."""
    ours, theirs = layers_of(student)[-1], layers_of(teacher)[-1]
    if ours[0] > 1:
        return None
    return (
        f"the student's last layer of {written(ours)} cannot be cut into a student and an assistant for the teacher's "
        f"{written(theirs)}. A wider student would help"
    )


def spoken(student: Signal, *, side: Side, prepared: None) -> Tensor:
    """The logits of a head on both together, `[..., batch, class]`."""
    layer = student.penultimate
    return side(layer, torch.zeros_like(layer), student.logits)[2]


# Not zero at identity: mimic and assistant see a part of the student's layer each, even of the same one.
@method(
    needs=("penultimate",),
    side=Both,
    answer=spoken,
    fits=two_units,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def residual(student: Signal, teacher: Signal, labels: Tensor, *, side: Side) -> Terms:
    """One part of the student mimics the teacher, and an assistant cut from it learns what is then still missing.

    Returns `mimic [..., batch]`: mean squared difference of the mimic and the teacher's last layer, and `residual`:
    that of the assistant and what the mimic leaves over, from which the mimic learns nothing. The students speak
    through a head on the sum of both. The cut goes through the last layer: three units in four, and the fourth; layers
    below it are shared, so that the two are networks of their own only where there is one hidden layer.
    """
    layer = student.penultimate
    mimic, rest, _ = side(layer, torch.zeros_like(layer), student.logits)
    missing = teacher.penultimate - mimic
    return {
        "mimic": numbers(missing, student).square().mean(-1),
        "residual": numbers(missing.detach() - rest, student).square().mean(-1),
    }
