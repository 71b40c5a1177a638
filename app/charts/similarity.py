"""Which classes look alike: one matrix for both networks, and how they differ."""

from typing import Any

import numpy as np

from app.charts.common import Array, Figure, axis, layout, numbers

NAMED = 10


def figure(teacher: Array, student: Array, names: tuple[str, ...], *, revision: str) -> Figure:
    """Upper triangle teacher, lower triangle student, in percent of an opinion; matrices as in `alike`."""
    teacher, student = alike(teacher), alike(student)
    upper = np.triu(np.ones_like(teacher, dtype=bool), 1)
    both = np.where(upper, teacher, student)
    np.fill_diagonal(both, np.nan)
    return {
        "data": [
            _heat(both, names)
            | {
                "hovertemplate": "%{y} and %{x}: %{z} % (upper right teacher, lower left student)<extra></extra>",
                "colorscale": "Cividis",
                "zmin": 0,
                "zmax": _top(teacher),
            }
        ],
        "layout": _layout(names, revision),
    }


def difference(teacher: Array, student: Array, names: tuple[str, ...], *, revision: str) -> Figure:
    """Student minus teacher in percentage points, blue less alike, orange more; matrices as in `alike`."""
    less = alike(student) - alike(teacher)
    np.fill_diagonal(less, np.nan)
    bound = max(10.0, float(np.nanmax(np.abs(np.nan_to_num(less)))) * 100)
    return {
        "data": [
            _heat(less, names)
            | {
                "hovertemplate": "%{y} and %{x}: %{z:+} points<extra></extra>",
                "colorscale": [[0, "#2166ac"], [0.5, "rgba(128,128,128,0.1)"], [1, "#e08214"]],
                "zmin": round(-bound, 1),
                "zmax": round(bound, 1),
            }
        ],
        "layout": _layout(names, revision),
    }


def alike(matrix: Array) -> Array:
    """How alike two classes are, from the mean soft label of each: half of what a's get as b and b's as a."""
    matrix = matrix.astype(np.float64)
    return np.asarray((matrix + matrix.T) / 2)


def _heat(matrix: Array, names: tuple[str, ...]) -> dict[str, Any]:
    return {
        "type": "heatmap",
        "x": list(names),
        "y": list(names),
        "z": [numbers(row * 100) for row in matrix],
        "xgap": 1,
        "ygap": 1,
        "showscale": True,
        "colorbar": {"thickness": 8, "outlinewidth": 0, "len": 1, "ticksuffix": " %", "tickfont": {"size": 10}},
    }


def _top(teacher: Array) -> float:
    """The end of the colour scale: the most alike pair of the teacher, so that it stays fixed in a run."""
    off = ~np.eye(len(teacher), dtype=bool)
    return max(12.0, round(float(np.nan_to_num(teacher[off]).max(initial=0)) * 110, 1))


def _layout(names: tuple[str, ...], revision: str) -> dict[str, Any]:
    """Class names on both axes as text, as many as can be read, the first class at the top."""
    short = max(map(len, names)) < 3
    labels: dict[str, Any] = {"type": "category", "showgrid": False, "showline": False}
    labels |= {"tickangle": 0 if short else 45, "tickfont": {"size": 11}, "dtick": -(-len(names) // NAMED)}
    return layout(
        revision,
        margin={"l": 24 if short else 76, "r": 4, "t": 4, "b": 24 if short else 60},
        xaxis=axis(**labels),
        yaxis=axis(**labels, autorange="reversed"),
    )
