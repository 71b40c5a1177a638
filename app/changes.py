"""What was changed while a run went on: read from its experiment and commands, and said."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from kdcore.experiment import Arm, Command, Experiment


class Change(NamedTuple):
    """A knob that took another value at a step; `old` is NaN where it is not known."""

    step: int
    knob: str
    old: float
    new: float


def changes_of(experiment: Experiment, commands: Sequence[Command]) -> list[Change]:
    """Every change that took effect, in order; one that all arms heard is told by the first of them."""
    now = {arm.name: _begun(arm, experiment) for arm in experiment.arms}
    changes = []
    for command in commands:
        if command.kind != "set" or command.step is None or command.knob is None or command.value is None:
            continue
        new, concerned = float(command.value), [command.arm] if command.arm in now else list(now)
        changes.append(Change(command.step, command.knob, now[concerned[0]].get(command.knob, math.nan), new))
        for name in concerned:
            now[name][command.knob] = new
    return changes


def _begun(arm: Arm, experiment: Experiment) -> dict[str, float]:
    """The knobs of an arm as it began."""
    weights = {"alpha": arm.weight, "weight": arm.weight, "hard_weight": arm.hard_weight}
    rate = {"learning_rate": arm.learning_rate or experiment.learning_rate}
    numbers = {name: float(value) for name, value in arm.knobs.items() if isinstance(value, int | float)}
    return numbers | weights | rate


def knobs_now(experiment: Experiment, commands: Sequence[Command], arm_name: str) -> dict[str, float | bool | str]:
    """A method's knobs in one arm as they are after the commands that have acted."""
    now = dict(next(arm.knobs for arm in experiment.arms if arm.name == arm_name))
    for command in commands:
        heard = command.kind == "set" and command.step is not None and command.arm in (None, arm_name)
        if heard and command.knob in now and command.value is not None:
            now[command.knob] = command.value
    return now


def events_of(changes: Sequence[Change]) -> list[dict[str, Any]]:
    """The marks on the time line: one a step, with all that changed there."""
    texts: dict[int, list[str]] = {}
    for change in changes:
        said = texts.setdefault(change.step, [])
        if event_text(change) not in said:
            said.append(event_text(change))
    return [{"step": step, "text": ", ".join(said)} for step, said in texts.items()]


def event_text(change: Change) -> str:
    """A change as it stands beside its line: "T 1 → 8"."""
    name = "T" if change.knob == "temperature" else change.knob.replace("_", " ")
    return f"{name} {change.old:g} → {change.new:g}" if math.isfinite(change.old) else f"{name} {change.new:g}"


def lowered(changes: Sequence[Change]) -> str | None:
    """Why a lowered temperature changes almost nothing, where that is the last thing that was done to it."""
    temperatures = [change for change in changes if change.knob == "temperature"]
    if not temperatures or temperatures[-1].new >= temperatures[-1].old:
        return None
    last = temperatures[-1]
    return (
        f"T went down from {last.old:g} to {last.new:g} at step {last.step}. That changes almost nothing: what is "
        "learnt stays, and a student that agrees with the teacher at a high T agrees with it at a low one too."
    )
