"""Deep mutual learning, DML (Zhang et al., CVPR 2018, arXiv:1706.00384), with two networks."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from kdcore.methods.declaration import Shapes, Temperature, Terms, identity, method
from kdcore.parts import Arm
from kdcore.programmes.parts import plain
from kdcore.signal import Signal, cross_entropy, kl_divergence, log_soft_labels

if TYPE_CHECKING:
    from kdcore.experiment import Experiment


class Peer(nn.Module):
    """A second student, of the same shape and with initial weights of its own."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs `[batch, *input]` give logits `[batch, class]`."""
        signal: Signal = self.network(inputs)
        return signal.logits


def peer(student: Shapes, teacher: Shapes, make_student: Callable[[], nn.Module]) -> nn.Module:
    """The peer of a student, whatever both networks' layers."""
    return Peer(make_student())


# Not zero at identity: the peer learns the labels besides. Only labels are needed: no teacher speaks, and what is said
# between the peers covers every example, labelled or not.
@method(needs=("labels",), side=peer, invariant=("batch permutation", "batch duplication", "class permutation"))
def mutual(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    inputs: Tensor | None = None,
    side: Any = identity,
    temperature: Temperature = 1.0,
) -> Terms:
    """Two students learn from the labels and from each other; no teacher.

    Returns, each `[..., batch]`: `from_peer`, T^2 KL(peer_T || student_T), which moves the student alone; `to_peer`,
    T^2 KL(student_T || peer_T), and `peer_labels`, cross-entropy, which move the peer alone. The paper has T = 1 and
    moves its networks one after the other; here both move at once. Called without a peer, a student is its own.
    """
    alone = inputs is None or side is identity
    other = student.logits.detach() if alone else side(inputs)
    says, hears = (log_soft_labels(logits, temperature) for logits in (student.logits, other))
    square = temperature**2
    return {
        "from_peer": square * kl_divergence(hears.detach(), says),
        "to_peer": square * kl_divergence(says.detach(), hears),
        "peer_labels": cross_entropy(other, labels),
    }


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Every student has a peer, and both learn from each other: at T = 1, as in the paper, and at the plain arm's."""
    told = plain(experiment)
    return told, Arm("mutual"), Arm("mutual", "mutual, soft", temperature=told.knobs["temperature"])
