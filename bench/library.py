"""A cohort of 16 (784-64-64-10, batch 128, Adam) against torchdistill's own engine, one student after the other.

Both train the same students on the same pictures at the same sixteen temperatures for the same number of steps. The
library runs as its example scripts run it: a DataLoader, a live teacher (784-1200-1200-10), its distillation box, its
KDLoss, its metric logger. It is spared what would only slow it down: the pictures are ready tensors, no worker
processes, no hooks, and the teacher stays in eval mode.

The cohort hears answers that were asked for once, kept on disk, and used by every later run; that one time is printed.
"""

import gzip
import importlib.util
import itertools
import logging
import os
import sys
import time
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset, RandomSampler

from bench.measuring import in_turns, line, on_threads
from kdcore import Arm, Experiment, Network, Teacher, Transfer, datasets
from kdcore.cohort import Cohort
from kdcore.datasets.fashion_mnist import FACTS, FOLDER_VARIABLE
from kdcore.folders import data_folder
from kdcore.networks import build
from kdcore.training import Prepared, prepare

STUDENTS, STEPS, BATCH, RATE, ALPHA = 16, 100, 128, 3e-3, 0.9
FEW = 2
"""So many students of the library are timed in a turn; the others would take as long each."""
UNUSED = {
    "torchvision": (),
    "torchvision.datasets": (),
    "torchvision.models": (),
    "torchvision.models.densenet": ("_DenseBlock", "_Transition"),
    "torchvision.models.resnet": ("BasicBlock", "conv1x1"),
}


class Pictures(Dataset[tuple[Tensor, int]]):
    """The transfer set as the library wants it: one picture and its label at a time."""

    def __init__(self, inputs: Tensor, labels: Tensor) -> None:
        self.inputs, self.labels = inputs, labels.tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        return self.inputs[number], self.labels[number]


class Plain(nn.Module):
    """A network of ours as the library expects one: logits out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.network(inputs).logits
        return logits


def experiment() -> Experiment:
    """One epoch of 100 steps over 12,800 pictures, the same for all; the teacher need not know anything to be asked."""
    arms = tuple(Arm("hinton", name=f"T {t}", temperature=float(t), alpha=ALPHA) for t in range(1, STUDENTS + 1))
    return Experiment(
        dataset="fashion_mnist",
        teacher=Teacher(network=Network("mlp", widths=(1200, 1200)), steps=0),
        student=Network("mlp", widths=(64, 64)),
        transfer=Transfer(n=STEPS * BATCH),
        arms=arms,
        control=False,
        seeds=1,
        steps=10_000,
        batch_size=BATCH,
        learning_rate=RATE,
    )


def pictures_at_hand() -> str:
    """Fashion-MNIST where this machine has it, else random pictures of its size; which of the two, for the report."""
    try:
        datasets.load("fashion_mnist")
        return "Fashion-MNIST"
    except datasets.Missing:
        folder = data_folder() / "random pictures"
        write_random_pictures(folder)
        os.environ[FOLDER_VARIABLE] = str(folder)
        return "random pictures, Fashion-MNIST's size"


def write_random_pictures(folder: Path) -> None:
    """The four IDX files of Fashion-MNIST, with noise in them."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    for part, count in (("train", FACTS.train + FACTS.validation), ("t10k", FACTS.test)):
        for kind, shape, high in (("images-idx3", (count, 28, 28), 256), ("labels-idx1", (count,), 10)):
            header = bytes([0, 0, 8, len(shape)]) + b"".join(axis.to_bytes(4, "big") for axis in shape)
            values = generator.integers(0, high, shape, dtype=np.uint8)
            with gzip.open(folder / f"{part}-{kind}-ubyte.gz", "wb", compresslevel=1) as file:
                file.write(header + values.tobytes())


