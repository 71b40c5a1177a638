"""What is written of a run once a second and at its end: the line that stands for it in lists, and the versions its
numbers depend on."""

import math
import sys
import time
from importlib import metadata
from typing import Any

import numpy as np

from kdcore.frame import Array, Frame

MOST_ARMS = 16
EVERY_SECONDS = 1.0


class Best:
    """The highest validation accuracy of each arm over a run, mean over seeds, and the step it was reached at.

    It is chosen among many frames, so it is too good by chance: what is reported is the last frame.
    """

    def __init__(self, known: dict[str, Any] | None = None) -> None:
        """known: what an earlier process saw, as `line` gave it."""
        self._seen = {arm: (float(value), int(step)) for arm, (value, step) in (known or {}).items()}

    def see(self, frame: Frame) -> None:
        """Take one more frame into account."""
        for arm, value in _means(frame, "validation_accuracy").items():
            if value is not None and value > self._seen.get(arm, (-1.0, 0))[0]:
                self._seen[arm] = (value, frame.step)

    def line(self, arms: tuple[str, ...]) -> dict[str, list[float]]:
        """[fraction, step] of each of these arms that was measured."""
        return {arm: list(self._seen[arm]) for arm in arms if arm in self._seen}


class Account:
    """The summary of one run as it grows: `see` every frame, write `line` where that says so."""

    def __init__(self, before: dict[str, Any]) -> None:
        """before: the summary that an earlier process wrote of this run, where it is taken up again; else empty."""
        self._best = Best(before.get("best"))
        self._frame: Frame | None = None
        self._before, self._began = float(before.get("seconds", 0.0)), time.monotonic()
        self._written = self._began - EVERY_SECONDS

    def see(self, frame: Frame) -> bool:
        """Take a frame into account; whether a second has gone by since the last line."""
        self._best.see(frame)
        self._frame, now = frame, time.monotonic()
        due = now - self._written >= EVERY_SECONDS
        self._written = now if due else self._written
        return due

    def line(self) -> dict[str, Any]:
        """The summary up to the newest frame; empty before the first."""
        if self._frame is None:
            return {}
        return summary(self._frame, self._before + time.monotonic() - self._began, self._best)


def summary(frame: Frame, seconds: float, best: Best | None = None) -> dict[str, Any]:
    """Means over seeds by arm, as plain numbers (accuracies are fractions); None where there is no number.

    Every scalar measure of the frame by its name; gain and its 95 % interval over seeds (without a control arm left
    out); stopped: diverged students; best: highest validation accuracy and its step. Of more than 16 arms there are
    only the control and the one that is best on validation; `arms` counts them all.
    """
    chosen = _chosen(frame)
    line: dict[str, Any] = {
        "step": frame.step,
        "seconds": round(seconds, 3),
        "seeds": len(frame.seeds),
        "arms": len(frame.arms),
        "control": frame.control,
        "stopped": {arm: int(frame.stopped[frame.arms.index(arm)].sum()) for arm in chosen},
    }
    for measure, values in frame.scalars.items():
        if values.ndim == 2:
            means = _means(frame, measure)
            line[measure] = {arm: means[arm] for arm in chosen}
    if frame.control is not None:
        line["gain"] = {arm: _number(_mean(frame.gain[arm])) for arm in chosen}
        line["interval"] = {arm: [_number(end) for end in frame.interval(arm)] for arm in chosen}
    if best is not None:
        line["best"] = best.line(chosen)
    return line


def _chosen(frame: Frame) -> tuple[str, ...]:
    """The arms that stand in the line."""
    if len(frame.arms) <= MOST_ARMS:
        return frame.arms
    measured = {arm: value for arm, value in _means(frame, "validation_accuracy").items() if value is not None}
    rivals = {arm: value for arm, value in measured.items() if arm != frame.control}
    first = max(rivals, key=lambda arm: rivals[arm]) if rivals else frame.arms[0]
    return (first, frame.control) if frame.control not in (None, first) else (first,)


def _means(frame: Frame, measure: str) -> dict[str, float | None]:
    if measure not in frame.scalars:
        return dict.fromkeys(frame.arms)
    means = frame.scalars[measure].mean(-1, dtype=np.float64)
    return {arm: _number(mean) for arm, mean in zip(frame.arms, means, strict=True)}


def _mean(values: Array) -> float:
    return float(values.mean(dtype=np.float64))


def _number(value: float) -> float | None:
    """As many digits as float32 has."""
    return float(f"{value:.7g}") if math.isfinite(value) else None


def versions() -> dict[str, str]:
    """What the numbers of a run depend on."""
    return {name: metadata.version(name) for name in ("torch", "numpy")} | {
        "kdcore": _own_version(),
        "python": sys.version.split()[0],
    }


def _own_version() -> str:
    try:
        return metadata.version("dark-knowledge-lab")
    except metadata.PackageNotFoundError:
        return "not installed"
