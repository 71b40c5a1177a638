"""A plane as its viewers see it: read from the log once for all of them, or from the recording that ships."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from app.charts.common import Array
from kdcore import plane_recording, planes, statistics
from kdcore.folders import ASSETS
from kdcore.frame import Frame
from kdcore.planes import Field, Plane
from kdcore.runs import ENDED, Run, RunLog, Study
from kdcore.statistics import Region

RECORDED = "recorded"
"""Stands for the recording where the id of a study does."""
SHIPPED = ASSETS / "plane.dkplane"
FRESH = 0.15
MOST_SHARDS = 1000
SEEN_EVERY = 60.0
APART, FEW_STEPS = 0.25, 2
KEPT = 16
Made = TypeVar("Made")
logger = logging.getLogger(__name__)


class Tuned:
    """One plane with what its students have reached. `refresh` reads what is new, at most seven times a second.

    state: waiting, teacher, training, stopped, finished or failed. frames: of each shard the one that is nearest to
    where the slowest shard is, so that cells are seen at about the same step.
    """

    def __init__(self, plane_id: str, plane: Plane, log: RunLog | None = None) -> None:
        self.id, self.plane, self.log = plane_id, plane, log
        self.study: Study | None = None
        self.runs: list[Run] = []
        self.frames: list[Frame] = []
        self.field: Field = planes.field(plane, [])
        self.state = "waiting"
        self.reason = ""
        self.made: OrderedDict[Any, Any] = OrderedDict()
        self._recorded: list[list[Frame]] = []
        self._passed: dict[str, list[Frame]] = {}
        self._lock = threading.RLock()
        self._read_at = self._seen_at = -1e9

    @classmethod
    def of_recording(cls, path: Path) -> "Tuned":
        """The plane in a recording. ValueError where the file is none."""
        plane, histories = plane_recording.load(path)
        tuned = cls(RECORDED, plane)
        tuned._recorded, tuned.state = histories, "finished"
        tuned.frames = [frames[-1] for frames in histories]
        tuned.field = planes.field(plane, tuned.frames)
        return tuned

    @property
    def live(self) -> bool:
        """Whether it may still move."""
        return self.state in ("waiting", "teacher", "training")

    @property
    def mark(self) -> str:
        """Changes whenever there is something new to see."""
        return "-".join([self.state, *(f"{frame.step}.{int(frame.at * 1000) % 10**7:x}" for frame in self.frames)])

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.plane.y.values), len(self.plane.x.values)

    def histories(self) -> list[list[Frame]]:
        """The kept frames of each shard, in step order."""
        if self.log is None:
            return self._recorded
        found = []
        for run in self.runs:
            frames = self.log.history(run.id)
            newest = self.log.newest(run.id)
            if newest is not None and (not frames or newest.step > frames[-1].step):
                frames = [*frames, newest.thin()]
            found.append(frames)
        return found

    def keep(self, key: Any, make: Callable[[], Made]) -> Made:
        """What `make` gives for what is there to see now, made once for all viewers."""
        key = (self.mark, key)
        with self._lock:
            if key not in self.made:
                self.made[key] = make()
                while len(self.made) > KEPT:
                    self.made.popitem(last=False)
            made: Made = self.made[key]
            return made

    def refresh(self) -> None:
        """Bring everything up to date with the log."""
        log = self.log
        if log is None:
            return
        with self._lock:
            now = time.monotonic()
            if now - self._read_at < FRESH:
                return
            self._read_at = now
            self.study = log.study(self.id) or self.study
            self.runs = sorted(_shards(log, self.id), key=lambda run: run.created)
            self.state, self.reason = _state(self.runs)
            frames = self._abreast(log)
            if [(frame.step, frame.at) for frame in frames] != [(frame.step, frame.at) for frame in self.frames]:
                self.frames, self.field = frames, planes.field(self.plane, frames)
            if self.runs and not self.live and self.study and self.study.state == "running":
                log.update_study(self.id, state=self.state, reason=self.reason)
            if now - self._seen_at > SEEN_EVERY:
                self._seen_at = now
                for run in self.runs:
                    log.watch(run.id)

    def _abreast(self, log: RunLog) -> list[Frame]:
        """Of each shard the frame whose step is nearest to where the slowest one is."""
        newest = {run.id: frame for run in self.runs if (frame := log.newest(run.id)) is not None}
        slowest = min((frame.step for frame in newest.values()), default=0)
        found = []
        for run_id, frame in newest.items():
            passed = self._passed.setdefault(run_id, [] if self.live else log.history(run_id))
            if not passed or (passed[-1].step, passed[-1].at) != (frame.step, frame.at):
                passed.append(frame)
            nearest = min(range(len(passed)), key=lambda place: abs(passed[place].step - slowest))
            self._passed[run_id] = passed[nearest:]
            found.append(passed[nearest])
        return found


def _shards(log: RunLog, study_id: str) -> list[Run]:
    """The runs that hold its cells; a teacher that is trained for one of them is that run's child."""
    return [run for run in log.runs(limit=MOST_SHARDS, group=study_id) if run.parent is None]


