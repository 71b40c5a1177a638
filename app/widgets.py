"""The row of Streamlit widgets above the board, drawn from the table of controls."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import streamlit as st

from app import classroom, knobs, method_list, present, session, share, store
from app.controls import CONTROLS, TABLE, Control, network_name, table, usual
from kdcore import datasets

FIRST_WIDTH = 174
METHOD_WIDTH, METHOD_WIDTH_PRESENTED = 280, 236
"""A method's name needs more room than others: it says what moves, too. Presented, a longer button ends the line."""
LONGEST = 1000
"""A linear slider over more than this would be too coarse."""


def row(parts: Collection[str]) -> None:
    """Data, teacher, student, method, popovers with everything else, to share, for a class: one quiet line."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="controls"):
        for control in CONTROLS:
            if control.where == "first" and control.name in parts:
                wide = METHOD_WIDTH_PRESENTED if present.on() else METHOD_WIDTH
                width = wide if control.name == "method" else FIRST_WIDTH
                _select(control, width=width, label_visibility="collapsed", format_func=named(control))
        if "more" in parts:
            with st.popover("More", icon=":material/tune:"):
                _more()
        share.controls()
        classroom.controls(store.open_log())
        present.toggle()


def _more() -> None:
    """What is behind More, two in a line; the method's own knobs come first, and what acts at once."""
    method = str(st.session_state["method"])
    own = [control for control in table(method) if control.method]
    if own:
        st.markdown(f"**{method_list.option(method).split(' · ')[1]}**")
        _in_two(sorted(own, key=lambda control: control.kind == "switch"))
        st.markdown("**Every run**")
    _in_two([control for control in CONTROLS if control.where == "more"])
    at_once = "The learning rate and a method's own numbers act" if own else "The learning rate acts"
    st.caption(f"{at_once} on a run while it goes on. Everything else here starts a new run, with Train.")


def _in_two(controls: Sequence[Control]) -> None:
    columns = st.columns(2)
    for number, control in enumerate(controls):
        with columns[number % 2]:
            _widget(control)


def _number(control: Control) -> None:
    """A slider where the method says how far it goes, else a field."""
    said: dict[str, Any] = {"key": control.key, "help": control.help}
    if not control.restarts:
        said |= {"on_change": session.set_from_widget, "args": (control.name,)}
    if control.log:
        values = knobs.stops(control, st.session_state[control.key])
        st.select_slider(control.label, values, format_func=lambda value: f"{value:g}", **said)
    elif control.method and control.high - control.low <= LONGEST:
        st.slider(control.label, control.low, control.high, step=control.step, format="%g", **said)
    else:
        number_field(control, **said)


def _widget(control: Control) -> None:
    match control.kind:
        case "number" | "whole":
            _number(control)
        case "classes":
            classes_field(control, st.session_state["dataset"], control.name)
        case "switch":
            st.toggle(control.label, key=control.key, help=control.help)
        case _:
            _select(control, format_func=written(control))


def _select(control: Control, **more: Any) -> None:
    select(control, st.session_state[control.key], st.session_state["dataset"], control.key, **more)


def setting(control: Control, value: Any, dataset: str, key: str) -> None:
    """The widget of a control on another page than the Lab: a field or a list, under a key of that page's own."""
    if control.kind in ("number", "whole"):
        number_field(control, key=key, help=control.help)
    elif control.kind == "classes":
        classes_field(control, dataset, key)
    else:
        select(control, value, dataset, key, format_func=str)


def number_field(control: Control, **said: Any) -> None:
    """A field for a number within its bounds."""
    as_type = float if control.kind == "number" else int
    low, high, step = (as_type(number) for number in (control.low, control.high, control.step))
    st.number_input(control.label, low, high, step=step, format="%g" if as_type is float else None, **said)


def classes_field(control: Control, dataset: str, key: str) -> None:
    """Any of the classes of a data set, by their names."""
    names = datasets.facts(dataset).classes
    st.multiselect(
        control.label,
        range(len(names)),
        key=key,
        help=control.help,
        format_func=lambda number: names[number],
        placeholder="none",
    )


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


def written(control: Control) -> Callable[[Any], str]:
    """How an option of a list behind More reads, whose label is seen."""
    if control.name != "programme" or control.method:
        return str
    return programme


def programme(name: str) -> str:
    """A programme as it is called on the gallery's page, with what it does: "chain: ..."."""
    return "none: only the teacher teaches" if name == "solo" else name.replace("_", " ")


def named(control: Control, narrow: bool = False) -> Callable[[Any], str]:
    """How an option of a first row reads: with its role, since its label is not seen; a method with what moves.

    narrow: the list has no room for more than a method's name.
    """
    if control.kind == "network":
        return lambda value: f"{control.label}: {network_name(value)}"
    if control.name == "dataset":
        return lambda value: f"{control.label}: {datasets.title(value)}"
    if control.name == "method":
        return method_list.short if narrow else method_list.option
    return lambda value: f"{control.label}: {str(value).replace('_', ' ')}"
