"""A race as its viewers see it: a run of the log, read once for all of them, or the recording that ships."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.watch import Watched, watch
from kdcore import race_recording, racing
from kdcore.experiment import Experiment
from kdcore.folders import ASSETS
from kdcore.frame import Frame
from kdcore.racing import Standings
from kdcore.runs import RunLog

RECORDED = "recorded"
"""Stands for the recording where the id of a run does."""
SHIPPED = ASSETS / "race.dkrace"
logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Raced:
    """One race with what its students have reached. watched: its run, None where it is the recording."""

    id: str
    experiment: Experiment
    frame: Frame | None
    watched: Watched | None = None
    made: dict[Any, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """As a run's: queued, teacher, running, paused, finished, stopped or failed."""
        return self.watched.run.state if self.watched else "finished"

    @property
    def reason(self) -> str:
        """Why it failed, if it did."""
        return self.watched.run.reason if self.watched else ""

    @property
    def live(self) -> bool:
        """Whether it may still move."""
        return self.watched is not None and self.watched.live

    @property
    def owner(self) -> str:
        """The browser that started it."""
        return self.watched.run.owner if self.watched else ""

    @property
    def over(self) -> bool:
        """Whether its last frame is there, which is measured on all test examples."""
        return self.frame is not None and not self.live

    @property
    def standings(self) -> Standings | None:
        """How it stands, worked out once for all who look; None before its first frame."""
        frame = self.frame
        if frame is None:
            return None
        found: Standings = self.keep(("race", frame.step, frame.at), lambda: racing.standings(self.experiment, frame))
        return found

    def keep(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` gives, made once."""
        if self.watched is not None:
            return self.watched.keep(key, make)
        if key not in self.made:
            self.made[key] = make()
        return self.made[key]


def look(log: RunLog, race_id: str) -> Raced | None:
    """The race of that id, up to date; None where there is none."""
    if race_id == RECORDED:
        return recorded(SHIPPED)
    watched = watch(log, race_id)
    if watched is None or watched.run.deleted is not None:
        return None
    return Raced(race_id, watched.run.experiment, watched.frame, watched)


@lru_cache(maxsize=2)
def recorded(path: Path) -> Raced | None:
    """The race that ships with the program; None where its file is not there."""
    try:
        return Raced(RECORDED, *race_recording.load(path))
    except ValueError as problem:
        logger.warning("no recorded race to show: %s", problem)
        return None
