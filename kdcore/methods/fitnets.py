"""FitNets: hints for thin deep nets (Romero et al., ICLR 2015, arXiv:1412.6550), eq. 3."""

from collections.abc import Callable
from typing import Annotated, Literal

from torch import Tensor

from kdcore.layers import Connector, layers_of, matched, numbers
from kdcore.methods.declaration import Range, Shapes, Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels


def middle(layers: int) -> int:
    """Which of so many layers is the hint's: the middle one, the earlier of two."""
    return (layers - 1) // 2


def regressor(student: Shapes, teacher: Shapes) -> Connector:
    """A linear regressor from the student's middle layer to the teacher's."""
    ours, theirs = layers_of(student), layers_of(teacher)
    return Connector(ours[middle(len(ours))][0], theirs[middle(len(theirs))][0])


@method(
    needs=("features", "logits"),
    weight=100.0,
    side=regressor,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def fitnets(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    side: Callable[..., Tensor],
    progress: float = 0.0,
    schedule: Literal["joint", "staged"] = "joint",
    hint_share: Annotated[float, Range(0, 1)] = 0.5,
    soft_weight: Annotated[float, Range(0, 1)] = 0.01,
    temperature: Temperature = 4.0,
) -> Terms:
    """A linear regressor on the student's middle layer is to give the teacher's middle layer.

    Returns `hint [..., batch]`: mean squared difference of the two. With `schedule="staged"`, as in the paper, the hint
    is heard up to that share of the training, and then `soft`: soft_weight T^2 KL(teacher_T || student_T) instead.
    Labels are heard in both stages. Half the squared sum of the paper is a mean here, as in the benchmark of Tian et
    al. (arXiv:1910.10699) whose weight of 100 is the default, and the regressor has no rectifier behind it.
    """
    ours, theirs = matched(student, teacher)[middle(len(student.features))]
    hint = numbers(side(ours) - theirs, student).square().mean(-1)
    if schedule == "joint":
        return {"hint": hint}
    soft = kl_divergence(log_soft_labels(teacher.logits, temperature), log_soft_labels(student.logits, temperature))
    return {
        "hint": hint * (progress <= hint_share),
        "soft": soft_weight * temperature**2 * soft * (progress > hint_share),
    }