def _state(runs: list[Run]) -> tuple[str, str]:
    """How all shards together stand, and why if something went wrong."""
    states = {run.state for run in runs}
    if states - set(ENDED):
        moving = states & {"running", "paused"}
        return ("training" if moving else "teacher" if "teacher" in states else "waiting"), ""
    for state in ("failed", "stopped"):
        if state in states:
            return state, next((run.reason for run in runs if run.state == state and run.reason), "")
    return ("finished", "") if runs else ("failed", "its runs are no longer in the log")


_known: OrderedDict[tuple[int, str], Tuned] = OrderedDict()
_registry = threading.Lock()


def look(log: RunLog, plane_id: str) -> Tuned | None:
    """The plane of that id, up to date; None where there is none."""
    if plane_id == RECORDED:
        return recorded(SHIPPED)
    with _registry:
        tuned = _known.get((id(log), plane_id))
    if tuned is None:
        study = log.study(plane_id)
        if study is None or study.kind != "plane":
            return None
        try:
            tuned = Tuned(plane_id, Plane.model_validate_json(study.spec), log)
        except ValueError:
            logger.warning("the plane %s was written by another version and cannot be read", plane_id)
            return None
        with _registry:
            tuned = _known.setdefault((id(log), plane_id), tuned)
            while len(_known) > KEPT:
                _known.popitem(last=False)
    tuned.refresh()
    return tuned


@lru_cache(maxsize=2)
def recorded(path: Path) -> Tuned | None:
    """The plane that ships with the program; None where its file is not there."""
    try:
        return Tuned.of_recording(path)
    except ValueError as problem:
        logger.warning("no recorded plane to show: %s", problem)
        return None


def region(tuned: Tuned) -> Region | None:
    """The best cell on validation and those that cannot be told apart from it; None while that cannot be said.

    Shards may be some steps apart until they end: cells are compared while these are few.
    """
    at, values = tuned.field.at, tuned.field.values.get("validation_accuracy")
    if values is None or at.min() < 0 or at.max() > at.min() * (1 + APART) + FEW_STEPS:
        return None
    try:
        return statistics.best_region(values.reshape(-1, values.shape[-1]))
    except ValueError:
        return None  # no cell has a number yet


def cell_difference(tuned: Tuned, column: int, row: int, frame: Frame) -> float | None:
    """The largest difference of any accuracy between a cell and its students trained anew, a fraction.

    frame: the last one of `plane.cell_experiment(column, row)`. None while the cell is not trained to its end.
    """
    if tuned.field.at[row, column] < frame.steps or frame.step < frame.steps:
        return None
    name = tuned.plane.name(column, row)
    found: list[Array] = [
        np.abs(frame.measures[measure][name] - tuned.field.values[measure][row, column])
        for measure in ("accuracy", "validation_accuracy")
    ]
    return float(np.nanmax(found))
