"""What a network makes of the test pictures: one point each, in the teacher's space, which stays fixed in a run."""

from typing import Any

import numpy as np

from app.charts.common import Array, Figure, axis, class_colour, layout, packed, symbol, whole
from kdcore.frame import Stage

SCALE = 1000


def figure(points: Array, frame_of: Array, stage: Stage, *, revision: str, follow: int | None) -> Figure:
    """Probes by class. points `[probe, 2]`; `frame_of` are the points that set the axes, the same for every chart.

    customdata is the row on the stage; the board shows the picture on hover.
    """
    low, sides = _window(frame_of)
    places = np.nan_to_num((points.astype(np.float64) - low) / sides * SCALE, posinf=SCALE, neginf=0).round()
    labels = stage.labels[stage.probe_rows]
    data = [
        _class(number, name, places[labels == number], stage.probe_rows[labels == number])
        for number, name in enumerate(stage.class_names)
    ]
    here = places[stage.probe_rows == follow] if follow is not None else places[:0]
    data.append(_followed(here))
    return {
        "data": data,
        "layout": layout(
            revision,
            margin={"l": 4, "r": 4, "t": 4, "b": 4},
            xaxis=_hidden(),
            yaxis=_hidden(),
        ),
    }


def of_teacher(stage: Stage, *, revision: str) -> Figure | None:
    """The teacher's own chart, the same all run long; None for points in a plane, which are drawn as they are."""
    if stage.grid is not None:
        return None
    points = stage.teacher_features[:, :2]
    return figure(points, points, stage, revision=revision, follow=None)


def _window(points: Array) -> tuple[Array, Array]:
    """Lower corner and sides of a rectangle that holds these points with some air around them."""
    points = points.astype(np.float64)
    low, high = points.min(0), points.max(0)
    sides = np.where(high > low, (high - low) * 1.16, 1.0)
    return (low + high - sides) / 2, sides


def _hidden() -> dict[str, Any]:
    return axis(range=[0, SCALE], showgrid=False, showticklabels=False, ticks="", showline=False)


def _class(number: int, name: str, places: Array, rows: Array) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": packed(places[:, 0]),
        "y": packed(places[:, 1]),
        "customdata": packed(rows),
        "marker": {
            "color": class_colour(number),
            "symbol": symbol(number),
            "size": 6,
            "line": {"color": "--ink", "width": 0.4},
        },
        "hoverinfo": "name",
    }


def _followed(place: Array) -> dict[str, Any]:
    """A ring around the example that is followed."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "the example followed",
        "x": whole(place[:, 0]),
        "y": whole(place[:, 1]),
        "marker": {"color": "rgba(0,0,0,0)", "size": 15, "line": {"color": "--ink", "width": 2}},
        "hoverinfo": "skip",
    }
