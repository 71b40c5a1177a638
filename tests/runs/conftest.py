"""A log of its own for every test, small experiments, real processes that are ended by their id."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch

from kdcore import teachers
from kdcore.experiment import Experiment, Network, Teacher
from kdcore.frame import Frame, Shown
from kdcore.runs import RunLog, open_log

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


def small(steps: int = 60, **changes: Any) -> Experiment:
    """An experiment that takes a fraction of a second, with a teacher that does too."""
    settings: dict[str, Any] = {
        "teacher": Teacher(network=Network("mlp", widths=(16,)), steps=30),
        "seeds": 2,
        "steps": steps,
    }
    return Experiment(**settings | changes)


def made_up(step: int, steps: int = 1000, arms: tuple[str, ...] = ("hinton", "hard"), probes: int = 20) -> Frame:
    """A frame with everything in it, from no training."""
    luck = np.random.default_rng(step)
    shown = Shown(
        seed=0,
        rows=np.arange(probes, dtype=np.int32),
        logits=luck.normal(size=(len(arms), probes, 10)).astype(np.float32),
        features=luck.normal(size=(len(arms), probes, 16)).astype(np.float16),
        similarity=luck.normal(size=(len(arms), 10, 10)).astype(np.float32),
        batch_rows=np.arange(4, dtype=np.int32),
        batch_hard=luck.random((len(arms), 4)).astype(np.float32),
        batch_soft=luck.random((len(arms), 4)).astype(np.float32),
    )
    return Frame(
        step=step,
        steps=steps,
        arms=arms,
        seeds=(0, 1),
        control="hard" if "hard" in arms else None,
        scalars={"accuracy": luck.random((len(arms), 2)).astype(np.float32)},
        knobs={"temperature": np.full(len(arms), 4, np.float32)},
        stopped=np.zeros((len(arms), 2), bool),
        shown=shown,
    )


def wait_for(condition: Callable[[], T], seconds: float = 60.0, what: str = "") -> T:
    """The first true answer; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain for {what or condition}")
        time.sleep(0.01)
    return answer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder of this test alone."""
    folder = tmp_path / "home"
    monkeypatch.setenv("DKLAB_HOME", str(folder))
    monkeypatch.delenv("DKLAB_DATABASE_URL", raising=False)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    teachers._answers.cache_clear()
    yield folder
    torch.set_num_threads(threads)


@pytest.fixture
def log(home: Path) -> Iterator[RunLog]:
    opened = open_log()
    yield opened
    opened.close()


class Processes:
    """Starts `python -m ...` or a script in the test's data folder; ends all of them by id."""

    def __init__(self) -> None:
        self._started: list[subprocess.Popen[Any]] = []

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[Any]:
        environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen([sys.executable, *arguments], env=environment, cwd=ROOT, **options)
        self._started.append(process)
        return process

    def supervisor(self, log: RunLog, *arguments: str) -> subprocess.Popen[Any]:
        """Start a supervisor and wait until it says that it is there."""
        before = log.beats("supervisor", 3600)
        process = self.start("-m", "kdcore.runs.supervisor", *arguments)
        wait_for(lambda: log.beats("supervisor", 3600) not in ({}, before), what="the supervisor")
        return process

    def end(self) -> None:
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()


@pytest.fixture
def processes(log: RunLog) -> Iterator[Processes]:
    started = Processes()
    yield started
    started.end()
    for run in log.active():
        if run.worker:
            kill(run.worker)


def kill(name: str, number: int = signal.SIGKILL) -> None:
    """End the process of that name (host:pid:start)."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(int(name.split(":")[1]), number)
