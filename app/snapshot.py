"""The whole board of one viewer as plain JSON: what all viewers of a run share, and what is this viewer's own."""

import zlib
from typing import Any

from app import loss_words, sentences
from app.changes import Change, changes_of, events_of, knobs_now, lowered
from app.charts.accuracy import figure as accuracy_figure
from app.charts.common import Figure, blank
from app.controls import Values
from app.experiments import values_of
from app.own_view import PACES, Viewer, chosen, own
from app.picture import Layouts, picture
from app.roles import find
from app.watch import Watched, watch
from kdcore import datasets
from kdcore.frame import Frame
from kdcore.runs import Run, RunLog

STUDENT_FIGURES = ("embedding_teacher", "embedding_student", "similarity", "difference", "losses", "ratio")
STUDENT_SENTENCES = ("heard", "example", "embedding", "similarity", "difference", "losses", "ratio")


def snapshot(log: RunLog, run_id: str | None, viewer: Viewer) -> dict[str, Any]:
    """The board's data. Without a run it is the empty board, ready to train."""
    watched = watch(log, run_id)
    if watched is None:
        return empty(viewer)
    layouts_key, layouts = _layouts(watched, viewer.umap)
    learning = watch(log, watched.run.teacher_run) if watched.run.state == "teacher" else None
    key = (watched.state_key, learning.state_key if learning else None, viewer.follow, layouts_key)
    shared = watched.keep(key, lambda: _shared(watched, learning, viewer.follow, layouts))
    mine = own(watched, viewer, shared["notes"])
    whole: dict[str, Any] = shared | mine | {"version": version(shared["version"], mine)}
    return whole


def keyframe_view(log: RunLog, run_id: str, step: int, follow: int | None) -> dict[str, Any] | None:
    """What changes along the time line, at the nearest kept step at or before; None where there is none."""
    watched = watch(log, run_id)
    if watched is None or watched.stage is None:
        return None
    frame = log.keyframe(run_id, step)
    if frame is None:
        return None
    history = watched.history.until(frame.step)
    drawn = picture(
        watched.run.experiment, watched.roles, frame, watched.stage, history, revision=run_id, follow=follow
    )
    del drawn["figures"]["accuracy"]
    return drawn


def _layouts(watched: Watched, wanted: bool) -> tuple[int | None, Layouts | None]:
    """The newest UMAP layout where it is wanted and there is one, with its step."""
    if not wanted or watched.frame is None:
        return None, None
    steps = [step for step in watched.log.layout_steps(watched.run.id) if step <= watched.frame.step]
    return (steps[-1], watched.log.layouts(watched.run.id, steps[-1])) if steps else (None, None)


def version(shared: str, own: dict[str, Any]) -> str:
    """A short text that changes with anything on the board."""
    return f"{shared}-{zlib.crc32(repr(own).encode()):08x}"


def empty(viewer: Viewer) -> dict[str, Any]:
    """The board without a run."""
    idle: dict[str, Any] = {
        "run": None,
        "state": "idle",
        "recorded": False,
        "mine": True,
        "reason": "",
        "queue": 0,
        "headline": "A teacher, a student who hears its opinions, and one who hears labels only. Press Train.",
        "detail": "",
        "notes": viewer.notes,
    } | chosen(viewer)
    return _blank(viewer.values) | idle | {"version": version("none", idle)}


def _blank(values: Values) -> dict[str, Any]:
    """Every key of a snapshot, with nothing in it."""
    return {
        "step": 0,
        "steps": values["steps"],
        "at": 0.0,
        "seed": 0,
        "seeds": [],
        "classes": list(datasets.facts(str(values["dataset"])).classes),
        "weights": "",
        "formula": "",
        "status": "",
        "teacher": None,
        "student": None,
        "chance": None,
        "paces": [list(pace) for pace in PACES.items()],
        "arms": [],
        "figures": {},
        "says": {},
        "example": None,
        "walk": None,
        "stage_url": None,
        "keyframes_url": None,
        "keyframes": [],
        "events": [],
        "restart": [],
    }


