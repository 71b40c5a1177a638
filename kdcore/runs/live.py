"""Commands of people to a run that goes on. Pause, step, pace and "stop at" are this source not returning yet."""

import contextlib
import time
from typing import Protocol

from kdcore.experiment import Command
from kdcore.runs.commands import Pending
from kdcore.runs.database import LogUnavailable
from kdcore.runs.log import Run, RunLog
from kdcore.runs.outbox import Outbox
from kdcore.runs.pace import PACES, seconds_per_step

FRAME_SECONDS = 0.08
SLOW_FRAME_SECONDS = 0.4
POLL_SECONDS = 0.015
SLICE_SECONDS = 0.01
SETTLED_SECONDS = 0.5


class Suspended(Exception):
    """The run was paused for so long that it is written out and leaves its worker."""


class Trained(Protocol):
    """What the source may ask of the training, between two of its steps."""

    def apply(self, command: Command) -> None:
        """Let a command act now; ValueError where it cannot."""

    def publish(self) -> None:
        """Make a frame of the present step and write it to the log."""

    def keep(self) -> bool:
        """Write the weights out; whether that was possible."""


class LiveSource:
    """The command source of one run, for one thread: `commands` and `frame_due` are what the training loop calls."""

    def __init__(
        self,
        log: RunLog,
        outbox: Outbox,
        run: Run,
        steps: int,
        trained: Trained,
        *,
        paused: bool = False,
        suspend_after: float = 60.0,
    ) -> None:
        """`paused`: the run was written out while paused and is taken up again, still paused."""
        self._log, self._outbox, self._run_id, self._trained = log, outbox, run.id, trained
        self._steps, self._pace, self._stop_at = steps, run.pace, run.stop_at
        self._suspend_after = suspend_after
        self._changed = log.watcher()
        self._inbox: list[Pending] = []
        self._seen, self._next_poll, self._news = 0, 0.0, True
        self._paused, self._paused_since, self._kept = paused, time.monotonic(), paused
        self._one_step = False
        # The training makes the frame of its first step unasked.
        self._framed: int = run.step if paused else 0
        self._framed_at, self._frame_cost, self._measuring = time.monotonic(), 0.0, False
        self._began, self._waited = 0.0, False

    def frame_due(self, step: int) -> bool:
        """Whether to make a frame of this step: about 12 a second, fewer where they would cost a tenth of the time.

        Two a second are worth up to a third of it: a map of hundreds of students shall move as it fills.
        """
        now, cost = time.monotonic(), self._frame_cost
        rarer = min(9 * cost, max(SLOW_FRAME_SECONDS, 3 * cost))
        interval = FRAME_SECONDS if self._waited else max(FRAME_SECONDS, rarer)
        if now - self._framed_at < interval and not self._paused:
            return False
        self._framed, self._framed_at, self._measuring = step, now, True
        return True

    def commands(self, step: int) -> list[Command]:
        """Lets commands act; returns when the step may begin, with a stop if there is one. Raises Suspended."""
        if self._measuring:
            self._frame_cost, self._measuring = time.monotonic() - self._framed_at, False
        self._waited = False
        while True:
            self._poll()
            for pending in self._due(step):
                if self._take(pending, step).kind == "stop":
                    return [pending.command]
            if self._stop_at is not None and self._stop_at <= step and not self._paused:
                if self._stop_at == step:
                    self._pause(step)
                self._set_stop_at(None)
            if self._may_begin(step):
                return []

    def _due(self, step: int) -> list[Pending]:
        """Takes the commands out of the inbox that act now; a planned one waits there for its step."""
        due = [pending for pending in self._inbox if (pending.command.step or 0) <= step]
        self._inbox = [pending for pending in self._inbox if (pending.command.step or 0) > step]
        return due

    def _may_begin(self, step: int) -> bool:
        now = time.monotonic()
        if self._one_step:
            self._one_step, self._kept, self._paused_since = False, False, now
            return True
        if self._paused:
            self._stay_paused(now - self._paused_since)
            return False
        begin = self._began + seconds_per_step(self._pace, step, self._steps)
        if now < begin:
            self._waited = True
            time.sleep(min(SLICE_SECONDS, begin - now))
            return False
        # A step that came late is made up for, a little: the pace is kept on average.
        self._began = max(begin, now - 0.1)
        return True

    def _stay_paused(self, seconds: float) -> None:
        written = self._outbox.flush()
        if not self._kept and seconds >= min(SETTLED_SECONDS, self._suspend_after):
            self._kept = self._trained.keep()
            self._paused_since += 0.0 if self._kept else SETTLED_SECONDS
        if self._kept and written and seconds >= self._suspend_after:
            raise Suspended
        time.sleep(SLICE_SECONDS)

    def _take(self, pending: Pending, step: int) -> Command:
        command = pending.command
        if command.step is not None:
            self._frame(step)  # what a planned change does can be told from the last frame before it
        if command.kind == "pause" or (command.kind == "step" and not self._paused):
            self._pause(step)
        elif command.kind == "step":
            self._one_step = True
        elif command.kind == "resume" and self._paused:
            self._paused, self._one_step, self._began = False, False, 0.0
            self._outbox.put(lambda: self._log.set_state(self._run_id, "running"))
        elif command.kind == "pace" and command.value in PACES:
            self._pace = pace = str(command.value)
            self._outbox.put(lambda: self._log.update(self._run_id, pace=pace))
        elif command.kind == "stop_at":
            self._set_stop_at(int(command.value) if isinstance(command.value, int | float) else None)
        elif command.kind in ("set", "show") and (refused := self._act(command)):
            self._outbox.put(lambda: self._log.refused(self._run_id, pending.number, refused))
            return command
        self._outbox.put(lambda: self._log.applied(pending.number, step))
        return command

    def _act(self, command: Command) -> str:
        """Let a command act on the training; why it could not, if so. While paused, it is shown at once."""
        try:
            self._trained.apply(command)
        except ValueError as error:
            return str(error)
        if self._paused:
            self._trained.publish()
        return ""

    def _pause(self, step: int) -> None:
        if self._paused:
            return
        self._paused, self._paused_since, self._kept = True, time.monotonic(), False
        self._frame(step)
        self._outbox.put(lambda: self._log.set_state(self._run_id, "paused"))

    def _frame(self, step: int) -> None:
        if self._framed != step:
            self._trained.publish()
            self._framed = step

    def _set_stop_at(self, step: int | None) -> None:
        self._stop_at = step
        self._outbox.put(lambda: self._log.update(self._run_id, stop_at=step))

    def _poll(self) -> None:
        now = time.monotonic()
        if now < self._next_poll:
            return
        self._next_poll = now + POLL_SECONDS
        self._news = self._changed() or self._news
        if not self._news:
            return
        with contextlib.suppress(LogUnavailable):  # what it has to say is read later
            for pending in self._log.pending(self._run_id, after=self._seen):
                self._inbox.append(pending)
                self._seen = pending.number
            self._news = False
