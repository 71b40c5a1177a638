"""A worker: one process that waits, warm, for the id of a run on its standard input, and trains it.

It says "ready" on standard output whenever it waits. After a run it waits for the next; when its input ends (its
supervisor is gone) it finishes the run it has and ends.
"""

import argparse
import contextlib
import gc
import itertools
import json
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from kdcore import datasets, teachers
from kdcore.experiment import Command, Experiment
from kdcore.frame import Frame
from kdcore.runs import weights
from kdcore.runs.database import LogUnavailable
from kdcore.runs.frames import Keeping
from kdcore.runs.live import LiveSource, Suspended
from kdcore.runs.log import Run, RunLog, open_log
from kdcore.runs.outbox import Outbox
from kdcore.runs.processes import EXIT_NO_LOG, own_name
from kdcore.runs.summary import Account, versions
from kdcore.runs.teaching import Stopped, teach
from kdcore.training import Training, prepare

HEARTBEAT_SECONDS = 1.0
Stored = tuple[int, dict[str, torch.Tensor]]


def main() -> None:
    """Wait for runs and train them, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suspend-after", type=float, default=60.0, help="seconds of pause until a run is written out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    log = open_log()
    warm()
    _ready()
    for line in sys.stdin:
        work(log, line.strip(), options.suspend_after)
        gc.collect()
        _ready()


def _ready() -> None:
    with contextlib.suppress(BrokenPipeError):
        print("ready", flush=True)


def warm() -> None:
    """Train one real step, so that everything a run needs is imported and the default data and teacher are here."""
    experiment, solo = Experiment(), False
    if not teachers.is_cached(experiment.dataset, experiment.split, experiment.teacher):
        experiment, solo = teachers.experiment_of(experiment), True
    for frame in itertools.islice(Training(experiment, frames_every=1, solo=solo), 2):
        frame.to_bytes()


def work(log: RunLog, run_id: str, suspend_after: float = 60.0) -> None:
    """Train one run to its end, or until it has been paused for `suspend_after` seconds.

    What goes wrong is written to the log as the reason, and ends this process, whose state nobody vouches for then.
    """
    run = log.run(run_id)
    stored = weights.load(log.folder, run_id) if run and run.step else None
    if run is None or not log.claim(run_id, own_name(), versions(), "paused" if stored else "running"):
        return
    if run.step and stored is None:
        log.set_state(
            run_id, "failed", "The weights of this paused run are gone. Its frames are kept; a copy can be trained."
        )
        return
    outbox = Outbox()
    with heartbeat(log, [run_id]) as alive:
        try:
            teach(log, outbox, run, alive)
            Work(log, outbox, run).train(stored, suspend_after)
        except Suspended:
            log.update(run_id, worker=None)
        except Stopped:
            log.set_state(run_id, "stopped")
        except (datasets.Missing, datasets.Malformed) as error:
            log.set_state(run_id, "failed", str(error))
        except LogUnavailable as error:
            print(f"run {run_id}: {error}", file=sys.stderr, flush=True)
            sys.exit(EXIT_NO_LOG)
        except Exception as error:
            traceback.print_exc()
            log.set_state(run_id, "failed", f"{type(error).__name__}: {error}")
            sys.exit(1)


class Work:
    """One run in this process: its training, and the way of its frames and weights to the log."""

    def __init__(self, log: RunLog, outbox: Outbox, run: Run) -> None:
        self.log, self.outbox, self.run = log, outbox, run
        self.account = Account(run.summary)
        self.training: Training

    def train(self, stored: Stored | None, suspend_after: float) -> None:
        """Train to the end, or to a stop; from what was stored if it was written out before."""
        prepared = prepare(self.run.experiment)
        source = LiveSource(
            self.log,
            self.outbox,
            self.run,
            prepared.steps,
            self,
            paused=stored is not None,
            suspend_after=suspend_after,
        )
        self.training = Training(
            self.run.experiment, commands=source.commands, frames_every=source.frame_due, prepared=prepared
        )
        if stored:
            self.training.load(stored[1], stored[0])
        self.keeping = Keeping(prepared.steps, first=self.run.step if stored else -1)
        stage = self.training.stage()
        self.outbox.put(lambda: self.log.set_stage(self.run.id, stage))
        for frame in self.training:
            self.write(frame)
        self.keep()
        self.outbox.drain()
        state = "finished" if frame.step >= frame.steps else "stopped"
        self.log.set_state(self.run.id, state, self._trouble(), summary=self.account.line())

    def _trouble(self) -> str:
        """What went wrong in methods while the other arms went on; empty where nothing did."""
        return " ".join(f"{arm} was stopped: {what}." for arm, what in self.training.cohort.raised.items())

    def write(self, frame: Frame) -> None:
        """Write a frame to the log, now or when the log can be written again."""
        self.outbox.put(lambda: self.log.append(self.run.id, frame, self.keeping), spare=True)
        if self.account.see(frame) and self.outbox.flush():
            self.summarise()

    def summarise(self) -> None:
        """Write the line that stands for this run in lists."""
        line, trouble = json.dumps(self.account.line()), self._trouble()
        self.outbox.put(lambda: self.log.update(self.run.id, summary=line, **({"reason": trouble} if trouble else {})))

    def apply(self, command: Command) -> None:
        """Let a command act now; ValueError where it cannot."""
        self.training.apply(command)

    def publish(self) -> None:
        """Make a frame of the present step and write it to the log."""
        self.write(self.training.observer.frame(self.training.step))

    def keep(self) -> bool:
        """Write the weights beside the log; whether that was possible."""
        self.summarise()
        try:
            weights.save(self.log.folder, self.run.id, self.training.step, self.training.state())
        except OSError as error:
            print(f"run {self.run.id}: the weights cannot be written: {error}", file=sys.stderr, flush=True)
            return False
        return True


@contextmanager
def heartbeat(log: RunLog, run_ids: list[str]) -> Iterator[list[str]]:
    """Say every second that these runs are alive; the yielded list may grow."""
    done = threading.Event()

    def beat() -> None:
        while not done.wait(HEARTBEAT_SECONDS):
            with contextlib.suppress(LogUnavailable):
                log.heartbeat(run_ids)

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield run_ids
    finally:
        done.set()
        thread.join()


if __name__ == "__main__":
    main()
