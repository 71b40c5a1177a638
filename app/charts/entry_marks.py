"""Entries of a comparison as marks: class by class, and all of them in a plane of two measures or settings."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from app.charts.common import Array, Figure, axis, layout, numbers, symbol
from app.charts.history import band


def per_class(
    entries: Sequence[tuple[str, str, Array]], strokes: Sequence[dict[str, Any]], classes: Sequence[str], revision: str
) -> Figure:
    """Accuracy by class: (key, letter and label, values `[seed, class]` in percent); mean and 95 % interval."""
    data = []
    for number, ((key, label, values), drawn) in enumerate(zip(entries, strokes, strict=True)):
        mean, _, high = band(values.T)
        shift = (number - (len(entries) - 1) / 2) * min(0.13, 0.7 / max(len(entries), 1))
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": label,
                "meta": {"entry": key, "kind": "class"},
                "x": numbers(np.arange(len(classes)) + shift, 3),
                "y": numbers(mean, 2),
                "error_y": {
                    "array": numbers(np.nan_to_num(high - mean), 2),
                    "color": drawn["color"],
                    "thickness": 1.2,
                    "width": 0,
                },
                "marker": {"color": drawn["color"], "symbol": symbol(number), "size": 8},
                "hovertemplate": f"{label}: %{{y:.1f}} %<extra></extra>",
            }
        )
    return {
        "data": data,
        "layout": layout(
            revision,
            margin={"l": 52, "r": 8, "t": 8, "b": 40},
            xaxis=axis("class", tickvals=list(range(len(classes))), ticktext=list(classes), showgrid=False),
            yaxis=axis("right on this class, %"),
        ),
    }


@dataclass(frozen=True)
class Side:
    """One axis of the scatter: its title; values of every entry, `[seed]` for a measure or one number of a setting."""

    title: str
    values: Sequence[Array]


def scatter(
    entries: Sequence[tuple[str, str, str]], strokes: Sequence[dict[str, Any]], x: Side, y: Side, revision: str
) -> Figure:
    """One large mark an entry at its means, with 95 % intervals, and a small one for each seed.

    entries: (key, letter, label).
    """
    data, notes = [], []
    for number, ((key, letter, label), drawn) in enumerate(zip(entries, strokes, strict=True)):
        across, up = np.broadcast_arrays(np.atleast_1d(x.values[number]), np.atleast_1d(y.values[number]))
        mark = {"color": drawn["color"], "symbol": symbol(number)}
        meta = {"entry": key, "kind": "entry"}
        if len(across) > 1:
            data.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "name": f"{letter}: every seed",
                    "meta": meta,
                    "x": numbers(across, 4),
                    "y": numbers(up, 4),
                    "marker": mark | {"size": 5, "opacity": 0.45},
                    "showlegend": False,
                    "hoverinfo": "skip",
                }
            )
        spans = {}
        for name, values in (("error_x", across), ("error_y", up)):
            mean, _, high = band(values.astype(np.float64)[None])
            if np.isfinite(high[0]) and high[0] > mean[0]:
                spans[name] = {
                    "array": numbers(high - mean, 4),
                    "color": drawn["color"],
                    "thickness": 1.2,
                    "width": 0,
                }
        middle = (float(across.mean()), float(up.mean()))
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": f"{letter} {label}",
                "meta": meta,
                "x": numbers(np.array([middle[0]]), 4),
                "y": numbers(np.array([middle[1]]), 4),
                "showlegend": True,
                "marker": mark | {"size": 11, "line": {"color": "--ink", "width": 1}},
                "hovertemplate": f"{letter} {label}<br>{x.title} %{{x}}<br>{y.title} %{{y}}<extra></extra>",
            }
            | spans
        )
        notes.append(
            {
                "name": key,
                "x": middle[0],
                "y": middle[1],
                "text": f"<b>{letter}</b>",
                "showarrow": False,
                "xshift": 13,
                "yshift": 11,
                "font": {"size": 14, "color": drawn["color"]},
            }
            if all(np.isfinite(middle))
            else {"name": key, "text": "", "showarrow": False}
        )
    return {
        "data": data,
        "layout": layout(
            revision,
            margin={"l": 56, "r": 14, "t": 8, "b": 44},
            xaxis=axis(x.title),
            yaxis=axis(y.title),
            annotations=notes,
        ),
    }
