"""What the server knows of a run that somebody watches: read from the log once, for all its viewers."""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from app.charts.history import History
from app.roles import Role, roles_of
from kdcore.experiment import Command
from kdcore.frame import Frame, Stage
from kdcore.runs import Run, RunLog

FRESH = 0.05
SLOW = 0.3
SEEN_EVERY = 60.0
KEPT = 64
LIVE_STATES = ("queued", "teacher", "running", "paused")


class Watched:
    """One run as its viewers see it. `refresh` reads what is new, at most twenty times a second."""

    def __init__(self, log: RunLog, run: Run) -> None:
        self.log, self.run = log, run
        self.roles: tuple[Role, ...] = roles_of(run.experiment)
        self.frame: Frame | None = None
        self.history = History()
        self.stage: Stage | None = None
        self.commands: list[Command] = []
        self.keyframes: list[int] = []
        self.siblings: list[Run] = []
        self.made: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.RLock()
        self._read_at = self._slow_at = self._seen_at = -1e9

    @property
    def live(self) -> bool:
        """Whether the run may still move."""
        return self.run.state in LIVE_STATES

    @property
    def state_key(self) -> tuple[Any, ...]:
        """Changes whenever the run has something new to show to everyone."""
        run, frame = self.run, self.frame
        newest = (frame.step, frame.at) if frame else None
        applied = sum(command.step is not None for command in self.commands)
        return (run.id, run.state, run.queue_position, newest, applied, len(self.keyframes), len(self.siblings))

    def refresh(self) -> None:
        """Bring everything up to date with the log; quick where nothing is new."""
        with self._lock:
            now = time.monotonic()
            if now - self._read_at < FRESH or (not self.live and self._read_at > 0 and now - self._read_at < SLOW):
                return
            self._read_at = now
            if now - self._seen_at > SEEN_EVERY and not self.run.recorded:
                self._seen_at = now
                self.log.watch(self.run.id)
            was = self.run.state
            self.run = self.log.run(self.run.id) or self.run
            moved = self._read_frames()
            if moved or self.run.state != was or now - self._slow_at > SLOW:
                self._slow_at = now
                self._read_rest()

    def _read_frames(self) -> bool:
        mark = self.log.newest_mark(self.run.id)
        if mark is None or (self.frame is not None and mark == (self.frame.step, self.frame.at)):
            return False
        frame = self.log.newest(self.run.id)
        if frame is None:
            return False
        if self.stage is None:
            self.stage = self.log.stage(self.run.id)
        last = self.history.steps[-1] if self.history.steps else -1
        self.history.extend(self.log.history(self.run.id, after=last))
        self.history.extend([frame])
        self.frame = frame
        return True

    def _read_rest(self) -> None:
        self.commands = self.log.commands(self.run.id)
        self.keyframes = list(self.log.keyframe_steps(self.run.id))
        if not self.live:
            others = self.log.runs(group=self.run.group or self.run.id)
            finished = [other for other in others if other.id != self.run.id and other.state == "finished"]
            self.siblings = [other for other in finished if _split(other) != _split(self.run)]

    def keep(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once for all viewers; the eight newest are kept."""
        with self._lock:
            if key not in self.made:
                self.made[key] = make()
                while len(self.made) > 8:
                    self.made.popitem(last=False)
            return self.made[key]


def _split(run: Run) -> Any:
    """The split of a run's data. Others of its group that have the same one only add seeds to it."""
    return json.loads(run.experiment_json).get("split")


_watched: OrderedDict[tuple[int, str], Watched] = OrderedDict()
_registry = threading.Lock()


def watch(log: RunLog, run_id: str | None) -> Watched | None:
    """The run of that id, up to date; None where there is no such run, or none that can be read here."""
    if not run_id:
        return None
    with _registry:
        watched = _watched.get((id(log), run_id))
        if watched is not None:
            _watched.move_to_end((id(log), run_id))
    if watched is None:
        run = log.run(run_id)
        if run is None:
            return None
        try:
            watched = Watched(log, run)
        except ValidationError:  # of data or with a network that were never known on this machine
            return None
        with _registry:
            watched = _watched.setdefault((id(log), run_id), watched)
            while len(_watched) > KEPT:
                _watched.popitem(last=False)
    watched.refresh()
    return watched
