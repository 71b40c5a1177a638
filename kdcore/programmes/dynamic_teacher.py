"""Dynamic knowledge distillation (Li et al., EMNLP 2021, aclanthology.org/2021.emnlp-main.31): teachers."""

import math
from typing import TYPE_CHECKING, Literal

from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.networks.families import between
from kdcore.parts import Arm, Teacher
from kdcore.programmes.parts import is_table, like, own, plain, taught
from kdcore.signal import Signal, entropy, log_soft_labels

if TYPE_CHECKING:
    from kdcore.experiment import Experiment


# Not zero at identity: the two teachers say other things than their mean does.
@method(needs=("logits",), alpha=0.9, invariant=("batch permutation", "batch duplication", "class permutation"))
def dynamic_teacher(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    members: Tensor,
    temperature: Temperature = 4.0,
    choice: Literal["soft", "hard"] = "soft",
) -> Terms:
    """A student that is unsure of an example listens to the smaller of two teachers, one that is sure to the larger.

    members: logits `[member, ..., batch, class]`, the larger teacher first and the smaller last. Unsureness u is the
    entropy of the student's soft labels at T = 1 over that of a blind guess, and no gradient goes through it. Returns
    `large` and `small [..., batch]`: T^2 KL(that teacher_T || student_T), weighted by 1 - u and u; with choice "hard"
    by 0 and 1, the surer half of the batch hearing the larger one.
    """
    unsure = entropy(log_soft_labels(student.logits.detach())) / math.log(student.logits.shape[-1])
    if choice == "hard":
        batch = unsure.shape[-1]
        unsure = (unsure.argsort(-1).argsort(-1) >= (batch + 1) // 2).to(unsure.dtype)
    told = [hinton(student, Signal(logits), labels, temperature=temperature)["soft"] for logits in members[[0, -1]]]
    return {"large": (1 - unsure) * told[0], "small": unsure * told[1]}


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """Two teachers of different size, weighted for each example by how unsure the student is.

    The smaller one has a size between teacher and student and learns from labels. The null arms are the two of them
    with equal weights, and the smaller one alone.
    """
    teacher = experiment.teacher
    if is_table(teacher):
        raise ValueError(
            "dynamic_teacher needs a second teacher, smaller than the first, and stored logits have no "
            "size; a network as teacher would help"
        )
    try:
        (middle,) = between(teacher.network, experiment.student, 1)
    except ValueError as error:
        raise ValueError(f"dynamic_teacher needs a second teacher, smaller than the first: {error}") from None
    small = like(experiment, middle)
    both = Teacher(members=(teacher, small))
    return (
        plain(experiment),
        own(experiment, "dynamic_teacher", teacher=both),
        own(experiment, "dynamic_teacher", "dynamic_teacher, hard choice", teacher=both, choice="hard"),
        taught(experiment, "both teachers alike", both),
        taught(experiment, "small teacher", small),
    )
