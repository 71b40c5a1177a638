"""Improved knowledge distillation via teacher assistant, TAKD (Mirzadeh et al., AAAI 2020, arXiv:1902.03393)."""

from typing import TYPE_CHECKING

from kdcore.networks.families import between
from kdcore.parts import Arm, Network
from kdcore.programmes.parts import is_table, like, plain, taught

if TYPE_CHECKING:
    from kdcore.experiment import Experiment


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """A network of a size between the two learns from the teacher first, and then teaches the student.

    Adds an arm with one assistant, one with two where there is room for them, and the null arm: the same assistant,
    taught by labels alone, which tells the chain from the smaller teacher.
    """
    teacher, student = experiment.teacher, experiment.student
    if is_table(teacher):
        raise ValueError(
            "chain puts assistants between teacher and student, and stored logits have no size; a network "
            "as teacher would help"
        )
    try:
        (middle,) = between(teacher.network, student, 1)
    except ValueError as error:
        raise ValueError(f"chain puts assistants between teacher and student: {error}") from None
    assistant = like(experiment, middle, taught_by=teacher)
    found = [
        plain(experiment),
        taught(experiment, "one assistant", assistant),
        taught(experiment, "untaught assistant", like(experiment, middle)),
    ]
    if steps := _two(teacher.network, student):
        first = like(experiment, steps[0], taught_by=teacher)
        found.append(taught(experiment, "two assistants", like(experiment, steps[1], taught_by=first)))
    return tuple(found)


def _two(larger: Network, smaller: Network) -> tuple[Network, ...]:
    try:
        return between(larger, smaller, 2)
    except ValueError:
        return ()
