"""Knowledge distillation with the reused teacher classifier (Chen et al., CVPR 2022, arXiv:2203.14001), section 3."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.layers import Connector, layers_of, numbers
from kdcore.methods.declaration import Shapes, Terms, method
from kdcore.signal import Signal

NARROWER, LEAST = 2, 32
"""How much narrower the projector's middle is than the teacher's layer, and how many units it has at least."""
TOLERANCE = 1e-3
"""Of the deviation of the logits: what a linear map may leave over."""
Classifier = tuple[Tensor, Tensor]
"""Weight `[class, unit]` and bias `[class]`."""


class Projector(nn.Module):
    """From the student's last layer to the teacher's, through two narrower layers."""

    def __init__(self, student: Shapes, teacher: Shapes) -> None:
        super().__init__()
        ours, theirs = layers_of(student)[-1][0], layers_of(teacher)[-1][0]
        between = max(LEAST, theirs // NARROWER)
        self.steps = nn.ModuleList((Connector(ours, between), Connector(between, between), Connector(between, theirs)))

    def forward(self, layer: Tensor) -> Tensor:
        """`[batch, unit]` to the teacher's units."""
        for number, step in enumerate(self.steps):
            layer = step(functional.leaky_relu(layer, 0.1) if number else layer)
        return layer


def classifier(teacher: Signal, labels: Tensor) -> Classifier:
    """The teacher's last linear map, recovered by least squares from its last layer to its logits.

    ValueError where no linear map explains them: noise on the logits, or a network whose head is more than that.
    """
    layer, logits = teacher.penultimate.double(), teacher.logits.double()
    known = torch.cat([layer.flatten(1), torch.ones(len(layer), 1, dtype=layer.dtype)], -1)
    found = torch.linalg.lstsq(known, logits, driver="gelsd").solution
    off = float((known @ found - logits).square().mean().sqrt() / logits.std().clamp_min(1e-12))
    if off > TOLERANCE:
        raise ValueError(
            "simkd puts the teacher's own classifier on the student, and no linear map leads from the teacher's last "
            f"layer of {layer.shape[-1]} units to its {logits.shape[-1]} logits: {off:.0%} of them are left over. A "
            "teacher without noise on its logits, whose head is linear, would help"
        )
    return found[:-1].T.to(teacher.logits.dtype), found[-1].to(teacher.logits.dtype)


def spoken(student: Signal, *, side: Callable[[Tensor], Tensor], prepared: Classifier) -> Tensor:
    """What the teacher's classifier says of the student's projected last layer, `[..., batch, class]`."""
    weight, bias = (part.to(student.logits.dtype) for part in prepared)
    logits: Tensor = (weight @ side(student.penultimate).mT + bias.unsqueeze(-1)).mT
    return logits


# Not zero at identity: the projector stands between the two even where both layers are the same.
@method(
    needs=("penultimate",),
    hard_weight=0.0,
    weight=1.0,
    side=Projector,
    prepare=classifier,
    answer=spoken,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def simkd(student: Signal, teacher: Signal, labels: Tensor, *, side: Callable[[Tensor], Tensor]) -> Terms:
    """The student only learns the teacher's last layer, and then speaks through the teacher's own classifier.

    Returns `layer [..., batch]`: mean squared difference of the student's projected last layer and the teacher's. No
    label is heard. The projector stays with the student and is counted among its weights; the paper's sees maps before
    they are pooled, with a 3x3 convolution in its middle, normalisation and rectifiers, ours the pooled layer with
    leaky rectifiers alone, and its middle is never narrower than 32.
    """
    return {"layer": numbers(side(student.penultimate) - teacher.penultimate, student).square().mean(-1)}
