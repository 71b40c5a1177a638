"""Lines of a plane: slices through it along either knob, and a cell's curve over the steps."""

import math
from typing import Any

import numpy as np

from app.charts.common import STROKES, Array, Figure, axis, evenly, layout, numbers, step_axis, whole
from app.charts.plane import places
from app.plane.plane_measures import Estimates
from kdcore.planes import Axis, Curve

CURVE_POINTS = 90


def along(shown: Estimates, of: Axis, place: tuple[int, int], *, across: str, revision: str) -> Figure:
    """A slice through the plane at cell (row, column): along x where `across` is "x", along y where it is "y"."""
    row, column = place
    cut = (row, slice(None)) if across == "x" else (slice(None), column)
    mean, low, high = (part[cut] for part in (shown.mean, shown.low, shown.high))
    at = column if across == "x" else row
    numbered = np.arange(len(mean))
    digits = 12 if shown.measure.ratio else 2
    values = axis(shown.measure.unit, fixedrange=True, **(_powers(mean) if shown.measure.ratio else {"nticks": 6}))
    return {
        "data": [
            *_band(numbered, low, high, "distilled", digits),
            _members(numbered, shown.values[cut], digits),
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": shown.measure.label,
                "x": whole(numbered),
                "y": numbers(mean, digits),
                "line": STROKES["distilled"],
                "marker": {"size": 6, "color": "--student"},
                "hovertemplate": "%{y}<extra></extra>",
            },
        ],
        "layout": layout(
            revision,
            margin={"l": 50, "r": 8, "t": 4, "b": 42},
            dragmode=False,
            xaxis=places(of) | {"showgrid": True},
            yaxis=values,
            shapes=[
                {
                    "type": "line",
                    "x0": at,
                    "x1": at,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": "--ink", "width": 1.2, "dash": "dot"},
                }
            ],
        ),
    }


def _powers(values: Array) -> dict[str, Any]:
    """A log axis with at most six ticks, all powers of ten."""
    known = np.log10(values[np.isfinite(values) & (values > 0)])
    decades = float(np.ptp(known)) if len(known) else 1.0
    return {"type": "log", "dtick": max(1, math.ceil(decades / 5)), "exponentformat": "power"}


def _members(places: Array, values: Array, digits: int) -> dict[str, Any]:
    """Every seed as a small dot."""
    x = np.repeat(places, values.shape[1])
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "every seed",
        "x": whole(x),
        "y": numbers(values, digits),
        "marker": {"size": 3.5, "color": "--student", "opacity": 0.45},
        "hoverinfo": "skip",
    }


def _band(x: Array, low: Array, high: Array, role: str, digits: int = 2) -> list[dict[str, Any]]:
    known = np.isfinite(low) & np.isfinite(high)
    if not known.any():
        return []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "95 % interval of the mean",
            "x": whole(np.concatenate([x[known], x[known][::-1]])),
            "y": numbers(np.concatenate([low[known], high[known][::-1]]), digits),
            "fill": "toself",
            "fillcolor": f"{STROKES[role]['color']}/0.2",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
        }
    ]


def curves(cell: Curve | None, control: Curve | None, *, steps: int, revision: str) -> Figure:
    """Validation accuracy over the steps: a cell, and the students who hear labels only."""
    data: list[dict[str, Any]] = []
    for role, name, curve in (("control", "labels only", control), ("distilled", "this cell", cell)):
        if curve is None:
            continue
        kept = evenly(curve.steps, CURVE_POINTS)
        x = curve.steps[kept] + 1
        data += _band(x, curve.low[kept] * 100, (curve.high[kept] * 100).clip(None, 100), role)
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": name,
                "x": whole(x),
                "y": numbers(curve.mean[kept] * 100),
                "line": STROKES[role],
                "hovertemplate": f"{name}: %{{y:.1f}} %<extra></extra>",
            }
        )
    return {
        "data": data,
        "layout": layout(
            revision,
            margin={"l": 44, "r": 8, "t": 4, "b": 40},
            dragmode=False,
            xaxis=step_axis(max(steps, 1)) | {"fixedrange": True},
            yaxis=axis("validation, %", range=[0, 101], tickvals=[0, 25, 50, 75, 100], fixedrange=True),
            showlegend=True,
            legend={"x": 0.01, "y": 1, "xanchor": "left", "yanchor": "top"},
        ),
    }
