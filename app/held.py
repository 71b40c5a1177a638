"""The values of the controls as they stand in one browser tab, where widgets and the board hold them."""

from collections.abc import MutableMapping
from typing import Any

from app import by_hand
from app.controls import BY_NAME, Values, clamp, clamp_all, defaults, table, usual
from app.experiments import values_of
from app.watch import Watched

State = MutableMapping[Any, Any]
"""What this browser tab knows, `st.session_state`."""


def values(state: State) -> Values:
    """The values of all controls, as they stand."""
    return {control.name: state.get(control.key, control.default) for control in table(str(state["method"]))}


def put(state: State, given: Values) -> None:
    """Let the controls show these values, all of them."""
    state["values"] = dict(given)
    for control in table(str(given["method"])):
        state[control.key] = given.get(control.name, control.default)


def settle(state: State) -> list[str]:
    """Whatever a widget holds passes the same clamp as an address does; what was changed, and what moved along."""
    known = state.get("values") or defaults()  # a widget that is not drawn for once takes its value with it
    _other_teacher(state, known)
    before = str(known["method"])
    held = {control.name: state.get(control.key, known.get(control.name)) for control in table(before)}
    wanted, said = by_hand.with_method(held, before, state.setdefault("by_hand", {}))
    given, sentences = clamp_all(wanted)
    # Also where they are the same: else a widget that the browser first sees in a later run, since it lies in a
    # popover, comes up with its least value.
    put(state, given)
    return [*sentences, *said]


def _other_teacher(state: State, known: Values) -> None:
    """Other data were chosen: who was their usual teacher gives way to the usual one of the new data."""
    teacher = BY_NAME["teacher"]
    before, now = str(known["dataset"]), clamp(BY_NAME["dataset"], state.get("dataset", known["dataset"]))[0]
    if before != now and state.get("teacher") == known["teacher"] == usual(teacher, before):
        state["teacher"] = usual(teacher, str(now))


def follow(state: State, watched: Watched, between: bool) -> bool:
    """Let the controls show what the run was told last, unless another method is chosen.

    between: between two full runs of the page what lies in widgets cannot be changed; False where that was needed.
    """
    now, method = values_of(watched.run.experiment, watched.commands), str(state["method"])
    if now["method"] != method:
        return True
    moved = [c for c in table(method) if not c.restarts and state.get(c.key) != now[c.name]]
    if between and any(control.where != "board" for control in moved):
        return False
    for control in moved:
        state[control.key] = now[control.name]
    return True
