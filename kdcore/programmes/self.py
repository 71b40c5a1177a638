"""Self-distillation, the first generation of born-again networks (Furlanello et al., ICML 2018, arXiv:1805.04770)."""

from typing import TYPE_CHECKING

from kdcore.parts import Arm
from kdcore.programmes.parts import like, plain, taught

if TYPE_CHECKING:
    from kdcore.experiment import Experiment


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """The teacher is the student's own network, trained on labels: nothing larger stands behind it."""
    return plain(experiment), taught(experiment, "self", like(experiment, experiment.student))
