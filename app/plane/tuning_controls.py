"""The quiet row of widgets above the plane: data, networks, method, the two axes, everything else."""

from dataclasses import replace
from typing import Any

import streamlit as st

from app import controls, present, widgets
from app.controls import BY_NAME, Control, Values
from app.plane.wanted_plane import (
    SHOWN,
    SPACINGS,
    AxisWish,
    axes_of,
    clamped,
    fixed_of,
    fixed_usual,
    knobs_of,
    plane_from,
    spoken,
    usual,
    usual_values,
    values_of_plane,
)
from kdcore import methods
from kdcore.planes import Plane

FIRST = ("dataset", "teacher", "student", "method", "per_class")
AXES = ("x", "y")
DIRECTIONS = {"x": "across", "y": "upwards"}
SAYS = {
    "usual": "the usual values",
    "evenly": "evenly spaced",
    "logarithmic": "logarithmic",
    "typed": "typed",
}
WIDTH = 174
FEWEST, MOST = 2, 40


def values() -> Values:
    """The values of the controls, as they stand."""
    found: Values = st.session_state.setdefault("plane-values", usual_values())
    return found


def axes() -> tuple[AxisWish, AxisWish]:
    """The two axes, as they stand."""
    found: tuple[AxisWish, AxisWish] = st.session_state.setdefault("plane-axes", axes_of(values()["method"]))
    return found


def fixed() -> dict[str, float | bool | str]:
    """The knobs that all cells share, as they stand."""
    found: dict[str, float | bool | str] = st.session_state.setdefault("plane-fixed", {})
    return found


def wanted() -> Plane | list[str]:
    """The plane that the controls describe, or why there can be none."""
    return plane_from(values(), axes(), fixed())


def put(plane: Plane) -> None:
    """Let the controls show a plane."""
    state = st.session_state
    state["plane-values"], state["plane-axes"], state["plane-fixed"] = values_of_plane(plane)
    _write()


def put_values(given: Values) -> list[str]:
    """Let them show these values, the rest as usual; what had to be changed."""
    state = st.session_state
    before = values()["method"]
    state["plane-values"], sentences = clamped(given)
    if values()["method"] != before:
        state["plane-axes"], state["plane-fixed"] = axes_of(str(values()["method"])), {}
    _write()
    return sentences


def settle() -> list[str]:
    """Whatever a widget holds passes the same clamp as an address does; what had to be changed."""
    state, before = st.session_state, values()
    held = {name: state.get(f"plane-{name}", before[name]) for name in SHOWN}
    if held["dataset"] != before["dataset"] and held["teacher"] == _teacher(before["dataset"]):
        del held["teacher"]  # whoever usually teaches those data gives way to the usual teacher of these
    state["plane-values"], sentences = clamped(held)
    method = str(values()["method"])
    if method != before["method"]:
        state["plane-axes"], state["plane-fixed"] = axes_of(method), {}
    else:
        state["plane-axes"] = tuple(_settled(name, wish, method) for name, wish in zip(AXES, axes(), strict=True))
        names = fixed_of(method, *(wish.knob for wish in axes()))
        state["plane-fixed"] = {n: _checked(method, n, state.get(f"plane-fixed-{n}", fixed().get(n))) for n in names}
    _write()
    return sentences


def _teacher(dataset: Any) -> Any:
    return controls.usual(BY_NAME["teacher"], str(dataset))


def _checked(method: str, name: str, value: Any) -> float | bool | str:
    """A knob within its bounds, its usual value where it was none."""
    declared = methods.get(method).knobs
    if name in declared:
        try:
            return declared[name].check(value)
        except ValueError:
            return declared[name].default
    return float(value) if isinstance(value, int | float) and 0 <= value <= 1 else fixed_usual(method, name)


def _settled(name: str, wish: AxisWish, method: str) -> AxisWish:
    """An axis with what its widgets hold; another knob begins with its usual values."""
    state, known = st.session_state, knobs_of(method)
    knob = state.get(f"plane-{name}-knob", wish.knob)
    knob = knob if knob in known else wish.knob
    if knob != wish.knob:
        ends = usual(knob, method)
        return AxisWish(knob, low=ends[0], high=ends[-1])
    held = {field: state.get(f"plane-{name}-{field}") for field in ("spacing", "low", "high", "count", "typed")}
    new = replace(wish, **{field: value for field, value in held.items() if value is not None})
    if (
        new.spacing != "usual"
        and wish.spacing == "usual"
        and "low" not in {k for k, v in held.items() if v is not None}
    ):
        ends = usual(knob, method)
        low = ends[0] if new.spacing != "logarithmic" else next(value for value in ends if value > 0)
        return replace(new, low=low, high=ends[-1], typed=", ".join(f"{value:g}" for value in ends))
    return new


