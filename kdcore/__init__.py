"""Knowledge distillation you can watch: a small engine that trains teachers, students and their controls together.

Names are imported when they are first used: the processes that only watch runs do without torch.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kdcore import datasets, methods, programmes
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
    "programmes",
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
    if name in ("datasets", "methods", "programmes"):
        module = import_module(f"kdcore.{name}")
        if name == "methods" and "kdcore.parts" not in sys.modules:
            # Programmes have methods of their own, which are registered when experiments are known.
            import_module("kdcore.experiment")
        return module
    if name not in __all__:
        raise AttributeError(f"module 'kdcore' has no attribute {name!r}")
    return getattr(import_module(f"kdcore.{_home.get(name, 'experiment')}"), name)
