"""What a handout says: words and numbers of a run, and of the lesson it belongs to. The browser adds the figures."""

import math
import time
from typing import Any

from markdown_it import MarkdownIt

from app import lesson_walk, seeing, sentences, verdicts
from app.changes import changes_of, event_text
from app.controls import CONTROLS, spoken
from app.experiments import values_of
from app.lesson_walk import Place
from app.roles import Role
from app.watch import Watched
from kdcore.experiment import Arm
from kdcore.frame import Frame, Stage

OF_ARMS = ("method", "temperature", "alpha", "null_arms")
VERDICTS = {True: "holds in this run", False: "does not hold in this run", None: "could not be measured in this run"}
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")


def content(watched: Watched, frame: Frame, stage: Stage, place: Place | None) -> dict[str, Any]:
    """Everything but figures, as plain JSON; "text" and "after" are HTML made from the lesson's own Markdown."""
    about = (watched.run.experiment, watched.roles, frame, stage)
    headline = sentences.headline(*about)
    step = place.step if place else None
    return {
        "title": f"{place.lesson.title}: {place.step.title}" if place else headline,
        "headline": headline if place else "",
        "detail": sentences.detail(*about),
        "text": _markdown.render(step.text) if step else "",
        "after": _markdown.render(step.after) if step else "",
        "sources": list(place.lesson.sources) if place else [],
        "claims": _claims(watched, place) if place else [],
        "settings": _settings(watched),
        "results": results(frame, watched.roles, stage),
        "heard": _heard(watched, frame, stage),
        "when": _when(watched, frame),
    }


def _claims(watched: Watched, place: Place) -> list[dict[str, str]]:
    """Each claim with what this run measured; nothing before its end, or where it is another experiment."""
    if not lesson_walk.over(watched):
        return []
    try:
        found = lesson_walk.result(watched.log, place, watched)
    except ValueError:
        return []
    return [
        {"text": claim.text, "measured": verdicts.spoken(claim, measured), "verdict": VERDICTS[measured.holds]}
        for claim, measured in zip(place.step.claims, found, strict=True)
    ]


def _settings(watched: Watched) -> list[list[str]]:
    run, values = watched.run, values_of(watched.run.experiment)
    rows = [
        [control.label, spoken(control, values[control.name])] for control in CONTROLS if control.name not in OF_ARMS
    ]
    rows += [
        [f"student “{role.label}”", _told(arm)] for role, arm in zip(watched.roles, run.experiment.arms, strict=True)
    ]
    changes = changes_of(run.experiment, watched.commands)
    said = "; ".join(f"{event_text(change)} at step {change.step}" for change in changes)
    rows.append(["changed while it ran", said or "nothing"])
    return [*rows, ["made with", ", ".join(f"{name} {number}" for name, number in run.versions.items())]]


def _told(arm: Arm) -> str:
    knobs = ", ".join(f"{name.replace('_', ' ')} {_knob(number)}" for name, number in arm.knobs.items())
    return f"{arm.method.replace('_', ' ')}, {arm.hard_weight:g} hard + {arm.weight:g} soft" + (
        f", {knobs}" if knobs else ""
    )


def _knob(value: float | bool | str) -> str:
    if isinstance(value, str):
        return value
    return ("on" if value else "off") if isinstance(value, bool) else f"{value:g}"


def results(frame: Frame, roles: tuple[Role, ...], stage: Stage) -> list[list[str]]:
    """The table of results, its head first: means over seeds on the test examples."""
    gains = frame.control is not None
    middle = ["gain", "95 % interval"] if gains else []
    head = ["", "test accuracy", *middle, "agrees with the teacher", "calibration error"]
    teacher = [sentences.percent(stage.teacher_scalars["accuracy"]), *(["", ""] if gains else []), ""]
    rows = [["teacher", *teacher, f"{stage.teacher_scalars['ece']:.3f}" if "ece" in stage.teacher_scalars else ""]]
    for role in roles:
        if role.name not in frame.arms:
            continue
        row = [role.label, sentences.percent(sentences.mean(frame.accuracy[role.name]))]
        if gains:
            low, high = frame.interval(role.name)
            control = role.name == frame.control
            row.append("" if control else sentences.points(sentences.mean(frame.gain[role.name])))
            row.append(
                "" if control or not math.isfinite(low) else f"{sentences.plain(low)} to {sentences.plain(high)}"
            )
        agreement, ece = (
            frame.measures[name][role.name] if name in frame.scalars else None for name in ("agreement", "ece")
        )
        row.append("" if agreement is None else sentences.percent(sentences.mean(agreement)))
        row.append("" if ece is None else f"{sentences.mean(ece):.3f}")
        rows.append(row)
    return [head, *rows]


def _heard(watched: Watched, frame: Frame, stage: Stage) -> dict[str, Any]:
    """Whose pictures are drawn, and at which temperature the teacher speaks of them."""
    seed = frame.shown.seed if frame.shown else frame.seeds[0]
    temperature = values_of(watched.run.experiment, watched.commands)["temperature"]
    return {
        "seed": seed,
        "temperature": temperature,
        "says": seeing.heard(stage, watched.run.experiment, temperature, seed),
    }


def _when(watched: Watched, frame: Frame) -> str:
    day = time.strftime("%d %B %Y", time.localtime(watched.run.created))
    how = "Recorded on" if watched.run.recorded else "Trained on"
    return f"{how} {day}; step {frame.step} of {frame.steps}."
