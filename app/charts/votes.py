"""What a class predicted, as dots: one dot is one vote. After the reveal, what the run measured is marked."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.charts.common import Figure, axis, layout, numbers

BINS = 24
LEAST_ROOM = 8
LONGEST_LABEL = 52
DOTS: dict[str, Any] = {"color": "--student", "line": {"color": "--paper", "width": 1}}
INK = {"color": "--ink"}


def of_choices(options: Sequence[str], answers: Sequence[str], measured: str | None = None) -> Figure:
    """A line of dots for each option, in their order, under its name; answers that are none of them are left out."""
    counts = Counter(answers)
    most = max([2 * LEAST_ROOM, *(counts[option] for option in options)])
    dots = [(dot + 1, row) for row, option in enumerate(options) for dot in range(counts[option])]
    right = next((row for row, option in enumerate(options) if option == measured), None)
    notes = []
    for row, option in enumerate(options):
        name = f"<b>{_folded(option)}</b> (this run)" if row == right else _folded(option)
        notes.append(_note(name, x=0.3, y=row - 0.2, yanchor="bottom"))
        notes.append(_note(str(counts[option]), x=counts[option] + 0.8, y=row, yanchor="middle"))
    return {
        "data": [_dots([x for x, _ in dots], [y for _, y in dots], size=_size(most))],
        "layout": layout(
            "votes",
            margin={"l": 2, "r": 2, "t": 2, "b": 2},
            xaxis=axis(range=[0, most + 2], visible=False, fixedrange=True),
            yaxis=axis(range=[len(options) - 0.6, -0.75], visible=False, fixedrange=True),
            annotations=notes,
            shapes=[] if right is None else [_band(right)],
        ),
    }


def of_numbers(low: float, high: float, unit: str, answers: Sequence[float], measured: float | None = None) -> Figure:
    """Dots stacked where the numbers fall, in 24 steps from low to high; a line where the measured value lies."""
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
            xaxis=axis(unit, range=[ends[0] - margin, ends[1] + margin], tickfont=INK, fixedrange=True),
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
    return float(min(15, max(6, 260 / most)))


def _band(row: int) -> dict[str, Any]:
    ends = {"x0": 0, "x1": 1, "y0": row - 0.62, "y1": row + 0.3}
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
    text = f"this run: {value:.1f} {unit}".replace("-", "−").strip()
    return _note(text, x=value, y=1, yref="paper", yanchor="bottom", xanchor="center")


def _note(text: str, **place: Any) -> dict[str, Any]:
    return {"text": text, "showarrow": False, "xanchor": "left", "align": "left", "font": INK} | place


def _folded(text: str) -> str:
    """A long option on more than one line, without what Plotly would take for markup."""
    lines = [""]
    for word in text.replace("&", "&amp;").replace("<", "&lt;").split():
        if lines[-1] and len(lines[-1]) + len(word) >= LONGEST_LABEL:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(lines)
