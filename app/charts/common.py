"""What every chart shares: colour tokens, the quiet layout, and small numbers.

A figure is a plain dict `{"data": [...], "layout": {...}}` without a template. Colours are tokens ("--student") that
the board resolves for the theme. Roles have a dash and a width too, classes a shape: colour never speaks alone.
"""

import base64
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Figure = dict[str, Any]
Array = NDArray[Any]

STROKES: dict[str, dict[str, Any]] = {
    "teacher": {"color": "--teacher", "width": 3.5},
    "distilled": {"color": "--student", "width": 2.5},
    "control": {"color": "--control", "width": 2.5, "dash": "dash"},
    "null": {"color": "--null", "width": 1.2, "dash": "dot"},
    "chance": {"color": "--muted", "width": 1, "dash": "dot"},
}
CLASS_COLOURS = (
    "#3f90da",
    "#ffa90e",
    "#bd1f01",
    "#94a4a2",
    "#832db6",
    "#a96b59",
    "#e76300",
    "#b9ac70",
    "#717581",
    "#92dadd",
)
"""Petroff's ten colours (arXiv:2107.02270), the same in both themes; for colour scales, where no token can stand."""
SYMBOLS = (
    "circle",
    "square",
    "diamond",
    "cross",
    "x",
    "triangle-up",
    "triangle-down",
    "star",
    "pentagon",
    "hexagram",
)


def class_colour(number: int) -> str:
    """The token of a class; there are ten."""
    return f"--class-{number % 10}"


def class_shade(number: int, opacity: float) -> str:
    """The colour of a class at an opacity."""
    red, green, blue = (int(CLASS_COLOURS[number % 10][at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def symbol(number: int) -> str:
    """The marker shape of a class; there are ten."""
    return SYMBOLS[number % len(SYMBOLS)]


def layout(revision: str, **more: Any) -> dict[str, Any]:
    """The quiet layout. `revision` (the run) keeps zoom, hover and legend choices while it stays the same."""
    return {
        "uirevision": revision,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": "--ink", "size": 12},
        "margin": {"l": 46, "r": 12, "t": 8, "b": 40},
        "hovermode": "closest",
        "showlegend": False,
    } | more


def blank(revision: str) -> Figure:
    """A chart with nothing on it, for what there is nothing to show of yet."""
    hidden = {"visible": False}
    return {"data": [], "layout": layout(revision, xaxis=hidden, yaxis=hidden)}


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis with a faint grid and no zero line."""
    return {
        "title": {"text": title, "standoff": 4},
        "gridcolor": "--grid",
        "zeroline": False,
        "linecolor": "--grid",
    } | more


def step_axis(steps: int) -> dict[str, Any]:
    """Steps on a log scale of step + 1, so that step 0 is on it; the range stays while the run goes on."""
    marks = [mark for mark in (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000) if mark < steps]
    if len(marks) > 1 and marks[-1] > steps / 1.6:
        marks.pop()
    marks.append(steps)
    return axis(
        "step",
        type="log",
        range=[0, round(float(np.log10(steps + 1)) * 1.01, 4)],
        tickvals=[mark + 1 for mark in marks],
        ticktext=[f"{mark}" for mark in marks],
    )


def evenly(steps: Array, count: int) -> Array:
    """Indices of at most `count` points, evenly spread in log step, the first and the last always among them."""
    if len(steps) <= count:
        return np.arange(len(steps))
    wanted = np.linspace(np.log(steps[0] + 1.0), np.log(steps[-1] + 1.0), count)
    nearest = np.searchsorted(np.log(steps + 1.0), wanted).clip(0, len(steps) - 1)
    return np.unique(np.concatenate([[0], nearest, [len(steps) - 1]]))


def numbers(values: Array, digits: int = 1) -> list[float | None]:
    """Rounded plain numbers; None, a gap in the line, where there is none."""
    rounded = np.round(np.asarray(values, dtype=np.float64).ravel(), digits)
    plain: list[float | None] = rounded.tolist()
    return plain if np.isfinite(rounded).all() else [v if v is not None and math.isfinite(v) else None for v in plain]


def percent(fractions: Array) -> list[float | None]:
    """Fractions as percent with one decimal."""
    return numbers(np.asarray(fractions, dtype=np.float64) * 100)


def packed(values: Array) -> dict[str, str]:
    """Whole numbers from -32768 to 32767 as Plotly reads them packed: a third of the size of a list."""
    return {"dtype": "i2", "bdata": base64.b64encode(np.asarray(values).astype("<i2").tobytes()).decode()}


def whole(values: Array | Sequence[Any]) -> list[int]:
    """Plain integers."""
    return [int(v) for v in values]
