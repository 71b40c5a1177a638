"""The row of Streamlit widgets above the board, drawn from the table of controls."""

from collections.abc import Callable, Collection
from typing import Any

import streamlit as st

from app import classroom, present, session, share, store
from app.controls import CONTROLS, TABLE, Control, network_name, usual
from kdcore import datasets

FIRST_WIDTH = 174


def row(parts: Collection[str]) -> None:
    """Data, teacher, student, method, popovers with everything else, to share, for a class: one quiet line."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="controls"):
        for control in CONTROLS:
            if control.where == "first" and control.name in parts:
                _select(control, width=FIRST_WIDTH, label_visibility="collapsed", format_func=named(control))
        if "more" in parts:
            with st.popover("More", icon=":material/tune:"):
                _more()
        share.controls()
        classroom.controls(store.open_log())
        present.toggle()


def _more() -> None:
    """What is behind More, two in a line; what acts at once comes first."""
    left, right = st.columns(2)
    controls = [control for control in CONTROLS if control.where == "more"]
    for number, control in enumerate(controls):
        with left if number % 2 == 0 else right:
            _widget(control)
    st.caption("The learning rate acts on a run while it goes on. Everything else here starts a new run, with Train.")


def _widget(control: Control) -> None:
    match control.kind:
        case "number" | "whole":
            as_type = float if control.kind == "number" else int
            st.number_input(
                control.label,
                as_type(control.low),
                as_type(control.high),
                step=as_type(control.step),
                format="%g" if control.kind == "number" else None,
                key=control.name,
                help=control.help,
                on_change=session.set_from_widget if not control.restarts else None,
                args=(control.name,),
            )
        case "classes":
            names = datasets.facts(st.session_state["dataset"]).classes
            st.multiselect(
                control.label,
                range(len(names)),
                key=control.name,
                help=control.help,
                format_func=lambda number: names[number],
                placeholder="none",
            )
        case "switch":
            st.toggle(control.label, key=control.name, help=control.help)
        case _:
            _select(control, format_func=str)


def _select(control: Control, **more: Any) -> None:
    select(control, st.session_state[control.name], st.session_state["dataset"], control.name, **more)


def select(control: Control, value: Any, dataset: str, key: str, **more: Any) -> None:
    """A list to choose from; where a person may type something else, what was typed is among the options."""
    stored = [TABLE] if usual(control, dataset) == TABLE else []
    st.selectbox(
        control.label,
        list(dict.fromkeys([*stored, *control.options, value])),
        key=key,
        help=None if more.get("label_visibility") else control.help,
        accept_new_options=control.kind in ("network", "amount"),
        **more,
    )


def named(control: Control) -> Callable[[Any], str]:
    """How an option of a first row reads: with its role, since its label is not seen."""
    if control.kind == "network":
        return lambda value: f"{control.label}: {network_name(value)}"
    if control.name == "dataset":
        return lambda value: f"{control.label}: {datasets.title(value)}"
    return lambda value: f"{control.label}: {str(value).replace('_', ' ')}"
