"""The plane of two knobs as a map."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.charts.common import Array, Figure, axis, layout, numbers, whole
from app.plane.plane_measures import Estimates
from kdcore.planes import Axis

# On a colour scale no colour of the theme is safe: what is drawn on it is dark on light.
DARK, LIGHT = "#14171c", "rgba(255,255,255,0.85)"
HATCHES = 2
MOST_LABELS = 16


def figure(
    shown: Estimates,
    x: Axis,
    y: Axis,
    *,
    texts: Sequence[Sequence[str]],
    revision: str,
    best: tuple[int, int] | None = None,
    hatched: Array | None = None,
    stopped: Array | None = None,
    ghost: tuple[tuple[int, int], Array] | None = None,
    yours: tuple[float, float] | None = None,
    names: Mapping[str, tuple[Sequence[str], str]] | None = None,
) -> Figure:
    """A map of cells in places 0, 1, ... of both axes, each with its text under the pointer.

    best, hatched `[row, column]`: outline and hatching; ghost: those of the plane before; yours: a place (column, row)
    between the cells; names: other labels and another title for "x" or "y". Cells carry their number, row by row.
    """
    marks = [*(_hatching(hatched) if hatched is not None else []), *(_ghost(*ghost) if ghost else [])]
    if stopped is not None and stopped.any():
        marks.append(_diverged(stopped))
    if yours is not None:
        marks.append(_yours(*yours))
    return {
        "data": [_heat(shown, texts), *marks],
        "layout": layout(
            revision,
            margin={"l": 58, "r": 2, "t": 4, "b": 42},
            dragmode=False,
            xaxis=places(x, *(names or {}).get("x", (None, ""))),
            yaxis=places(y, *(names or {}).get("y", (None, ""))),
            shapes=[_ground(*shown.mean.shape), *(_outline(*best) if best else [])],
        ),
    }


def title_of(knob: str) -> str:
    """A knob as an axis names it."""
    return "temperature T" if knob == "temperature" else knob.replace("_", " ")


def _heat(shown: Estimates, texts: Sequence[Sequence[str]]) -> dict[str, Any]:
    rows, columns = shown.mean.shape
    drawn = np.log10(shown.mean, where=shown.mean > 0, out=np.full(shown.mean.shape, np.nan))
    z = drawn if shown.measure.ratio else shown.mean
    known = z[np.isfinite(z)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    bar: dict[str, Any] = {"thickness": 10, "outlinewidth": 0, "len": 1, "y": 0.5, "nticks": 6}
    bar["title"] = {"text": f"{shown.measure.unit} (mean of {shown.n})", "side": "right"}
    if shown.measure.ratio:
        powers = list(range(math.floor(low), math.ceil(high) + 1))
        powers = powers[:: math.ceil(len(powers) / 7)]
        bar |= {"tickvals": powers, "ticktext": [f"10<sup>{power}</sup>".replace("-", "−") for power in powers]}
    return {
        "type": "heatmap",
        "name": shown.measure.label,
        "z": [numbers(row, 3) for row in z],
        "text": [list(row) for row in texts],
        "customdata": np.arange(rows * columns).reshape(rows, columns).tolist(),
        "hovertemplate": "%{text}<extra></extra>",
        "hoverongaps": True,
        "colorscale": "Cividis",
        "zmin": round(low, 3),
        "zmax": round(max(high, low + 1e-3), 3),
        "xgap": 1,
        "ygap": 1,
        "colorbar": bar,
    }


def places(of: Axis, labels: Sequence[str] | None = None, title: str = "") -> dict[str, Any]:
    """An axis with one place for each value, evenly spaced whatever the values."""
    count = len(of.values)
    texts = list(labels) if labels is not None else [f"{value:.6g}" for value in of.values]
    every = math.ceil(count / MOST_LABELS)
    return axis(
        title or title_of(of.knob),
        range=[-0.5, count - 0.5],
        tickvals=list(range(0, count, every)),
        ticktext=texts[::every],
        showgrid=False,
        showline=False,
        ticks="",
        fixedrange=True,
    )


def _hatching(hatched: Array) -> list[dict[str, Any]]:
    """Slanted lines over every marked cell: dark ones on a lighter ground, so that they are seen on any colour."""
    x: list[float | None] = []
    y: list[float | None] = []
    for row, column in np.argwhere(hatched).tolist():
        for number in range(HATCHES):
            shift = (2 * number + 1) / HATCHES - 1  # from corner to corner
            x += [column + max(-0.5, shift - 0.5), column + min(0.5, shift + 0.5), None]
            y += [row + max(-0.5, -shift - 0.5), row + min(0.5, 0.5 - shift), None]
    x, y = [_short(value) for value in x], [_short(value) for value in y]
    return [
        _line(x, y, {"color": "rgba(255,255,255,0.45)", "width": 2.4}, "lighter ground of the hatching"),
        _line(x, y, {"color": DARK, "width": 1}, "cannot be told apart from the best") | {"opacity": 0.75},
    ]


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _line(x: Sequence[float | None], y: Sequence[float | None], line: dict[str, Any], name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": list(x),
        "y": list(y),
        "line": line,
        "hoverinfo": "skip",
    }


def _ground(rows: int, columns: int) -> dict[str, Any]:
    """What is seen of the plane before it has colours."""
    ends = {"x0": -0.5, "x1": columns - 0.5, "y0": -0.5, "y1": rows - 0.5}
    return {"type": "rect", **ends, "layer": "below", "fillcolor": "--grid/0.7", "line": {"width": 0}}


def _outline(row: int, column: int) -> list[dict[str, Any]]:
    """A dark frame in a light one around the best cell."""
    box = {
        "type": "rect",
        "x0": column - 0.46,
        "x1": column + 0.46,
        "y0": row - 0.46,
        "y1": row + 0.46,
    }
    return [box | {"line": {"color": LIGHT, "width": 6}}, box | {"line": {"color": DARK, "width": 3}}]


def _ghost(best: tuple[int, int], hatched: Array) -> list[dict[str, Any]]:
    """The rim of the region of the plane before, dashed, and where its best cell was."""
    x, y = rim(hatched)
    return [
        _line(x, y, {"color": LIGHT, "width": 4}, "light ground of the region before"),
        _line(x, y, {"color": "#d9730d", "width": 2.2, "dash": "dash"}, "region of the plane before"),
        {
            "type": "scatter",
            "mode": "markers",
            "name": "best cell of the plane before",
            "x": [best[1]],
            "y": [best[0]],
            "marker": {"symbol": "diamond-open", "size": 13, "color": "#d9730d", "line": {"width": 2.5}},
            "hoverinfo": "skip",
        },
    ]


def rim(inside: Array) -> tuple[list[float | None], list[float | None]]:
    """The border between marked cells and the others, as line segments with gaps between them."""
    x: list[float | None] = []
    y: list[float | None] = []
    wide = np.pad(inside.astype(bool), 1)
    for row, column in np.argwhere(wide[:, 1:] != wide[:, :-1]).tolist():  # between two neighbours in a row
        x += [column - 0.5, column - 0.5, None]
        y += [row - 1.5, row - 0.5, None]
    for row, column in np.argwhere(wide[1:] != wide[:-1]).tolist():
        x += [column - 1.5, column - 0.5, None]
        y += [row - 0.5, row - 0.5, None]
    return x, y


def _diverged(stopped: Array) -> dict[str, Any]:
    places = np.argwhere(stopped)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "diverged",
        "x": whole(places[:, 1]),
        "y": whole(places[:, 0]),
        "marker": {"symbol": "x-thin", "size": 9, "color": "--warm", "line": {"color": "--warm", "width": 2}},
        "hoverinfo": "skip",
    }


def _yours(column: float, row: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "your place",
        "x": [round(column, 3)],
        "y": [round(row, 3)],
        "text": ["yours"],
        "textposition": "top center",
        "textfont": {"color": DARK, "size": 13},
        "marker": {"symbol": "star", "size": 15, "color": "#ffffff", "line": {"color": DARK, "width": 1.5}},
        "hoverinfo": "skip",
    }
