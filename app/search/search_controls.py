"""The quiet row of widgets above a search: what is trained (shared with the plane), which knobs, how, the budget."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from pydantic import ValidationError

from app import present, widgets
from app.charts.search import spoken
from app.controls import BY_NAME, Control
from app.experiments import experiment_from
from app.plane import tuning_controls
from app.plane.wanted_plane import knobs_of, usual_weight
from app.search.search_words import PRUNERS, SAMPLERS
from kdcore import methods
from kdcore.experiment import reasons
from kdcore.searching import Dimension, Search

FIRST = {"dataset": 138, "teacher": 178, "student": 148, "method": 144, "per_class": 164}
"""What is seen at once, with its width in px: one line has room for all."""
MORE = ("steps", "seeds", "labels", "batch_size")
USUAL = {
    "alpha": (0.0, 1.0, False),
    "learning_rate": (3e-4, 0.1, True),
    "weight": (0.01, 30.0, True),
    "hard_weight": (0.01, 30.0, True),
}
HELD: dict[str, Any] = {
    "sampler": "tpe",
    "pruner": "none",
    "batch": 16,
    "unit": "students",
    "students": 512,
    "seconds": 120,
    "baseline": True,
    "draw": 0,
}


def held() -> dict[str, Any]:
    """What the widgets hold, those that are not drawn just now included."""
    found: dict[str, Any] = st.session_state.setdefault("search-held", dict(HELD))
    return found


def settle() -> list[str]:
    """Take over what the widgets hold; what had to be changed."""
    state, known = st.session_state, held()
    sentences = tuning_controls.settle()
    for name in [*known]:
        known[name] = state.get(f"search-{name}", known[name])
    method = _method()
    possible = knobs_of(method)
    knobs = [knob for knob in state.get(f"search-knobs-{method}", known.get(f"knobs-{method}", [])) if knob in possible]
    known[f"knobs-{method}"] = knobs or [knob for knob in possible if knob not in ("weight", "hard_weight")]
    for knob in known[f"knobs-{method}"]:
        for name, value in zip(("low", "high", "log"), usual(knob, method), strict=True):
            known.setdefault(f"{name}-{method}-{knob}", value)
    for name, value in known.items():
        # Also where it is the same: else a widget that the browser first sees in a later run, since it lies in a
        # popover, comes up with its least value.
        state[f"search-{name}"] = value
    return sentences


def usual(knob: str, method: str) -> tuple[float, float, bool]:
    """The ends of a knob's range, and whether it is logarithmic, if nobody says otherwise."""
    if knob in USUAL:
        low, high, log = USUAL[knob]
        size = usual_weight(method) if knob == "weight" else 1.0
        return float(f"{low * size:.3g}"), float(f"{high * size:.3g}"), log
    declared = methods.get(method).knobs[knob]
    return declared.low, declared.high, declared.log and declared.low > 0


def _method() -> str:
    return str(tuning_controls.values()["method"])


def wanted() -> Search | list[str]:
    """The search that the controls describe, or why there can be none."""
    experiment = experiment_from(tuning_controls.values() | {"null_arms": False, "method": "hinton"})
    if isinstance(experiment, list):
        return experiment
    known, method = held(), _method()
    try:
        return Search(
            experiment=experiment,
            method=method,
            space=tuple(
                Dimension(knob, *(known[f"{name}-{method}-{knob}"] for name in ("low", "high")),
                          log=known[f"log-{method}-{knob}"])
                for knob in known[f"knobs-{method}"]
            ),
            sampler=known["sampler"],
            pruner=known["pruner"],
            batch=known["batch"],
            baseline=known["baseline"],
            seed=known["draw"],
            **{known["unit"]: known[known["unit"]]},
        )  # fmt: skip
    except ValidationError as error:
        return [f"{sentence.removesuffix('.')}." for sentence in reasons(error)]


def row(earlier: Callable[[], None]) -> None:
    """One line: what is trained, the knobs, how it is searched, what was searched earlier."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="search-controls"):
        for name, width in FIRST.items():
            _select(
                BY_NAME[name],
                width=width,
                label_visibility="collapsed",
                format_func=widgets.named(BY_NAME[name], narrow=True),
            )
        with st.popover("Knobs"):
            _knobs()
        with st.popover("How"):
            _how()
        earlier()
        present.toggle()


def _knobs() -> None:
    method = _method()
    st.multiselect("knobs that are searched", knobs_of(method), key=f"search-knobs-{method}", format_func=spoken)
    for knob in held()[f"knobs-{method}"]:
        st.markdown(f"**{spoken(knob)}**")
        low, high, log = st.columns(3, vertical_alignment="bottom")
        low.number_input("from", format="%g", key=f"search-low-{method}-{knob}")
        high.number_input("to", format="%g", key=f"search-high-{method}-{knob}")
        log.toggle("logarithmic", key=f"search-log-{method}-{knob}")


def _how() -> None:
    left, right = st.columns(2)
    with left:
        st.selectbox("sampler", list(SAMPLERS), key="search-sampler", format_func=SAMPLERS.__getitem__)
        st.selectbox(
            "pruner",
            list(PRUNERS),
            key="search-pruner",
            format_func=PRUNERS.__getitem__,
            help="Which trials go on after a quarter of their steps; none: all of them.",
        )
        st.number_input("trials trained together", 2, 128, key="search-batch")
        st.number_input("draw", 0, 2**31 - 1, key="search-draw", help="Another number gives another search.")
    with right:
        st.selectbox("budget in", ["students", "seconds"], key="search-unit")
        unit = held()["unit"]
        st.number_input(f"budget, {unit}", 1, 1_000_000, key=f"search-{unit}")
        st.toggle(
            "random search beside it",
            key="search-baseline",
            help="Half of the budget goes to random search, so that one sees whether the search was worth it.",
        )
    for place, name in enumerate(MORE):
        with (right, left)[place % 2]:
            _widget(BY_NAME[name])


def _widget(control: Control) -> None:
    if control.kind != "whole":
        _select(control, format_func=str)
        return
    low, high = int(control.low), int(control.high)
    st.number_input(control.label, low, high, step=int(control.step), key=f"plane-{control.name}", help=control.help)


def _select(control: Control, **more: Any) -> None:
    now = tuning_controls.values()
    widgets.select(control, now[control.name], str(now["dataset"]), f"plane-{control.name}", **more)
