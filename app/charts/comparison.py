"""Curves of several runs at once, with their bands and members.

Every entry has a letter, a colour and a dash of its own, the same in every chart. Traces say whose they are in
`meta.entry`, so that the browser can leave an entry out and smooth a mean without changing any other number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from app.charts.common import STROKES, Array, Figure, axis, evenly, layout, numbers
from app.charts.history import band
from app.comparison.looks import XS, Measure

COLOURS = (
    *("--student", "--warm", "--cool", "--class-4", "--class-2", "--class-5"),
    *("--class-0", "--class-8", "--ink", "--class-6", "--class-9", "--class-1"),
)
DASHES = ("solid", "dash", "dashdot", "longdash", "dot", "longdashdot")
CURVE_POINTS = 160
BAND_POINTS = 60
MEMBER_POINTS = 40
MEMBERS = 32
APART = 0.055
MARKS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 1_000_000, 10_000_000)


@dataclass(frozen=True)
class Line:
    """An entry over training: x `[time]` from 0, values `[time, seed]` in the unit of the measure.

    events: where on x a knob changed, and what.
    """

    key: str
    letter: str
    label: str
    x: Array
    values: Array
    events: tuple[tuple[float, str], ...] = ()


def stroke(number: int, *, width: float = 2.5) -> dict[str, Any]:
    """The line of the entry of that place."""
    return {"color": COLOURS[number % len(COLOURS)], "dash": DASHES[number % len(DASHES)], "width": width}


def grouped(lines: Sequence[Line], values: Sequence[str]) -> list[Line]:
    """One line a value: its members are the means of the lines of that value, read on the x of the first of them."""
    groups = []
    for value in dict.fromkeys(values):
        of_it = [line for line, other in zip(lines, values, strict=True) if other == value]
        x, means = of_it[0].x, [band(line.values)[0] for line in of_it]
        read = [np.interp(x, line.x, mean, right=np.nan) for line, mean in zip(of_it, means, strict=True)]
        groups.append(Line(f"group {value}", value[:8], f"{len(of_it)} entries", x, np.stack(read, -1)))
    return groups


def curves(
    lines: Sequence[Line],
    strokes: Sequence[dict[str, Any]],
    measure: Measure,
    x: str,
    revision: str,
    levels: Mapping[str, float] = MappingProxyType({}),
) -> Figure:
    """Means with 95 % bands and every seed; log(1 + x) but for seconds. Means carry `meta.kind` "mean".

    levels: lines across, in the unit of the measure, by the name that stands at their end.
    """
    logarithmic = x != "seconds"
    data, ends = [], []
    for line, drawn in zip(lines, strokes, strict=True):
        mean, low, high = band(line.values)
        at = line.x + 1 if logarithmic else line.x
        data += [*_members(line, drawn, at), *_band(line, drawn, at, low, high), _mean(line, drawn, at, mean, measure)]
        known = np.isfinite(mean)
        if known.any():
            ends.append((line, drawn, float(at[known][-1]), float(mean[known][-1])))
    shapes, notes = _changes(lines, strokes, logarithmic)
    most = max((float(line.x[-1]) for line in lines if len(line.x)), default=1.0)
    notes += [_level_name(name, level) for name, level in levels.items()]
    data += [_level(name, level, int(logarithmic), most + logarithmic) for name, level in levels.items()]
    across = _log_axis(XS[x], most) if logarithmic else axis(XS[x], rangemode="tozero")
    return {
        "data": data,
        "layout": layout(
            revision,
            margin={"l": 52, "r": 26, "t": 8, "b": 40},
            xaxis=across,
            yaxis=axis(measure.title),
            shapes=shapes,
            annotations=notes + _letters(ends, logarithmic, list(levels.values())),
        ),
    }


def _level(name: str, level: float, first: float, last: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "meta": {"entry": name, "kind": "level"},
        "x": [first, round(last, 3)],
        "y": [round(level, 2)] * 2,
        "line": STROKES["teacher"] | {"width": 1.5},
        "hovertemplate": f"{name}: %{{y:.1f}} %<extra></extra>",
        "showlegend": False,
    }


def _level_name(name: str, level: float) -> dict[str, Any]:
    place = {"xref": "paper", "x": 0.01, "xanchor": "left", "y": round(level, 2), "yshift": -9}
    return {"name": name, "text": name, "showarrow": False, "font": {"size": 12, "color": "--muted"}} | place


def _log_axis(title: str, most: float) -> dict[str, Any]:
    """An axis of 1 + x on a log scale, so that the beginning is on it."""
    marks = [mark for mark in MARKS if mark < most]
    if len(marks) > 1 and marks[-1] > most / 1.6:
        marks.pop()
    marks = [*marks, round(most)] if most >= 1 else marks
    end = float(np.log10(most + 1))
    return axis(
        title,
        type="log",
        range=[-0.01 * end, round(end * 1.01, 4)],
        tickvals=[mark + 1 for mark in marks],
        ticktext=[f"{mark:,}".replace(",", " ") for mark in marks],
    )


def _trace(of: Line, kind: str, **more: Any) -> dict[str, Any]:
    return {"type": "scatter", "mode": "lines", "meta": {"entry": of.key, "kind": kind}, "showlegend": False} | more


def _mean(line: Line, drawn: dict[str, Any], at: Array, mean: Array, measure: Measure) -> dict[str, Any]:
    unit = f" {measure.unit}".rstrip()
    return _trace(
        line,
        "mean",
        name=f"{line.letter} {line.label}",
        x=numbers(at, 3),
        y=numbers(mean, 4),
        line=drawn,
        hovertemplate=f"{line.letter} {line.label}: %{{y:.{measure.digits}f}}{unit}<extra></extra>",
    )


def _band(line: Line, drawn: dict[str, Any], at: Array, low: Array, high: Array) -> list[dict[str, Any]]:
    times = np.array([time for time in evenly(line.x, BAND_POINTS) if np.isfinite(low[time])], dtype=int)
    if not len(times):
        return []
    return [
        _trace(
            line,
            "band",
            name=f"{line.letter}: 95 % interval of the mean",
            x=numbers(np.concatenate([at[times], at[times][::-1]]), 3),
            y=numbers(np.concatenate([low[times], high[times][::-1]]), 4),
            fill="toself",
            fillcolor=f"{drawn['color']}/0.16",
            line={"width": 0},
            hoverinfo="skip",
        )
    ]


def _members(line: Line, drawn: dict[str, Any], at: Array) -> list[dict[str, Any]]:
    """One thin line a seed, all in one trace with gaps between them."""
    values = line.values[:, :MEMBERS]
    if values.shape[1] < 2:
        return []
    times = evenly(line.x, MEMBER_POINTS)
    x, y = [*numbers(at[times], 3), None], []
    for member in values[times].T:
        y += [*numbers(member, 4), None]
    return [
        _trace(
            line,
            "members",
            name=f"{line.letter}: every seed",
            x=x * values.shape[1],
            y=y,
            line={"color": drawn["color"], "width": 0.8},
            opacity=0.28,
            hoverinfo="skip",
        )
    ]


End = tuple[Line, dict[str, Any], float, float]


def _letters(ends: Sequence[End], logarithmic: bool, levels: list[float]) -> list[dict[str, Any]]:
    """Each letter at the end of its line, moved apart where lines end close together."""
    if not ends:
        return []
    whole = np.concatenate([levels, *(line.values[np.isfinite(line.values)] for line, *_ in ends)])
    least = APART * max(float(np.ptp(whole)), 1e-3)
    notes: list[dict[str, Any]] = []
    below = -np.inf
    for line, drawn, at, height in sorted(ends, key=lambda end: end[3]):
        below = max(height, below + least)
        notes.append(
            {
                "name": line.key,
                "x": round(float(np.log10(at)) if logarithmic else at, 4),
                "y": round(below, 4),
                "text": f"<b>{line.letter}</b>",
                "showarrow": False,
                "xanchor": "left",
                "xshift": 4,
                "font": {"size": 14, "color": drawn["color"]},
            }
        )
    return notes


def _changes(
    lines: Sequence[Line], strokes: Sequence[dict[str, Any]], logarithmic: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A dotted line in an entry's colour where one of its knobs changed."""
    shapes: list[dict[str, Any]] = []
    notes: list[dict[str, Any]] = []
    for line, drawn in zip(lines, strokes, strict=True):
        for number, (at, text) in enumerate(line.events):
            place = at + 1 if logarithmic else at
            shapes.append(
                {
                    "name": line.key,
                    "type": "line",
                    "x0": place,
                    "x1": place,
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": drawn["color"], "width": 1, "dash": "dot"},
                }
            )
            notes.append(
                {
                    "name": line.key,
                    "x": round(float(np.log10(place)) if logarithmic else place, 4),
                    "y": 0.45 - 0.08 * ((len(notes) + number) % 5),
                    "yref": "paper",
                    "text": f"{line.letter}: {text}",
                    "showarrow": False,
                    "xanchor": "right",
                    "font": {"size": 11, "color": "--ink"},
                }
            )
    return shapes, notes
