"""What is one viewer's own on the board: rights, knobs, notes, what Train would do, what to try."""

from dataclasses import dataclass, field
from typing import Any

from app.controls import BY_NAME, OF_METHODS, Control, Values, applies, find
from app.experiments import differences, main_arm, values_of
from app.mending import Refusal
from app.watch import Watched
from kdcore import methods, runs

PACES = {
    "step": "one step a second",
    "slow": "slow, a minute",
    "watch": "20 seconds",
    "quick": "6 seconds",
    "full": "as fast as it can",
}
TRY = 8.0
LOW = 2.0


@dataclass
class Viewer:
    """Who looks, and what they have chosen."""

    browser: str
    values: Values
    pace: str = "watch"
    stop_at: int | None = None
    follow: int | None = None
    umap: bool = False
    notes: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    present: bool = False
    refused: Refusal | None = None


def own(watched: Watched, viewer: Viewer, shared_notes: list[str]) -> dict[str, Any]:
    """What is this viewer's own: rights, knobs, notes, what Train would do, what to try."""
    run = watched.run
    mine = bool(viewer.browser) and viewer.browser == run.owner
    shown = values_of(run.experiment, watched.commands)
    notes = list(viewer.notes)
    if run.state == "failed" and watched.frame is not None:
        notes.append(
            f"This run failed: {run.reason or 'no reason was given'} Everything up to step {run.step} is kept."
        )
    elif run.state == "stopped" and run.reason:
        notes.append(run.reason)
    return chosen(viewer) | {
        "mine": mine,
        "notes": [*shared_notes, *notes],
        "restart": differences(viewer.values, shown, acts_at_once=mine and watched.live),
        "suggest": _offer(viewer) or _suggestion(watched, mine),
    }


def chosen(viewer: Viewer) -> dict[str, Any]:
    """What this viewer has chosen to see, where their knobs stand, and why what they want cannot be."""
    shown = {"umap": viewer.umap, "hidden": viewer.hidden, "present": viewer.present}
    why = f"This cannot be trained: {viewer.refused.why}" if viewer.refused else ""
    return shown | {"knobs": _knobs(viewer), "refused": why, "suggest": _offer(viewer)}


def _knobs(viewer: Viewer) -> dict[str, Any]:
    """The knobs on the board, None for those that the method does not have; weight: where it has no alpha."""
    method, values = str(viewer.values["method"]), viewer.values
    weight = find(method, "weight")
    return {
        **{name: values[name] if applies(BY_NAME[name], method) else None for name in OF_METHODS},
        "weight": None if weight is None else _weight(weight, values),
        "learning_rate": values["learning_rate"],
        "pace": viewer.pace if viewer.pace in runs.PACES else "watch",
        "stop_at": viewer.stop_at,
    }


def _weight(control: Control, values: Values) -> dict[str, float]:
    """The weight of a method's own part, its usual value, and how much the labels count beside it."""
    usual = control.default if isinstance(control.default, float) and control.default > 0 else 1.0
    hard = values.get("hard_weight", 1.0)
    return {"value": values.get("weight", usual), "usual": usual, "hard": hard}


def _offer(viewer: Viewer) -> dict[str, Any] | None:
    """One click that would make possible what cannot be."""
    return {"text": viewer.refused.offer, "do": "mend"} if viewer.refused and viewer.refused.offer else None


def _suggestion(watched: Watched, mine: bool) -> dict[str, Any] | None:
    """The first thing to try while a run goes on: raise a low temperature."""
    if watched.run.state != "running" or not mine:
        return None
    now = values_of(watched.run.experiment, watched.commands)["temperature"]
    usual = methods.get(main_arm(watched.run.experiment).method).knobs.get("temperature")
    if usual is None or float(usual.default) <= LOW or now > LOW:  # a method whose paper has it so low is left at that
        return None
    return {"text": f"Try it while it learns: raise T from {now:g} to {TRY:g}", "knob": "temperature", "value": TRY}