def _write() -> None:
    """The widgets show what stands."""
    state = st.session_state
    shown = {f"plane-{name}": values()[name] for name in SHOWN}
    for name, wish in zip(AXES, axes(), strict=True):
        shown |= {f"plane-{name}-knob": wish.knob, f"plane-{name}-spacing": wish.spacing}
        if wish.spacing in ("evenly", "logarithmic"):
            ends = {f"plane-{name}-low": wish.low, f"plane-{name}-high": wish.high}
            shown |= ends | {f"plane-{name}-count": wish.count}
        if wish.spacing == "typed":
            shown[f"plane-{name}-typed"] = wish.typed
    method = str(values()["method"])
    for name in fixed_of(method, *(wish.knob for wish in axes())):
        shown[f"plane-fixed-{name}"] = fixed().get(name, fixed_usual(method, name))
    for key, value in shown.items():
        if key not in state or state[key] != value:
            state[key] = value


def row() -> None:
    """One line: what is tuned, the axes, everything else."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="tune-controls"):
        for name in FIRST:
            _select(
                BY_NAME[name],
                width=WIDTH,
                label_visibility="collapsed",
                format_func=widgets.named(BY_NAME[name], narrow=True),
            )
        # Drawn when it is opened: a widget that the browser has not seen yet would come up with its first value.
        for label, icon, drawn in (("Axes", "grid_on", _axes), ("More", "tune", _more))[: 1 if present.on() else 2]:
            popover = st.popover(label, icon=f":material/{icon}:", key=f"plane-{label}", on_change="rerun")
            if popover.open:
                with popover:
                    drawn()
        present.toggle()


def _more() -> None:
    left, right = st.columns(2)
    for number, name in enumerate(name for name in SHOWN if name not in FIRST and name != "first_seed"):
        with left if number % 2 == 0 else right:
            _widget(BY_NAME[name])


def _axes() -> None:
    method = str(values()["method"])
    for name, wish in zip(AXES, axes(), strict=True):
        st.markdown(f"**{DIRECTIONS[name].capitalize()}**")
        left, right = st.columns(2)
        left.selectbox("knob", knobs_of(method), key=f"plane-{name}-knob", format_func=spoken)
        right.selectbox("values", SPACINGS, key=f"plane-{name}-spacing", format_func=SAYS.__getitem__)
        if wish.spacing == "usual":
            st.caption(", ".join(f"{value:g}" for value in usual(wish.knob, method)))
        elif wish.spacing == "typed":
            st.text_input("values, with commas", key=f"plane-{name}-typed", max_chars=400)
        else:
            first, last, count = st.columns(3)
            first.number_input("from", format="%g", key=f"plane-{name}-low")
            last.number_input("to", format="%g", key=f"plane-{name}-high")
            count.number_input("how many", FEWEST, MOST, key=f"plane-{name}-count")
    shared = fixed_of(method, *(wish.knob for wish in axes()))
    if shared:
        st.markdown("**The same in all cells**")
    for knob in shared:
        _fixed(method, knob)


def _fixed(method: str, name: str) -> None:
    declared = methods.get(method).knobs.get(name)
    if declared is not None and declared.kind == "bool":
        st.toggle(spoken(name), key=f"plane-fixed-{name}")
        return
    if declared is not None and declared.kind == "choice":
        st.selectbox(spoken(name), declared.choices, key=f"plane-fixed-{name}")
        return
    low, high = (declared.low, declared.high) if declared is not None else (0.0, 1.0)
    st.number_input(spoken(name), float(low), float(high), format="%g", key=f"plane-fixed-{name}")


def _widget(control: Control) -> None:
    now = values()
    widgets.setting(control, now[control.name], str(now["dataset"]), f"plane-{control.name}")


def _select(control: Control, **more: Any) -> None:
    now = values()
    widgets.select(control, now[control.name], str(now["dataset"]), f"plane-{control.name}", **more)
