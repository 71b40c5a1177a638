"""The board of a step that is not trained yet: what the students will hear, and nothing of what came of it."""

from typing import Any

import numpy as np

from app import seeing, store
from app.charts.accuracy import RANKS, stroke_of
from app.charts.accuracy import figure as accuracy_figure
from app.charts.common import numbers
from app.charts.history import History
from app.own_view import Viewer
from app.picture import chosen
from app.roles import find, roles_of
from app.snapshot import empty, stage_version, version
from app.watch import Watched, watch
from kdcore.experiment import Experiment
from kdcore.frame import Stage
from kdcore.runs import Run, RunLog

LOOKED_AT = 60


def veiled(log: RunLog, experiment: Experiment, viewer: Viewer, headline: str) -> dict[str, Any]:
    """The board before Train. Pictures and the teacher's opinions of them come from an earlier run that had the same.

    Without such a run only the axes are there: nothing is trained for a look.
    """
    earlier = _earlier(log, experiment)
    stage = earlier.stage if earlier else None
    seen: dict[str, Any] = {
        "headline": headline,
        "detail": "" if earlier else "Nothing like it was trained here yet: pictures and opinions come with the run.",
        "steps": experiment.total_steps(experiment.transfer_size or experiment.facts.train),
        "seeds": list(experiment.seed_list),
        "seed": experiment.seed_list[0],
        "teacher": {"name": experiment.teacher.name, "accuracy": None},
        "student": {"name": experiment.student.name},
        "classes": list(experiment.facts.classes),
    }
    seen["figures"] = {"accuracy": _axes(experiment, stage, seen["steps"])}
    if earlier is not None and stage is not None:
        seen |= _heard(experiment, earlier, stage, viewer)
    whole = empty(viewer) | seen
    about = f"veiled-{earlier.run.id if earlier else ''}-{viewer.follow}-{headline}-{experiment.model_dump_json()}"
    return whole | {
        "version": version(about, {"own": whole["notes"], "knobs": whole["knobs"], "hidden": whole["hidden"]})
    }


def _earlier(log: RunLog, experiment: Experiment) -> Watched | None:
    """The newest run in which the same students heard the same teacher about the same inputs."""
    for run in [*log.runs(limit=LOOKED_AT), *_recorded(log)]:
        if run.step and _same(run, experiment):
            found = watch(log, run.id)
            if found is not None and found.stage is not None:
                return found
    return None


def _recorded(log: RunLog) -> list[Run]:
    found = log.run(store.recorded_run(log) or "")
    return [found] if found else []


def _same(run: Run, other: Experiment) -> bool:
    try:
        one = run.experiment
    except ValueError:  # written by an older version
        return False
    names = ("dataset", "split", "teacher", "transfer")
    alike = all(getattr(one, name) == getattr(other, name) for name in names)
    return alike and set(other.seed_list) <= set(one.seed_list)


def _axes(experiment: Experiment, stage: Stage | None, steps: int) -> dict[str, Any]:
    """The chart that the curves will grow on, with the two levels that are known and the names of who will learn."""
    roles = roles_of(experiment)
    drawn = accuracy_figure(
        History(),
        roles,
        steps=steps,
        revision="veiled",
        teacher=stage.teacher_scalars["accuracy"] if stage else None,
        chance=1 / len(experiment.facts.classes),
    )
    nothing = {"type": "scatter", "mode": "lines", "x": [None], "y": [None], "hoverinfo": "skip"}
    for role in roles:
        line = {"name": role.label, "line": stroke_of(role, roles), "legendrank": RANKS[role.role]}
        drawn["data"].append(nothing | line)
    return drawn


def _heard(experiment: Experiment, earlier: Watched, stage: Stage, viewer: Viewer) -> dict[str, Any]:
    temperature = float(viewer.values["temperature"])
    row, seed = chosen(stage, None, viewer.follow), experiment.seed_list[0]
    seat = stage.seeds.index(seed)
    told = np.flatnonzero(stage.transfer_rows[seat] == row)
    label = int(stage.transfer_labels[seat][told[0]]) if len(told) else -1
    logits = stage.teacher_logits[row]
    distilled = find(roles_of(experiment), "distilled")
    true, heard = int(stage.labels[row]), bool(len(told))
    example = {
        "row": row,
        "heard": heard,
        "true": true,
        "label": label if label >= 0 else None,
        "opinions": [{"role": "teacher", "name": "teacher", "logits": numbers(logits, 3)}],
    }
    said = [("teacher", logits.astype(np.float64))]
    return {
        "stage_url": f"/lab/run/{earlier.run.id}/stage.json?v={stage_version(earlier)}",
        "teacher": {"name": stage.teacher_name, "accuracy": round(stage.teacher_scalars["accuracy"], 4)},
        "chance": round(stage.chance, 4),
        "example": example,
        "says": {
            "heard": seeing.heard(stage, experiment, temperature if distilled else None, seed),
            "example": seeing.example(stage.class_names, true, said, temperature, heard),
            "accuracy": "The curves begin with Train.",
        },
    }
