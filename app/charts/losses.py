"""The loss terms over steps, and how much stronger the teacher pulls than the labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from app.charts.common import STROKES, Figure, axis, evenly, layout, step_axis, whole
from app.charts.history import History
from app.roles import Role

POINTS = 80


def terms(history: History, roles: Sequence[Role], *, steps: int, revision: str) -> Figure:
    """Hard loss of both students in nats and soft loss of the distilled one, means over seeds, log scale."""
    data = []
    for role in roles:
        if role.role == "null" or role.name not in history.arms:
            continue
        data.append(_line(history, "hard_loss", role, f"{role.label}: hard loss", STROKES[role.role]))
        if role.role == "distilled":
            stroke = STROKES["distilled"] | {"width": 1.5, "dash": "dashdot"}
            data.append(_line(history, "soft_loss", role, f"{role.label}: soft loss", stroke))
    nats = all(role.in_nats for role in roles if role.role == "distilled")
    return {"data": data, "layout": _layout(steps, revision, "loss, nats" if nats else "loss")}


def ratio(history: History, roles: Sequence[Role], *, steps: int, revision: str) -> Figure:
    """Size of the soft gradient over that of the hard one at the logits, weights included, median over seeds."""
    data = [
        _line(history, "gradient_ratio", role, f"{role.label}: soft to hard", STROKES[role.role])
        for role in roles
        if role.role == "distilled" and role.name in history.arms
    ]
    level = {
        "type": "scatter",
        "mode": "lines",
        "name": "equal",
        "x": [1, steps + 1],
        "y": [1, 1],
        "line": STROKES["chance"],
        "hoverinfo": "skip",
    }
    return {"data": [*data, level], "layout": _layout(steps, revision, "soft : hard")}


def _line(history: History, measure: str, role: Role, name: str, stroke: dict[str, Any]) -> dict[str, Any]:
    x = history.step_array
    times = evenly(x, POINTS)
    values = history.curve(measure, role.name, times)
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": whole(x[times] + 1),
        "y": [float(f"{v:.3g}") if np.isfinite(v) and v > 0 else None for v in values],
        "line": stroke,
        "hovertemplate": f"{name} %{{y:.3g}}<extra></extra>",
        "meta": role.role,
    }


def _layout(steps: int, revision: str, title: str) -> dict[str, Any]:
    return layout(
        revision,
        xaxis=step_axis(steps),
        yaxis=axis(title, type="log", exponentformat="power"),
        showlegend=True,
        legend={"x": 0.01, "y": 0.02, "xanchor": "left", "yanchor": "bottom", "bgcolor": "rgba(0,0,0,0)"},
    )
