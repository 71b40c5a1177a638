"""Planes for the tests of the page Tune: frames with numbers that are known, written to a real log."""

from __future__ import annotations

import dataclasses

import numpy as np

from kdcore.experiment import Experiment
from kdcore.frame import Frame
from kdcore.planes import Axis, Plane
from kdcore.runs import RunLog
from tests.app.made import make_frame

STEPS = 60


def small_plane(**fields: object) -> Plane:
    """Three by four cells, three seeds."""
    given: dict[str, object] = {
        "experiment": Experiment(seeds=3, steps=STEPS),
        "x": Axis("temperature", (1, 4, 16)),
        "y": Axis("alpha", (0, 0.1, 0.5, 0.9)),
    }
    return Plane(**given | fields)  # type: ignore[arg-type]


def level(column: int, row: int) -> float:
    """The mean validation accuracy of a cell: best at column 1, row 2; next to it at column 2; all equal at alpha 0."""
    return 0.5 if row == 0 else 0.9 - 0.1 * abs(column - 1.2) - 0.05 * abs(row - 2)


def _spread(plane: Plane, column: int, row: int) -> np.ndarray:
    """What each seed is above or below the mean; the same for all columns at alpha 0."""
    random = np.random.default_rng(row and 100 * column + row)
    drawn = random.normal(size=len(plane.experiment.seed_list)) * 0.02
    return np.asarray(drawn - drawn.mean())


def shard_frame(plane: Plane, shard: Experiment, step: int) -> Frame:
    """A frame of a shard: test accuracy is two points below validation, the control has 50 %."""
    frame = make_frame(shard, step, full=False)
    cells = {plane.name(*cell): level(*cell) + _spread(plane, *cell) for cell in plane.cells}
    control = 0.5 + _spread(plane, 0, 0)
    reached = np.stack([cells.get(arm, control) for arm in frame.arms]) * ((step + 1) / (STEPS + 1))
    known = {"validation_accuracy": reached, "accuracy": reached - 0.02}
    scalars = frame.scalars | {name: values.astype(np.float32) for name, values in known.items()}
    if step < STEPS:  # live frames of large cohorts carry the accuracies alone
        for name in ("ece", "agreement", "gradient_ratio"):
            scalars[name] = np.full_like(scalars[name], np.nan)
    return dataclasses.replace(frame, steps=STEPS, scalars=scalars)


def write_plane(
    log: RunLog,
    plane: Plane | None = None,
    *,
    owner: str = "me",
    steps: tuple[int, ...] = (0, 10, STEPS),
    workers: int = 2,
) -> str:
    """A plane whose shards have frames at these steps; finished where the last is the end. Its id."""
    plane = plane or small_plane()
    plane_id = log.create_study("plane", plane.model_dump_json(), owner=owner)
    for shard in plane.shards(workers):
        run_id = log.create(shard, owner=owner, pace="full", group=plane_id)
        if steps:
            log.claim(run_id, "worker", {})
        for step in steps:
            log.append(run_id, shard_frame(plane, shard, step))
        if steps and steps[-1] == STEPS:
            log.set_state(run_id, "finished")
    return plane_id
