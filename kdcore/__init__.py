"""Knowledge distillation you can watch: a small engine that trains teachers, students and their controls together.

Names are imported when they are first used: the processes that only watch runs do without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdcore import datasets, methods
    from kdcore.experiment import Arm, Command, Experiment, Network, Teacher, Transfer
    from kdcore.frame import Frame, Stage
    from kdcore.signal import Signal
    from kdcore.training import Training, train

__version__ = "0.1.0"

__all__ = [
    "Arm",
    "Command",
    "Experiment",
    "Frame",
    "Network",
    "Signal",
    "Stage",
    "Teacher",
    "Training",
    "Transfer",
    "datasets",
    "methods",
    "train",
]

_home = {
    "Frame": "frame",
    "Signal": "signal",
    "Stage": "frame",
    "Training": "training",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name in ("datasets", "methods"):
        return import_module(f"kdcore.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'kdcore' has no attribute {name!r}")
    return getattr(import_module(f"kdcore.{_home.get(name, 'experiment')}"), name)
