"""What hands on the board ask of a run that is there: only the browser that started it may move it."""

import time
from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.controls import BY_NAME, Control, Value, clamp, find
from app.experiments import main_arm, same_method, told
from app.watch import Watched
from kdcore import runs
from kdcore.experiment import Command, Experiment
from kdcore.runs import RunLog

State = MutableMapping[Any, Any]
"""What this browser tab knows, `st.session_state`."""
LIVE_COMMANDS = ("pause", "resume", "step", "stop")
REPEATS = 3
REPEATS_TAKE = 300.0


@dataclass
class Given:
    """What a page other than the Lab has trained: a plan, and the knobs that were moved by hand before it began."""

    experiment: Experiment
    commands: tuple[Command, ...] = ()
    moved: set[str] = field(default_factory=set)


def heard(state: State, given: Any, notes: str = "notes") -> int | None:
    """The counter of an act that a component sends for the first time, else None; earlier notes are taken away.

    given: what arrived from a browser, so anything at all. Its browser is remembered.
    """
    if not isinstance(given, dict) or not isinstance(given.get("browser"), str) or not given["browser"]:
        return None
    counter = given.get("counter")
    if not isinstance(counter, int) or counter <= state.get("counter", 0):
        return None
    state["browser"], state["counter"], state[notes] = given["browser"][:80], counter, []
    return counter


def obey(state: State, given: Any, do: Callable[[int], None], notes: str = "notes") -> None:
    """Do what a component asks for, once, with its counter; where the log cannot be used, a note says so."""
    counter = heard(state, given, notes)
    if counter is None:
        return
    try:
        do(counter)
    except runs.LogUnavailable as unavailable:
        state[notes] = [str(unavailable)]


def may_command(state: State, watched: Watched | None) -> bool:
    """A run obeys the browser that started it, while it lives."""
    return watched is not None and watched.live and watched.run.owner == state.get("browser")


def planned(log: RunLog, state: State, copied: Watched | None) -> Sequence[Command]:
    """What the run is to change by itself: as in the run that is copied, else as it was given."""
    given = state.get("given")
    return log.planned(copied.run.id) if copied else given.commands if given else ()


def set_knob(log: RunLog, state: State, watched: Watched | None, knob: Any, value: Any, counter: int) -> None:
    """A knob of a run that goes on acts on it; otherwise it waits for the next run."""
    control = find(str(state["method"]), str(knob))
    if control is None or control.restarts:
        return
    new, sentence = clamp(control, value)
    state["notes"] = [sentence] if sentence else []
    state[control.key] = new
    tell(log, state, watched, control, new, counter)


def tell(
    log: RunLog, state: State, watched: Watched | None, control: Control, new: Value, counter: int, client: str = ""
) -> None:
    """Let a run that goes on hear a new value, if it may and has that knob; a given experiment keeps it in mind.

    What is a method's own is told to that method's first arm alone; the rest to every arm that hears a teacher.
    """
    moves, given = may_command(state, watched), state.get("given")
    concerned = watched.run.experiment if moves and watched else given.experiment if given else None
    if concerned is not None and control.name != "learning_rate" and not same_method(concerned, str(state["method"])):
        return
    if concerned is not None and is_a_ladder(concerned, control.knob or control.name):
        state["notes"] = [f"These students differ in their {control.label}, so this only changes what you see."]
    elif moves and watched is not None and isinstance(new, float):
        arm = main_arm(watched.run.experiment)
        alone = bool(control.method) or (control.name != "learning_rate" and not arm.hears_teacher)
        order = Command(kind="set", knob=control.knob or control.name, value=new, arm=arm.name if alone else None)
        log.command(watched.run.id, order, client=state["browser"] + client, counter=counter)
    elif given:
        given.moved.add(control.name)


def is_a_ladder(experiment: Experiment, knob: str) -> bool:
    """Whether students are compared in just this knob, so that one value for all would spoil the comparison."""
    hearing = [arm for arm in experiment.arms if arm.hears_teacher]
    alike = [arm for arm in hearing if arm.method == hearing[0].method]
    return len({told(arm).get(knob) for arm in alike}) > 1


def command(log: RunLog, state: State, watched: Watched | None, kind: Any, value: Any, counter: int) -> None:
    """Pause, resume, step, stop, pace, where to stop, whose pictures: what may not be is said in a note."""
    if kind == "pace":
        if value not in runs.PACES:
            return
        state["pace"] = value
    if kind == "stop_at":
        value = None if value is None else int(float(str(clamp(BY_NAME["steps"], value)[0])))
        state["stop_at"] = value
    if kind == "show" and (
        not isinstance(value, int) or watched is None or value not in watched.run.experiment.seed_list
    ):
        return
    if may_command(state, watched) and watched is not None:
        given = value if kind in ("pace", "stop_at", "show") else None
        log.command(watched.run.id, Command(kind=kind, value=given), client=state["browser"], counter=counter)
    elif kind in (*LIVE_COMMANDS, "show"):
        over = watched is None or not watched.live
        why = "this run is over" if over else "only the browser that started this run can command it"
        state["notes"] = [f"Nothing was changed: {why}."]


def repeat(log: RunLog, state: State, watched: Watched | None) -> None:
    """The same experiment on three other splits, each with a teacher of its own, beside the run that is shown."""
    if watched is None:
        return
    experiment = watched.run.experiment
    group = watched.run.group or watched.run.id
    splits = [split for split in range(REPEATS + 1) if split != experiment.split][:REPEATS]
    for split in splits:
        other = experiment.model_copy(update={"split": split})
        log.create(other, owner=state["browser"], pace="full", group=group, parent=watched.run.id)
    state["repeats_until"] = time.time() + REPEATS_TAKE
    named = ", ".join(map(str, splits))
    state["notes"] = [f"The same experiment now runs on splits {named}; what they give will stand beside the headline."]