def library() -> tuple[Callable[..., Any], type[Any]]:
    """torchdistill's maker of distillation boxes, and its metric logger.

    It imports torchvision for models that are not used here; where that is missing, empty modules stand in.
    """
    if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
        for name, wanted in UNUSED.items():
            sys.modules[name] = module = types.ModuleType(name)
            for attribute in wanted:
                setattr(module, attribute, nn.Module)
    from torchdistill.core.distillation import get_distillation_box
    from torchdistill.misc.log import MetricLogger

    logging.getLogger("torchdistill").setLevel(logging.WARNING)
    return get_distillation_box, MetricLogger


def configuration(experiment: Experiment, arm: Arm) -> dict[str, Any]:
    """How one student is to be trained, in the library's own words."""
    logits = {
        f"{who}_module_{what}": way for who in ("student", "teacher") for what, way in (("path", "."), ("io", "output"))
    }
    temperature = float(arm.knobs["temperature"])
    loss = {"key": "KDLoss", "kwargs": {**logits, "temperature": temperature, "alpha": arm.hard_weight}}
    return {
        "num_epochs": 1,
        "train_data_loader": {
            "dataset_id": "transfer set",
            "sampler": {"class_or_func": RandomSampler},
            "kwargs": {"batch_size": experiment.batch_size, "num_workers": 0},
        },
        "teacher": {"forward_proc": "forward_batch_only", "requires_grad": False},
        "student": {"forward_proc": "forward_batch_only"},
        "criterion": {
            "key": "WeightedSumLoss",
            "kwargs": {"sub_terms": {"kd": {"criterion": loss, "weight": 1.0}}},
            "func2extract_model_loss": "extract_model_loss_dict",
        },
        "optimizer": {"key": "Adam", "kwargs": {"lr": experiment.learning_rate}},
    }


class Rival:
    """The first students of the experiment, each in a distillation box of the library."""

    def __init__(self, prepared: Prepared) -> None:
        make_box, self.logger = library()
        ids = prepared.transfer_set.ids[0]
        pictures = Pictures(prepared.dataset.inputs[ids], prepared.transfer_set.labels[0])
        network = prepared.answers[prepared.experiment.teacher].network
        assert network is not None
        teacher = Plain(network).eval()
        shape, device = prepared.dataset.facts.input_shape, torch.device("cpu")
        self.boxes = []
        for arm in prepared.experiment.arms[:FEW]:
            student = Plain(build(prepared.experiment.student, shape, 10))
            how = configuration(prepared.experiment, arm)
            self.boxes.append(make_box(teacher, student, {"transfer set": pictures}, how, device, None, False, 1))

    def __call__(self) -> None:
        """One epoch of each student."""
        for box in self.boxes:
            box.pre_epoch_process(epoch=0)
            metrics = self.logger(delimiter="  ")
            for inputs, labels, extra in metrics.log_every(box.train_data_loader, STEPS, ""):
                loss = box.forward_process(inputs, labels, extra)
                box.post_forward_process(loss=loss)
                metrics.update(loss=loss.item(), lr=box.optimizer.param_groups[0]["lr"])
            box.post_epoch_process()


def main() -> None:
    pictures = pictures_at_hand()
    started = time.perf_counter()
    prepared = prepare(experiment())
    asked, rival = time.perf_counter() - started, Rival(prepared)
    for threads in on_threads():
        cohort, steps = Cohort(prepared), itertools.count()

        def together(cohort: Cohort = cohort, steps: Iterator[int] = steps) -> None:
            for _ in range(STEPS):
                cohort.advance(next(steps))

        rounds = in_turns({"cohort": together, "library": rival}, rounds=7)
        alone = rounds.seconds("library") / FEW / STEPS * 1e3
        line(f"torchdistill 1.1.5, {threads}: milliseconds per student and step", f"{alone:.1f}", "-")
        ratio, middle = rounds.ratio("library", "cohort", times=STUDENTS / FEW)
        line(f"16 students, {threads}: torchdistill one by one / cohort", f"{ratio:.1f}x", "16x, 20x good", middle)
    line(f"asking the teacher about all of {pictures}, once for ever: seconds", f"{asked:.1f}", "-")


if __name__ == "__main__":
    main()
