"""For 2-D data: which class a network would choose at every point of the plane, and what it was told about."""

from typing import Any

import numpy as np

from app.charts.common import Array, Figure, axis, class_colour, class_shade, layout, numbers, symbol, whole
from kdcore.frame import Stage

DEPTH = 4
"""Steps of certainty within a class: paler where the network is less sure."""


def figure(logits: Array, stage: Stage, heard: Array, labels: Array, *, revision: str, follow: int | None) -> Figure:
    """logits `[grid, class]` on `stage.grid`; the points that were heard, by their label (-1: withheld)."""
    assert stage.grid is not None and stage.points is not None
    xs, ys = np.unique(stage.grid[:, 0]), np.unique(stage.grid[:, 1])
    order = np.lexsort((stage.grid[:, 0], stage.grid[:, 1]))
    z = _code(logits.astype(np.float64))[order].reshape(len(ys), len(xs))
    classes = len(stage.class_names)
    surface = {
        "type": "heatmap",
        "x": numbers(xs, 2),
        "y": numbers(ys, 2),
        "z": z.tolist(),
        "zmin": -0.5,
        "zmax": classes * DEPTH - 0.5,
        "colorscale": _colours(classes),
        "showscale": False,
        "hoverinfo": "skip",
        "name": "decision",
    }
    points = [
        _points(stage, heard[labels == number], number, name)
        for number, name in (*enumerate(stage.class_names), (-1, "no label"))
        if (labels == number).any()
    ]
    ring = [_ring(stage.points[follow])] if follow is not None else []
    hidden = axis(showgrid=False, showticklabels=False, ticks="", showline=False)
    return {
        "data": [surface, *points, *ring],
        "layout": layout(
            revision, margin={"l": 4, "r": 4, "t": 4, "b": 4}, xaxis=hidden, yaxis=hidden | {"scaleanchor": "x"}
        ),
    }


def _code(logits: Array) -> Array:
    """Class times DEPTH plus a step of certainty, `[grid]` integers."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    sure = (shifted.max(-1) / shifted.sum(-1) - 1 / logits.shape[-1]) / (1 - 1 / logits.shape[-1])
    return np.asarray(logits.argmax(-1) * DEPTH + np.clip(sure * DEPTH, 0, DEPTH - 1).astype(int))


def _colours(classes: int) -> list[list[Any]]:
    """From pale to strong in the class's colour, class after class."""
    scale: list[list[Any]] = []
    for number in range(classes):
        scale.append([number / classes, class_shade(number, 0.05)])
        scale.append([(number + 1) / classes, class_shade(number, 0.6)])
    return scale


def _points(stage: Stage, rows: Array, number: int, name: str) -> dict[str, Any]:
    assert stage.points is not None
    places = stage.points[rows]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": numbers(places[:, 0], 2),
        "y": numbers(places[:, 1], 2),
        "customdata": whole(rows),
        "marker": {
            "color": class_colour(number) if number >= 0 else "rgba(0,0,0,0)",
            "symbol": symbol(number) if number >= 0 else "circle",
            "size": 8,
            "line": {"color": "--ink", "width": 1},
        },
        "hovertemplate": f"{name}<extra></extra>",
    }


def _ring(place: Array) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "the example followed",
        "x": numbers(place[:1], 2),
        "y": numbers(place[1:], 2),
        "marker": {"color": "rgba(0,0,0,0)", "size": 16, "line": {"color": "--ink", "width": 2}},
        "hoverinfo": "skip",
    }
