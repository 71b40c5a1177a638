"""Test accuracy over steps: the students with bands and members, teacher and chance, and what was done when."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.charts.common import STROKES, Array, Figure, axis, evenly, layout, numbers, percent, step_axis, whole
from app.charts.history import History
from app.roles import Role

RANKS = {"teacher": 1, "distilled": 2, "control": 3, "null": 4, "chance": 5}
CURVE_POINTS = 120
BAND_POINTS = 60
MEMBER_POINTS = 30
MEMBERS = 16
NULLS = (
    ("--null", "dot"),
    ("--cool", "dashdot"),
    ("--warm", "longdash"),
    ("--class-4", "longdashdot"),
    ("--class-7", "dash"),
    ("--class-0", "dot"),
)
FEW = 5
Event = dict[str, Any]
# Where no curve is: above the first steps, when nobody knows anything yet.
LEGEND = {
    "x": 0.01,
    "y": 0.94,
    "xanchor": "left",
    "yanchor": "top",
    "bgcolor": "rgba(0,0,0,0)",
    "font": {"size": 12},
    "tracegroupgap": 0,
}
BESIDE = {"x": 1.01, "y": 1.02, "maxheight": 400}  # many names would cover the curves


def figure(
    history: History,
    roles: Sequence[Role],
    *,
    steps: int,
    revision: str,
    teacher: float | None,
    chance: float | None,
    events: Sequence[Event] = (),
) -> Figure:
    """Curves in percent; `teacher` and `chance` are fractions; an event is `{"step", "text"}`."""
    x = history.step_array
    data: list[dict[str, Any]] = []
    for role in sorted(roles, key=lambda role: role.role != "null"):
        if len(x) and role.name in history.arms:
            data += _arm(history, role, x, stroke_of(role, roles))
    data += _levels(steps, teacher, chance)
    shapes, notes = _events(events)
    return {
        "data": data,
        "layout": layout(
            revision,
            xaxis=step_axis(steps),
            yaxis=axis("test accuracy, %", range=[0, 101], tickvals=[0, 20, 40, 60, 80, 100]),
            showlegend=True,
            legend=LEGEND if len(roles) <= FEW else LEGEND | BESIDE,
            shapes=shapes,
            annotations=notes,
        ),
    }


def stroke_of(role: Role, roles: Sequence[Role]) -> dict[str, Any]:
    """The line of an arm; where several arms play the part of a null, each has its own."""
    stroke = STROKES[role.role]
    if role.role != "null":
        return stroke
    number = [other.name for other in roles if other.role == "null"].index(role.name)
    colour, dash = NULLS[number % len(NULLS)]
    return stroke | {"color": colour, "dash": dash} | ({"width": 1.6} if number else {})


def _arm(history: History, role: Role, x: Array, stroke: dict[str, Any]) -> list[dict[str, Any]]:
    times = evenly(x, CURVE_POINTS)
    mean = history.curve("mean", role.name, times)
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": role.label,
        "x": whole(x[times] + 1),
        "y": percent(mean),
        "line": stroke,
        "hovertemplate": f"{role.label}: %{{y:.1f}} %<extra></extra>",
        "legendgroup": role.name,
        "legendrank": RANKS[role.role],
        "meta": role.role,
    }
    return [line] if role.role == "null" else [*_members(history, role, x), *_band(history, role, x), line]


def _band(history: History, role: Role, x: Array) -> list[dict[str, Any]]:
    times = evenly(x, BAND_POINTS)
    low, high = (history.curve(name, role.name, times) for name in ("low", "high"))
    known = np.isfinite(low)
    if not known.any():
        return []
    around = np.concatenate([x[times][known] + 1, (x[times][known] + 1)[::-1]])
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": whole(around),
            "y": percent(np.concatenate([low[known], high[known][::-1]]).clip(0, 1)),
            "fill": "toself",
            "fillcolor": f"{STROKES[role.role]['color']}/0.2",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "showlegend": False,
            "legendgroup": role.name,
            "name": f"{role.label}: 95 % interval of the mean",
        }
    ]


def _members(history: History, role: Role, x: Array) -> list[dict[str, Any]]:
    """One thin line a seed, all in one trace with gaps between them."""
    times = evenly(x, MEMBER_POINTS)
    values = history.members_of(role.name, times)[:, :MEMBERS]
    if values.shape[1] < 2:
        return []
    steps = [*whole(x[times] + 1), None]
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "x": steps * values.shape[1],
            "y": [value for member in values.T for value in (*percent(member), None)],
            "line": {"color": STROKES[role.role]["color"], "width": 0.8},
            "opacity": 0.3,
            "hoverinfo": "skip",
            "showlegend": False,
            "legendgroup": role.name,
            "name": f"{role.label}: every seed",
        }
    ]


def _levels(steps: int, teacher: float | None, chance: float | None) -> list[dict[str, Any]]:
    """The teacher's accuracy and that of guessing, as lines across."""
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": name,
            "x": [1, steps + 1],
            "y": numbers(np.array([level, level]) * 100),
            "line": STROKES[role],
            "hovertemplate": f"{name}: %{{y:.1f}} %<extra></extra>",
            "legendrank": RANKS[role],
            "meta": role,
        }
        for role, name, level in (("teacher", "teacher", teacher), ("chance", "guessing", chance))
        if level is not None
    ]


def _events(events: Sequence[Event]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A vertical line with its text at each step where a command took effect; texts take turns in height."""
    shapes = [
        {
            "type": "line",
            "x0": event["step"] + 1,
            "x1": event["step"] + 1,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": "--ink", "width": 1, "dash": "dot"},
        }
        for event in events
    ]
    notes = [
        {
            "x": round(float(np.log10(event["step"] + 1)), 4),
            "y": 0.5 - 0.08 * (number % 4),
            "yref": "paper",
            "text": f"{event['text']} at step {event['step']}",
            "showarrow": False,
            "xanchor": "right",
            "font": {"size": 11, "color": "--ink"},
        }
        for number, event in enumerate(events)
    ]
    return shapes, notes
