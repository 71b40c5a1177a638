"""Paraphrasing complex network: factor transfer (Kim, Park, Kwak, NeurIPS 2018, arXiv:1802.04977), section 3."""

from collections.abc import Callable
from typing import Annotated

from torch import Tensor, nn
from torch.nn import functional

from kdcore.layers import Connector, layers_of, numbers
from kdcore.methods.declaration import Range, Shapes, Terms, method
from kdcore.signal import Signal

RATE = 0.5
"""How many channels a factor has, as a share of the teacher's."""


class Translation(nn.Module):
    """A paraphraser, which learns to say the teacher's layer in fewer channels and back, and a translator."""

    def __init__(self, student: Shapes, teacher: Shapes) -> None:
        super().__init__()
        (ours, *_), (theirs, *_) = layers_of(student)[-1], layers_of(teacher)[-1]
        between = max(1, round(RATE * theirs))
        self.paraphrase = nn.ModuleList((Connector(theirs, theirs), Connector(theirs, between)))
        self.restore = nn.ModuleList((Connector(between, theirs), Connector(theirs, theirs)))
        self.translate = nn.ModuleList((Connector(ours, ours), Connector(ours, between)))

    def forward(self, ours: Tensor, theirs: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The student's factor, the teacher's, and the teacher's layer restored from its factor."""
        factor = _through(self.paraphrase, theirs)
        return _through(self.translate, ours), factor, _through(self.restore, factor)


def _through(steps: nn.ModuleList, layer: Tensor) -> Tensor:
    for number, step in enumerate(steps):
        layer = step(functional.leaky_relu(layer, 0.1) if number else layer)
    return layer


@method(
    needs=("penultimate",),
    weight=200.0,
    side=Translation,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def factor(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor, Tensor]],
    paraphrase_weight: Annotated[float, Range(0, 1)] = 0.005,
) -> Terms:
    """The teacher's layer is first said in other words, fewer and easier, and these the student learns.

    Returns `factor [..., batch]`: mean absolute difference of the two factors, each at unit length, and `paraphrase`:
    mean squared error of the teacher's layer restored from its factor, from which the paraphraser alone learns, and
    from nothing else. It learns along with the student here; in the paper it has learnt before.
    """
    translated, paraphrased, restored = side(student.penultimate, teacher.penultimate, teacher.penultimate)
    ours = functional.normalize(numbers(translated, student), dim=-1)
    theirs = functional.normalize(numbers(paraphrased.detach(), teacher), dim=-1)
    loss = numbers(restored - teacher.penultimate, teacher).square().mean(-1)
    gap = (ours - theirs).abs().mean(-1)
    return {"factor": gap, "paraphrase": paraphrase_weight * loss.expand(gap.shape)}
