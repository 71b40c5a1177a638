"""The one loop that trains everything: experiment in, frames out, commands in between."""

import math
import time
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

from kdcore.cohort import Cohort
from kdcore.experiment import Command, Experiment
from kdcore.frame import Frame, Stage
from kdcore.observation import Observer
from kdcore.preparation import Prepared, prepare
from kdcore.staging import Scene

__all__ = ["Prepared", "Training", "prepare", "replay", "train"]

Source = Callable[[int], Iterable[Command]]
FRAMES_BY_DEFAULT = 40


class Training:
    """A training that can be iterated for its frames, and whose state can be kept and taken up again.

    commands(step) gives the commands due before that step, and may wait: pausing and pace live there, not here.
    frames_every: a whole number of steps, a float in seconds, or a function of the step; by default some forty
    frames, evenly spread over the logarithm of the step. The first and the last step always give one.
    """

    def __init__(
        self,
        experiment: Experiment,
        *,
        commands: Source | None = None,
        frames_every: int | float | Callable[[int], bool] | None = None,
        dtype: torch.dtype = torch.float32,
        prepared: Prepared | None = None,
        solo: bool = False,
    ) -> None:
        self.prepared = prepared or prepare(experiment, solo=solo)
        self.cohort = Cohort(self.prepared, dtype)
        self.scene = Scene(self.prepared)
        self.observer = Observer(self.cohort, self.scene)
        self.step, self.steps = 0, self.prepared.steps
        self._commands = commands or (lambda step: ())
        self._due = _schedule(frames_every, self.steps)

    def __iter__(self) -> Iterator[Frame]:
        yield self.observer.frame(self.step)
        while self.step < self.steps:
            commands = list(self._commands(self.step))
            if any(command.kind == "stop" for command in commands):
                yield self.observer.frame(self.step, last=True)
                return
            for command in commands:
                self.apply(command)
            self.cohort.advance(self.step, self.step / self.steps, self._rate_factor())
            self.step += 1
            last = self.step == self.steps
            if last or self._due(self.step):
                yield self.observer.frame(self.step, last=last)

    def apply(self, command: Command) -> None:
        """Let one command act now; those that steer the source (pause, pace, ...) mean nothing here."""
        if command.kind == "set":
            self.cohort.change(command)
        elif command.kind == "show" and command.value in self.scene.seeds:
            self.observer.shown_seed = int(command.value)

    def _rate_factor(self) -> float:
        if self.prepared.experiment.schedule == "constant":
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * self.step / self.steps))

    def stage(self) -> Stage:
        """What stays fixed while this training goes on."""
        return self.scene.stage()

    def state(self) -> dict[str, Tensor]:
        """Everything that training has changed, by name: the live tensors, so keep copies before going on."""
        return self.cohort.state()

    def load(self, state: dict[str, Tensor], step: int) -> None:
        """Go on from a stored state after `step` steps, bit for bit on one thread."""
        self.cohort.load(state, step)
        self.step = step


def train(
    experiment: Experiment,
    *,
    commands: Source | None = None,
    frames_every: int | float | Callable[[int], bool] | None = None,
    dtype: torch.dtype = torch.float32,
    prepared: Prepared | None = None,
) -> Iterator[Frame]:
    """Train all students of an experiment, yielding frames; see `Training` for the arguments.

    Raises datasets.Missing where the data are not on this machine, and ValueError for a command that cannot act.
    """
    training = Training(experiment, commands=commands, frames_every=frames_every, dtype=dtype, prepared=prepared)
    return iter(training)


def replay(commands: Iterable[Command]) -> Source:
    """A source that gives recorded commands again, each at the step at which it took effect."""
    due: dict[int, list[Command]] = {}
    for command in commands:
        if command.step is not None:
            due.setdefault(command.step, []).append(command)
    return lambda step: due.get(step, ())


def _schedule(every: int | float | Callable[[int], bool] | None, steps: int) -> Callable[[int], bool]:
    if callable(every):
        return every
    if every is None:
        chosen = {round(steps ** (i / FRAMES_BY_DEFAULT)) for i in range(FRAMES_BY_DEFAULT + 1)}
        return lambda step: step in chosen
    if every <= 0:
        raise ValueError(f"frames_every must be above 0; got {every}")
    if isinstance(every, int):
        return lambda step: step % every == 0
    return _Clock(every)


class _Clock:
    """Due every so many seconds; measuring may take at most a tenth of the time, so slow frames come less often."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.wait = seconds, 0.0
        self.last = self.asked = time.perf_counter()

    def __call__(self, step: int) -> bool:
        now = time.perf_counter()
        if self.asked == self.last:
            # The first question after a frame comes one training step later: what passed is mostly measuring.
            self.wait = max(self.seconds, 9 * (now - self.last)) if self.wait else self.seconds
        self.asked = now
        if now - self.last < self.wait:
            return False
        self.last = self.asked = now
        return True
