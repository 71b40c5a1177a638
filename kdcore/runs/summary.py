"""What is written of a run once: the line that stands for it in lists, and the versions its numbers depend on."""

import math
import sys
from importlib import metadata
from typing import Any

from kdcore.frame import Frame


def summary(frame: Frame, seconds: float) -> dict[str, Any]:
    """Means over seeds by arm, as plain numbers (fractions); None where there is no number.

    accuracy; gain and its 95 % interval over seeds (without a control arm left out); stopped: diverged students.
    """
    line: dict[str, Any] = {
        "step": frame.step,
        "seconds": round(seconds, 3),
        "seeds": len(frame.seeds),
        "control": frame.control,
        "accuracy": {arm: _number(frame.accuracy[arm].mean()) for arm in frame.arms},
        "stopped": {arm: int(frame.stopped[index].sum()) for index, arm in enumerate(frame.arms)},
    }
    if frame.control is not None:
        line["gain"] = {arm: _number(frame.gain[arm].mean()) for arm in frame.arms}
        line["interval"] = {arm: [_number(end) for end in frame.interval(arm)] for arm in frame.arms}
    return line


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


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
