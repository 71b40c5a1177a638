"""The projector: UMAP layouts of the runs that somebody looks at, in a process of its own at the lowest priority.

Started by the supervisor on a wish in the log; ends half a minute after the last one. A layout starts from the one
before it, and takes at most a tenth of the time.
"""

import os
import sys
import time
from dataclasses import dataclass, field

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from kdcore.frame import Frame
from kdcore.projections.umap_layout import umap_layout
from kdcore.runs.database import LogUnavailable
from kdcore.runs.log import RunLog, open_log
from kdcore.runs.wishes import wishes

POLL_SECONDS = 0.1
UNWANTED_SECONDS = 30.0
REST = 9.0


@dataclass
class Projector:
    """The newest layouts of every run, from which the next ones start."""

    log: RunLog
    layouts: dict[str, dict[str, NDArray[np.float32]]] = field(default_factory=dict)

    def project(self, run_id: str, step: int | None) -> bool:
        """Lay out the newest frame of a run, or the keyframe at a step, unless that is done; whether it was due."""
        frame = self.log.newest(run_id) if step is None else self.log.keyframe(run_id, step)
        stage = self.log.stage(run_id)
        if frame is None or frame.shown is None or stage is None or frame.step in self.log.layout_steps(run_id):
            return False
        known = self.layouts.setdefault(run_id, self._earlier(run_id))
        if "teacher" not in known:
            known["teacher"] = umap_layout(stage.teacher_features)
        known |= _of_arms(frame, known)
        self.log.set_layouts(run_id, frame.step, {name: layout.astype(np.float16) for name, layout in known.items()})
        return True

    def _earlier(self, run_id: str) -> dict[str, NDArray[np.float32]]:
        steps = self.log.layout_steps(run_id)
        stored = self.log.layouts(run_id, steps[-1]) if steps else None
        return {name: layout.astype(np.float32) for name, layout in (stored or {}).items()}


def _of_arms(frame: Frame, known: dict[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    assert frame.shown is not None
    return {
        arm: umap_layout(features, init=known.get(arm, known["teacher"]))
        for arm, features in zip(frame.arms, frame.shown.features, strict=True)
    }


def main() -> None:
    """Project while anybody looks."""
    os.nice(10)
    log = open_log()
    lock = FileLock(log.folder / "projector.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.exit("There is a projector already.")
    # The first layout in a process compiles (12 s; 1 s where an earlier process has): not to be counted as its cost.
    some = np.random.default_rng(0).normal(size=(100, 16))
    umap_layout(some, init=umap_layout(some))
    projector = Projector(log)
    wanted_at = time.monotonic()
    while time.monotonic() - wanted_at < UNWANTED_SECONDS:
        began, done = time.monotonic(), False
        try:
            for run_id, step in wishes(log).items():
                wanted_at = began
                done = projector.project(run_id, step) or done
        except LogUnavailable as error:
            print(error, file=sys.stderr, flush=True)
        time.sleep(REST * (time.monotonic() - began) if done else POLL_SECONDS)


if __name__ == "__main__":
    main()
