"""Born-again neural networks, BAN (Furlanello et al., ICML 2018, arXiv:1805.04770)."""

from typing import TYPE_CHECKING

from kdcore.parts import Arm, Teacher
from kdcore.programmes.parts import like, plain, taught

if TYPE_CHECKING:
    from kdcore.experiment import Experiment


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Every generation is the student's own network, taught by the generation before it; the first one by labels.

    Adds three generations; students taught by those three together, as an ensemble; and, where there are three classes
    or more, the paper's control, whose teacher's numbers stand on the wrong wrong-classes (`shuffled`). An arm's
    students are the next generation: they start from another seed than those who taught them.
    """
    student = experiment.student
    first = like(experiment, student)
    second = like(experiment, student, later=1, taught_by=first)
    third = like(experiment, student, later=2, taught_by=second)
    found = [
        plain(experiment),
        taught(experiment, "generation 1", first),
        taught(experiment, "generation 2", second),
        taught(experiment, "generation 3", third),
        taught(experiment, "all generations", Teacher(members=(first, second, third))),
    ]
    if len(experiment.facts.classes) > 2:
        told = plain(experiment)
        shared = {"hard_weight": told.hard_weight, "weight": told.weight, **told.knobs}
        found.append(Arm("shuffled", "permuted generation 1", teacher=first, **shared))
    return tuple(found)
