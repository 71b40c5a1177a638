"""A search as charts: the best value over the budget spent, each knob against the value, and which knobs matter."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.charts.common import Figure, axis, blank, layout, numbers, percent
from kdcore.searching import Dimension, Trial, best_so_far

SIDES: dict[str, dict[str, Any]] = {
    "search": {"color": "--student", "symbol": "circle", "dash": "solid", "name": "search"},
    "baseline": {"color": "--control", "symbol": "diamond-open", "dash": "dash", "name": "random search"},
}
"""Who tried: colour, shape and dash, so that colour never speaks alone."""
ROOM = 0.06


def best_figure(trials: Sequence[Trial], *, budget: float | None, revision: str, chosen: int | None = None) -> Figure:
    """Validation accuracy in % over the students that each side has spent: every trial a point, the best a step line.

    budget: what each side may spend, None where that is not known. Points carry their place in `trials`.
    """
    done = _done(trials)
    if not done:
        return blank(revision)
    spent = _spent(trials)
    data: list[dict[str, Any]] = []
    for by, look in SIDES.items():
        x, y = best_so_far(trials, by)  # type: ignore[arg-type]
        if not x:
            continue
        data.append(_points(trials, done, by, [spent[place] for place in done if trials[place].by == by]))
        line = {"color": look["color"], "width": 2.5, "dash": look["dash"], "shape": "hv"}
        data.append(
            {"type": "scatter", "mode": "lines", "name": f"best of {look['name']}", "x": numbers(np.array(x), 2)}
            | {"y": percent(np.array(y)), "line": line, "hoverinfo": "skip", "showlegend": True}
        )
    if chosen is not None and chosen in done:
        data.append(_ring(spent[chosen], trials[chosen]))
    furthest = max([spent[place] for place in done] + ([budget] if budget else []))
    return {
        "data": data,
        "layout": layout(
            revision,
            margin={"l": 52, "r": 10, "t": 6, "b": 40},
            xaxis=axis("students trained by each", range=[0, furthest * 1.03], fixedrange=True),
            yaxis=axis("validation accuracy, %", range=_range(trials), fixedrange=True),
            showlegend=True,
            legend={"x": 0.99, "xanchor": "right", "y": 0.04, "yanchor": "bottom"},
        ),
    }


def slice_figure(trials: Sequence[Trial], dimension: Dimension, *, revision: str, chosen: int | None = None) -> Figure:
    """Validation accuracy in % against one knob, whatever the others were. Points carry their place in `trials`."""
    done = _done(trials)
    if not done:
        return blank(revision)
    knob = dimension.knob
    data = [
        _points(trials, places, by, [trials[place].parameters[knob] for place in places])
        for by in SIDES
        if (places := [place for place in done if trials[place].by == by])
    ]
    if chosen is not None and chosen in done:
        data.append(_ring(trials[chosen].parameters[knob], trials[chosen]))
    ends = np.log10([dimension.low, dimension.high]) if dimension.log else np.array([dimension.low, dimension.high])
    margin = ROOM * (ends[1] - ends[0])
    across: dict[str, Any] = {"range": numbers(ends + np.array([-margin, margin]), 6), "fixedrange": True, "nticks": 6}
    if dimension.log:
        across |= {"type": "log", "dtick": 1 if ends[1] - ends[0] > 1.5 else "D2", "exponentformat": "none"}
        del across["nticks"]
    return {
        "data": data,
        "layout": layout(
            revision,
            margin={"l": 40, "r": 6, "t": 4, "b": 42},
            xaxis=axis(spoken(knob), **across),
            yaxis=axis("%", range=_range(trials), fixedrange=True, nticks=5),
        ),
    }


def importance_figure(shares: Mapping[str, float] | None, *, revision: str) -> Figure:
    """Bars, the most important knob on top: its share of the variation in %."""
    if not shares:
        return blank(revision)
    names = sorted(shares, key=lambda name: shares[name])
    values = np.array([shares[name] for name in names])
    return {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "name": "importance",
                "x": percent(values),
                "y": [spoken(name) for name in names],
                "text": [f"{value * 100:.0f} %" for value in values],
                "textposition": "outside",
                "cliponaxis": False,
                "marker": {"color": "--student"},
                "hoverinfo": "skip",
            }
        ],
        "layout": layout(
            revision,
            margin={"l": 6, "r": 40, "t": 4, "b": 26},
            xaxis=axis(range=[0, 100], fixedrange=True, nticks=4, ticksuffix=" %"),
            yaxis=axis(fixedrange=True, automargin=True, showgrid=False, ticks=""),
            bargap=0.4,
        ),
    }


def spoken(knob: str) -> str:
    """A knob as people read it."""
    return "temperature T" if knob == "temperature" else knob.replace("_", " ")


def _done(trials: Sequence[Trial]) -> list[int]:
    """The places of the trials that have a value."""
    return [place for place, trial in enumerate(trials) if trial.value is not None]


def _spent(trials: Sequence[Trial]) -> dict[int, float]:
    """What its side had spent when each trial was done, by its place."""
    found, spent = {}, dict.fromkeys(SIDES, 0.0)
    for place in sorted(range(len(trials)), key=lambda place: trials[place].number):
        trial = trials[place]
        if trial.state == "training":
            continue
        spent[trial.by] += trial.students_cost
        found[place] = spent[trial.by]
    return found


def _points(trials: Sequence[Trial], places: Sequence[int], by: str, x: Sequence[float]) -> dict[str, Any]:
    look, own = SIDES[by], [place for place in places if trials[place].by == by]
    values = np.array([trials[place].value for place in own], dtype=np.float64)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": look["name"],
        "x": numbers(np.array(x), 8),
        "y": percent(values),
        "customdata": own,
        "text": [f"{trials[place].arm}: {_said(trials[place])}" for place in own],
        "hovertemplate": "%{text}<br>%{y} % on validation<extra></extra>",
        "marker": {"color": look["color"], "symbol": look["symbol"], "size": 7, "opacity": 0.75},
        "showlegend": False,
    }


def _said(trial: Trial) -> str:
    return ", ".join(f"{spoken(knob)} {value:.4g}" for knob, value in trial.parameters.items())


def _ring(x: float, trial: Trial) -> dict[str, Any]:
    """A ring round the chosen trial."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "chosen",
        "x": numbers(np.array([x]), 8),
        "y": percent(np.array([trial.value])),
        "marker": {"color": "--ink", "symbol": "circle-open", "size": 15, "line": {"width": 2.5}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def below(trials: Sequence[Trial]) -> int:
    """How many trials with a value lie below the picture."""
    low = _range(trials)[0] if _done(trials) else None
    return 0 if low is None else sum((trials[place].value or 0.0) * 100 < low for place in _done(trials))


def _range(trials: Sequence[Trial]) -> list[float | None]:
    """Room for all but the lowest tenth of the values, so that bad trials do not flatten the good ones."""
    values = np.array([trial.value for trial in trials if trial.value is not None]) * 100
    low, high = float(np.quantile(values, 0.1)), float(values.max())
    room = max(0.3, 0.12 * (high - low))
    return numbers(np.array([low - room, high + room]), 2)
