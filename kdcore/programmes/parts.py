"""What programmes are put together from: the plain arm, the same with another teacher, teachers like the given one."""

from typing import TYPE_CHECKING, Any

from kdcore import methods
from kdcore.parts import Arm, Network, Teacher

if TYPE_CHECKING:
    from kdcore.experiment import Experiment


def plain(experiment: "Experiment") -> Arm:
    """The arm that a programme is measured by: plain distillation from the experiment's own teacher."""
    there = (arm for arm in experiment.arms if arm.method == "hinton" and arm.teacher is None)
    return next(there, Arm("hinton"))


def taught(experiment: "Experiment", name: str, teacher: Teacher) -> Arm:
    """The plain arm with another teacher and nothing else changed."""
    return plain(experiment).model_copy(update={"name": name, "teacher": teacher})


def own(experiment: "Experiment", method: str, name: str = "", **fields: Any) -> Arm:
    """An arm of a programme's own method, at the temperature of the plain arm, and weighted as it is."""
    told, declared = plain(experiment), methods.get(method)
    if declared.alpha is not None and declared.alpha < 1:
        fields |= {"hard_weight": told.hard_weight, "weight": told.weight}
    return Arm(method, name, temperature=told.knobs["temperature"], **fields)


def like(experiment: "Experiment", network: Network, *, later: int = 0, taught_by: Teacher | None = None) -> Teacher:
    """A network that learns as the experiment's teacher did: as long, as fast, on the same labels.

    later: how many seeds after the teacher's. taught_by: who teaches it besides the labels, at the temperature of the
    plain arm and with its share of the loss.
    """
    model = experiment.teacher
    while model.members:
        model = model.members[0]
    lessons: dict[str, Any] = {}
    if taught_by is not None:
        told = plain(experiment)
        share = told.weight / ((told.hard_weight + told.weight) or 1)
        lessons = {"taught_by": taught_by, "lesson_temperature": told.knobs["temperature"], "lesson_alpha": share}
    return Teacher(
        network=network,
        steps=model.steps,
        epochs=model.epochs,
        seed=(model.seed + later) % 2**31,
        wrong_labels=model.wrong_labels,
        learning_rate=model.learning_rate,
        **lessons,
    )


def is_table(teacher: Teacher) -> bool:
    """Whether there is nothing of it but stored logits."""
    return teacher.network.kind == "table"