def _shared(watched: Watched, learning: Watched | None, follow: int | None, layouts: Layouts | None) -> dict[str, Any]:
    """What every viewer of the run sees alike."""
    run, frame, stage = watched.run, watched.frame, watched.stage
    experiment = run.experiment
    changes = changes_of(experiment, watched.commands)
    events = events_of(changes)
    shared = _blank(values_of(experiment)) | {
        "run": run.id,
        "state": run.state,
        "recorded": run.recorded,
        "reason": run.reason,
        "queue": run.queue_position,
        "step": run.step,
        "steps": run.steps or experiment.steps,
        "seeds": list(experiment.seed_list),
        "seed": experiment.seed_list[0],
        "teacher": {"name": experiment.teacher.name, "accuracy": None},
        "student": {"name": experiment.student.name},
        "keyframes": watched.keyframes,
        "keyframes_url": f"/lab/run/{run.id}/keyframe/",
        "events": events,
        "headline": _waiting(watched),
        "detail": "",
        "notes": [],
        "version": f"{zlib.crc32(repr((watched.state_key, follow)).encode()):08x}",
    }
    if run.state == "teacher":
        shared |= _teacher_learning(watched, learning)
    elif frame is not None and stage is not None:
        drawn = picture(
            experiment,
            watched.roles,
            frame,
            stage,
            watched.history,
            revision=run.id,
            follow=follow,
            layouts=layouts,
            events=tuple(events),
        )
        shared |= drawn | _said(watched, frame, changes)
    return shared


def _said(watched: Watched, frame: Frame, changes: list[Change]) -> dict[str, Any]:
    """Headline and everything else in words about a run that has frames."""
    stage, roles, run = watched.stage, watched.roles, watched.run
    assert stage is not None
    about = (run.experiment, roles, frame, stage)
    distilled = find(roles, "distilled") or roles[0]
    others = sentences.other_splits(distilled, [other.summary for other in watched.siblings], run.experiment)
    besides = sentences.beside(run.experiment, roles, frame)
    why = lowered(changes)
    return {
        "headline": ("Recorded run. " if run.recorded else "") + sentences.headline(*about),
        "detail": " ".join(part for part in (sentences.detail(*about), besides, others) if part),
        "weights": loss_words.weights(frame, distilled),
        "formula": loss_words.formula(frame, distilled, knobs_now(run.experiment, watched.commands, distilled.name)),
        "notes": [*sentences.diverged(frame, roles, _raised(run)), *([why] if why else [])],
        "seed": frame.shown.seed if frame.shown else frame.seeds[0],
        "classes": list(stage.class_names),
        "teacher": {"name": stage.teacher_name, "accuracy": round(stage.teacher_scalars["accuracy"], 4)},
        "student": {"name": stage.student_name},
        "chance": round(stage.chance, 4),
        "stage_url": f"/lab/run/{run.id}/stage.json?v={stage_version(watched)}",
    }


def _raised(run: Run) -> str:
    """Which arms were stopped because their method raised an error, while the others went on; empty where none was."""
    return run.reason if " was stopped: " in run.reason and run.state in ("running", "paused", "finished") else ""


def stage_version(watched: Watched) -> str:
    """A short text that changes if the stage of this id could ever be another one."""
    return f"{int(watched.run.created * 1000):x}"


def _waiting(watched: Watched) -> str:
    """The headline of a run that has nothing to show yet."""
    run = watched.run
    if run.state == "queued":
        place = f", place {run.queue_position} in the queue" if run.queue_position else ""
        return f"Waiting for a worker{place}."
    if run.state == "failed":
        return f"This run failed: {run.reason or 'no reason was given'}"
    return "Getting ready: the pictures and what the teacher says of them."


def _who_learns(run: Run, learning: Watched | None) -> str:
    """The name of the teacher that learns now, one of perhaps several."""
    if learning is None:
        return run.experiment.teacher.name
    own = learning.run.experiment
    taught = own.control_arm is None
    return f"{own.student.name} taught by {own.teacher.name}" if taught else own.teacher.name


def _teacher_learning(watched: Watched, learning: Watched | None) -> dict[str, Any]:
    """The teacher's own curve, live, and what happens meanwhile."""
    run = watched.run
    frame = learning.frame if learning else None
    shared: dict[str, Any] = {"headline": sentences.teacher_learns(_who_learns(run, learning), run.experiment, frame)}
    if learning is None or frame is None:
        return shared
    curve: Figure = accuracy_figure(
        learning.history,
        learning.roles,
        steps=frame.steps,
        revision=learning.run.id,
        teacher=None,
        chance=1 / len(run.experiment.facts.classes),
    )
    for line in curve["data"]:
        if line["name"] == learning.roles[0].label:
            line |= {"name": "teacher", "line": {"color": "--teacher", "width": 2.5}}
    said = sentences.teacher_so_far(frame, run.experiment)
    return shared | {
        "figures": {name: blank(learning.run.id) for name in STUDENT_FIGURES} | {"accuracy": curve},
        "says": {name: "" for name in STUDENT_SENTENCES} | {"accuracy": said},
        "step": frame.step,
        "steps": frame.steps,
        "at": frame.at,
        "status": f"the teacher learns: step {frame.step} of {frame.steps}",
        "version": f"{run.id}-teacher-{frame.step}-{frame.at}",
    }
