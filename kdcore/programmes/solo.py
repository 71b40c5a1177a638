"""One stage, one teacher: the arms as they are given."""

from typing import TYPE_CHECKING

from kdcore.parts import Arm

if TYPE_CHECKING:
    from kdcore.experiment import Experiment


def arms(experiment: "Experiment") -> tuple[Arm, ...]:
    """The experiment's own arms and no other."""
    return ()
