"""A cohort of 16 (784-64-64-10, batch 128) against torchdistill's own engine, one student after the other.

torchdistill imports torchvision in three places that this comparison never reaches; empty modules stand in for them.
"""

import sys
import time
import types
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from bench.measuring import in_turns, line
from kdcore.cohort import Cohort
from kdcore.datasets import Facts
from kdcore.experiment import Arm, Experiment, Network
from kdcore.networks import build

STUDENTS, STEPS, BATCH = 16, 30, 128
"""Random pictures of the size of Fashion-MNIST's: speed does not depend on what they show."""
