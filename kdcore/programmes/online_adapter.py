"""In the spirit of OKD, a teacher with an online module (Rao et al. 2024, arXiv:2409.12512), on classification."""

from typing import TYPE_CHECKING, Annotated, Any

from torch import Tensor, nn

from kdcore.methods.declaration import Range, Shapes, Temperature, Terms, identity, method
from kdcore.parts import Arm
from kdcore.programmes.parts import own, plain
from kdcore.signal import Signal, cross_entropy, kl_divergence, log_soft_labels

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

RANK = 4


class LowRank(nn.Module):
    """A change of low rank to a linear head, zero at first: `[batch, unit]` give `[batch, class]`."""

    def __init__(self, units: int, classes: int) -> None:
        super().__init__()
        self.down, self.up = nn.Linear(units, RANK, bias=False), nn.Linear(RANK, classes, bias=False)
        nn.init.zeros_(self.up.weight)

    def forward(self, layer: Tensor) -> Tensor:
        change: Tensor = self.up(self.down(layer))
        return change


def adapter(student: Shapes, teacher: Shapes) -> nn.Module:
    """The adapter of a teacher's head, from its last layer."""
    layers = [shape for name, shape in teacher.items() if name != "logits"]
    return LowRank(layers[-1][0], teacher["logits"][0])


# Not zero at identity: the adapter learns the labels besides. What the student hears covers every example, labelled or
# not, so labels are not among what it needs.
@method(
    needs=("logits", "penultimate"),
    alpha=0.9,
    side=adapter,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def online_adapter(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Any = identity,
    temperature: Temperature = 4.0,
    pull: Annotated[float, Range(0, 100)] = 1.0,
) -> Terms:
    """The teacher learns too, through a small adapter on its head, and moves towards what its student can follow.

    Returns, each `[..., batch]`: `soft`, T^2 KL(adapted teacher_T || student_T), which moves the student alone;
    `adapter_labels`, cross-entropy, and `adapter_pull`, `pull` T^2 KL(student_T || adapted teacher_T), which move the
    adapter alone. The teacher itself stays as it is. Called without an adapter, it is not changed at all.
    """
    adapted = teacher.logits if side is identity else teacher.logits + side(teacher.penultimate)
    says, hears = (log_soft_labels(logits, temperature) for logits in (student.logits, adapted))
    square = temperature**2
    return {
        "soft": square * kl_divergence(hears.detach(), says),
        "adapter_labels": cross_entropy(adapted, labels),
        "adapter_pull": pull * square * kl_divergence(says.detach(), hears),
    }


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """The teacher has an adapter that learns beside every student; the null arm's adapter hears labels alone."""
    return (
        plain(experiment),
        own(experiment, "online_adapter"),
        own(experiment, "online_adapter", "online_adapter, no pull", pull=0.0),
    )
