"""On the efficacy of knowledge distillation, ESKD (Cho, Hariharan, ICCV 2019, arXiv:1910.01348)."""

from typing import TYPE_CHECKING, Annotated

from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.parts import Arm, Teacher
from kdcore.programmes.parts import is_table, own, plain, taught
from kdcore.signal import Signal

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

SHARES = {"1/16": 1 / 16, "1/4": 1 / 4, "1/2": 1 / 2}
"""After these shares of its budget the teacher stops learning."""


@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def early_stopped(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    progress: float,
    temperature: Temperature = 4.0,
    until: Annotated[float, Range(0, 1)] = 2 / 3,
) -> Terms:
    """The student hears its teacher for the first part of its training only, then labels alone.

    Returns `soft [..., batch]`, as `hinton` does, until the share `until` of the budget is spent, and 0 afterwards. The
    weight of the labels stays what it was.
    """
    soft = hinton(student, teacher, labels, temperature=temperature)["soft"]
    return {"soft": soft * (progress < until)}


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """A teacher that stops learning early, at three points; and a student that stops listening before its end."""
    teacher = experiment.teacher
    if is_table(teacher):
        raise ValueError(
            "early_stopped stops the teacher's own training, and stored logits have none; a network as "
            "teacher would help"
        )
    if not all(each.members or each.steps or each.epochs for each in teacher.lineage):
        raise ValueError("early_stopped stops the teacher's own training; got a teacher with a budget of 0")
    stopped = {f"teacher {share} trained": _stopped(teacher, size) for share, size in SHARES.items()}
    found = [taught(experiment, name, early) for name, early in stopped.items() if early != teacher]
    return plain(experiment), *found, own(experiment, "early_stopped")


def _stopped(teacher: Teacher, share: float) -> Teacher:
    """The same teacher after a share of its training, or an ensemble of members that all are."""
    if teacher.members:
        return teacher.model_copy(update={"members": tuple(_stopped(member, share) for member in teacher.members)})
    budget = {name: getattr(teacher, name) for name in ("steps", "epochs")}
    return teacher.model_copy(update={name: max(1, round(share * much)) for name, much in budget.items() if much})
