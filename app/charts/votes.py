"""What a class predicted, as dots: one dot is one vote. After the reveal, what the run measured is marked."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.charts.common import Figure, axis, layout, numbers, whole

BINS = 40
LEAST_ROOM = 8
LONGEST_LABEL = 34
DOTS: dict[str, Any] = {"color": "--student", "line": {"color": "--paper", "width": 1}}
AXIS_LABEL = {"size": 14, "color": "--ink"}


def of_choices(options: Sequence[str], answers: Sequence[str], measured: str | None = None) -> Figure:
    """A row for each option, in their order; answers that are none of them are left out."""
    counts = Counter(answers)
    most = max([LEAST_ROOM, *(counts[option] for option in options)])
    rows = [(row, dot + 1) for row, option in enumerate(options) for dot in range(counts[option])]
    names = [_folded(option) for option in options]
    right = next((row for row, option in enumerate(options) if option == measured), None)
    if right is not None:
        names[right] = f"<b>{names[right]}</b>"
    counted = [
        {
            "x": counts[option] + 0.7,
            "y": row,
            "text": f"{counts[option]}" + (" · what this run measured" if row == right else ""),
            "showarrow": False,
            "xanchor": "left",
            "font": AXIS_LABEL,
        }
        for row, option in enumerate(options)
    ]
    return {
        "data": [_dots([dot for _, dot in rows], [row for row, _ in rows], size=_size(most))],
        "layout": layout(
            "votes",
            margin={"l": 12, "r": 12, "t": 8, "b": 8},
            xaxis=axis(range=[0, most * 1.35 + 2], visible=False, fixedrange=True),
            yaxis=axis(
                range=[len(options) - 0.4, -0.6],
                tickvals=whole(range(len(options))),
                ticktext=names,
                tickfont=AXIS_LABEL,
                automargin=True,
                showgrid=False,
                fixedrange=True,
            ),
            annotations=counted,
            shapes=[] if right is None else [_band(right)],
        ),
    }


def of_numbers(low: float, high: float, unit: str, answers: Sequence[float], measured: float | None = None) -> Figure:
    """Dots stacked where the numbers fall, in forty steps from low to high; a line where the measured value lies."""
    width = (high - low) / BINS
    places = [min(max(round((answer - low) / width), 0), BINS) for answer in answers]
    heights: list[int] = []
    seen: Counter[int] = Counter()
    for place in places:
        seen[place] += 1
        heights.append(seen[place])
    most = max([LEAST_ROOM, *heights])
    ends = [low, high] if measured is None else [min(low, measured), max(high, measured)]
    margin = (ends[1] - ends[0]) * 0.03
    return {
        "data": [_dots(numbers(np.array([low + width * place for place in places]), 4), heights, size=_size(most))],
        "layout": layout(
            "votes",
            margin={"l": 12, "r": 12, "t": 26, "b": 40},
            xaxis=axis(unit, range=[ends[0] - margin, ends[1] + margin], tickfont=AXIS_LABEL, fixedrange=True),
            yaxis=axis(range=[0, most + 1], visible=False, fixedrange=True),
            shapes=[] if measured is None else [_line(measured)],
            annotations=[] if measured is None else [_measured(measured, unit)],
        ),
    }


def _dots(x: Sequence[float | None], y: Sequence[int], size: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "votes",
        "x": list(x),
        "y": list(y),
        "marker": DOTS | {"size": size},
        "hoverinfo": "skip",
    }


def _size(most: int) -> float:
    """A dot's diameter in px, so that a row of them still fits."""
    return float(min(18, max(6, 260 / most)))


def _band(row: int) -> dict[str, Any]:
    ends = {"x0": 0, "x1": 1, "y0": row - 0.42, "y1": row + 0.42}
    return {
        "type": "rect",
        "xref": "paper",
        **ends,
        "fillcolor": "--student/0.14",
        "line": {"width": 0},
        "layer": "below",
    }


def _line(value: float) -> dict[str, Any]:
    ends = {"x0": value, "x1": value, "y0": 0, "y1": 1}
    return {"type": "line", "yref": "paper", **ends, "line": {"color": "--ink", "width": 2, "dash": "dash"}}


def _measured(value: float, unit: str) -> dict[str, Any]:
    text = f"this run measured {value:.1f} {unit}".replace("-", "−").strip()
    place = {"x": value, "y": 1, "yref": "paper", "yanchor": "bottom"}
    return {"text": text, **place, "showarrow": False, "font": AXIS_LABEL}


def _folded(text: str) -> str:
    """A long option on two lines or three, without what Plotly would take for markup."""
    lines = [""]
    for word in text.replace("&", "&amp;").replace("<", "&lt;").split():
        if lines[-1] and len(lines[-1]) + len(word) >= LONGEST_LABEL:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
