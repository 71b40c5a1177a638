"""The quiet row of widgets above the race: data, networks, transfer set, everything else."""

from dataclasses import replace
from typing import Any

import streamlit as st

from app import controls, present, widgets
from app.controls import BY_NAME, Control, clamp_all
from app.race.wanted_race import SHOWN, Wish

FIRST = ("dataset", "teacher", "student", "per_class")
WIDTH = 174
KEY = "racing"


def wish() -> Wish:
    """The race that the controls describe, as they stand."""
    found: Wish = st.session_state.setdefault("race_wish", Wish())
    return found


def put(new: Wish) -> None:
    """Let the controls show this."""
    st.session_state["race_wish"] = new
    _write()


def settle() -> list[str]:
    """Whatever a widget holds passes the same clamp as an address does; what had to be changed."""
    state, before = st.session_state, wish().values
    held = {name: state.get(f"{KEY}-{name}", before[name]) for name in SHOWN}
    if held["dataset"] != before["dataset"] and held["teacher"] == _teacher(before["dataset"]):
        del held["teacher"]  # whoever usually teaches those data gives way to the usual teacher of these
    values, sentences = clamp_all(held)
    put(replace(wish(), values=values))
    return sentences


def _teacher(dataset: Any) -> Any:
    return controls.usual(BY_NAME["teacher"], str(dataset))


def _write() -> None:
    """The widgets show what stands."""
    state, values = st.session_state, wish().values
    for name in SHOWN:
        key = f"{KEY}-{name}"
        if key not in state or state[key] != values[name]:
            state[key] = values[name]


def row() -> None:
    """One line: on what is raced."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="race-controls"):
        for name in FIRST:
            control = BY_NAME[name]
            _select(control, width=WIDTH, label_visibility="collapsed", format_func=_named(control))
        if not present.on():
            popover = st.popover("More", icon=":material/tune:", key="race-more", on_change="rerun")
            if popover.open:
                with popover:
                    _more()
        present.toggle()


def _named(control: Control) -> Any:
    if control.name != "per_class":
        return widgets.named(control)
    return lambda value: "all pictures" if value == controls.ALL else f"{value} pictures a class"


def _more() -> None:
    left, right = st.columns(2)
    for number, name in enumerate(name for name in SHOWN if name not in FIRST and name != "first_seed"):
        with left if number % 2 == 0 else right:
            _widget(BY_NAME[name])


def _widget(control: Control) -> None:
    now = wish().values
    widgets.setting(control, now[control.name], str(now["dataset"]), f"{KEY}-{control.name}")


def _select(control: Control, **more: Any) -> None:
    now = wish().values
    widgets.select(control, now[control.name], str(now["dataset"]), f"{KEY}-{control.name}", **more)
