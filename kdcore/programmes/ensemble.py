"""An ensemble as teacher (Hinton, Vinyals, Dean 2015, arXiv:1503.02531): one student of many."""

from typing import TYPE_CHECKING

from kdcore.parts import Arm, Teacher
from kdcore.programmes.parts import is_table, plain, taught

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

SEEDS = 3


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Three teachers that differ in their seeds say the mean of their logits.

    The null arms are the other two, each alone: so a better teacher that happens to be among them is seen.
    """
    teacher = experiment.teacher
    if is_table(teacher):
        raise ValueError(
            "ensemble trains the teacher from three seeds, and stored logits cannot learn; a network as "
            "teacher would help"
        )
    if teacher.members:
        raise ValueError(f"ensemble makes three of one teacher; the teacher is an {teacher.name} already")
    members = tuple(teacher.model_copy(update={"seed": (teacher.seed + i) % 2**31}) for i in range(SEEDS))
    return (
        plain(experiment),
        taught(experiment, "ensemble", Teacher(members=members)),
        taught(experiment, "second teacher", members[1]),
        taught(experiment, "third teacher", members[2]),
    )
