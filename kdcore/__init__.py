"""Knowledge distillation you can watch: a small engine that trains teachers, students and their controls together."""

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
