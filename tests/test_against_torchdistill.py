"""Fifty steps through another library's own engine: the same student from the same start ends at the same weights."""

from __future__ import annotations

import copy
import sys
import types
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kdcore import Arm, Transfer
from kdcore.networks import build
from kdcore.training import Training
from tests.small import TEACHER, experiment

STEPS = 50


class Answers(nn.Module):
    """One of our networks as an ordinary one that returns its logits."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).double()

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.network(inputs).logits
        return logits


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Any:
    """torchdistill imports torchvision for models and pictures that are not reached here; empty modules stand in."""
    parts = ("", ".models", ".models.densenet", ".models.resnet", ".datasets", ".transforms")
    stubs = {f"torchvision{part}": types.ModuleType(f"torchvision{part}") for part in parts}
    stubs["torchvision"].models = stubs["torchvision.models"]  # type: ignore[attr-defined]
    for part, name in (("densenet", "_DenseBlock"), ("densenet", "_Transition"), ("resnet", "BasicBlock")):
        setattr(stubs[f"torchvision.models.{part}"], name, nn.Module)
    stubs["torchvision.models.resnet"].conv1x1 = None  # type: ignore[attr-defined]
    for name, stub in stubs.items():
        monkeypatch.setitem(sys.modules, name, stub)
    from torchdistill.core.distillation import DistillationBox

    return DistillationBox


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_student_of_ours_ends_where_torchdistills_ends(engine: Any, optimizer: str) -> None:
    rate, temperature, alpha = {"sgd": 0.1, "adam": 0.003}[optimizer], 4.0, 0.9
    whole = experiment(
        Arm("hinton", temperature=temperature, alpha=alpha),
        Arm("hard"),
        transfer=Transfer(n=200),
        batch_size=64,
        steps=STEPS,
        optimizer=optimizer,
        learning_rate=rate,
    )
    training = Training(whole, dtype=torch.float64, frames_every=STEPS)
    data, heard = training.prepared.dataset, training.prepared.transfer_set
    network = training.prepared.answers[TEACHER].network
    assert network is not None
    teacher = Answers(network).eval()
    students = [Answers(build(whole.student, (1, 8, 8), 10, seed=seed)) for seed in whole.seed_list]

    loss = {"temperature": temperature, "alpha": 1 - alpha, "reduction": "batchmean"}  # its alpha weighs the labels
    for side in ("student", "teacher"):
        loss |= {f"{side}_module_path": ".", f"{side}_module_io": "output"}
    criterion = {"criterion": {"key": "KDLoss", "kwargs": loss}, "weight": 1.0}
    for seed, student in enumerate(students):
        config = {
            "num_epochs": 1,
            "teacher": {"requires_grad": False, "forward_proc": "forward_batch_only"},
            "student": {"forward_proc": "forward_batch_only"},
            "optimizer": {"key": {"sgd": "SGD", "adam": "Adam"}[optimizer], "kwargs": {"lr": rate}},
            "criterion": {"key": "WeightedSumLoss", "kwargs": {"sub_terms": {"kd": criterion}}},
        }
        box = engine(teacher, student, {}, config, torch.device("cpu"), None, False, 1)
        box.teacher_model.eval()
        for step in range(STEPS):
            ids, labels = (part[seed] for part in heard.batch(step))
            box.post_forward_process(box.forward_process(data.inputs[ids].double(), labels))

    for _ in training:
        pass
    for seed, student in enumerate(students):
        for name, weight in student.network.named_parameters():
            torch.testing.assert_close(training.cohort.students.weights[name][seed], weight.detach(), rtol=0, atol=1e-6)
