"""What the component of the race is told: small, made of what is known of it now."""

import math
import zlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from app.race import race_words as words
from app.race.raced import RECORDED, Raced
from app.race.wanted_race import Wish, changes, families, title, why_not
from kdcore import costs
from kdcore.experiment import Experiment
from kdcore.racing import ALWAYS, MOST_TRIALS, PLAIN, USUAL, Race, Row, Standings
from kdcore.statistics import LEVEL, Difference

NULLS = tuple(name for name in ALWAYS if name != PLAIN)
TICKS = 4


@dataclass(frozen=True)
class View:
    """How one person looks at a race."""

    browser: str = ""
    notes: tuple[str, ...] = ()
    present: bool = False


def snapshot(raced: Raced | None, wish: Wish, view: View) -> dict[str, Any]:
    """Everything the component is told."""
    told: dict[str, Any] = {"race": None, "notes": list(view.notes), "present": view.present}
    told |= raced.keep(("race choice", repr(wish)), lambda: _choice(wish, raced)) if raced else _choice(wish, None)
    if raced is not None:
        told |= raced.keep(
            ("race told", raced.state, raced.frame and raced.frame.at, _costs_mark()), lambda: _of_race(raced)
        )
        told["mine"] = bool(view.browser) and raced.owner == view.browser
        if raced.reason:
            told["notes"] = [*told["notes"], raced.reason]
    return told | {"version": f"{zlib.crc32(repr(told).encode()):08x}"}


def _choice(wish: Wish, raced: Raced | None) -> dict[str, Any]:
    """The left side: who may enter, who does, and what that makes."""
    base, race = wish.base, wish.race
    listed = _families(base.model_dump_json(exclude={"seeds"}) if isinstance(base, Experiment) else "")
    reasons: dict[str, list[str]] = {
        method["why"]: [] for family in listed for method in family["methods"] if method["why"]
    }
    for family in listed:
        for method in family["methods"]:
            if method["why"]:
                reasons[method["why"]].append(method["title"])
    return {
        "families": listed,
        "entered": list(wish.entered),
        "whys": [f"{', '.join(names)}: {why}." for why, names in reasons.items()],
        "usual": list(USUAL),
        "trials": wish.trials,
        "most_trials": MOST_TRIALS,
        "tuned": wish.tuned,
        "size": _size(race) if isinstance(race, Race) else "",
        "cannot": " ".join(race) if isinstance(race, list) else "",
        "changed": changes(wish, raced.experiment) if raced else [],
    }


@lru_cache(maxsize=64)
def _families(base: str) -> list[dict[str, Any]]:
    experiment = Experiment.model_validate_json(base) if base else None
    return [
        {
            "family": family,
            "title": heading,
            "methods": [
                {
                    "name": name,
                    "title": title(name),
                    "fixed": name in ALWAYS,
                    "why": why_not(name, experiment) if experiment and name not in ALWAYS else "",
                }
                for name in names
            ],
        }
        for family, heading, names in families()
    ]


def _size(race: Race) -> str:
    experiment = race.experiment()
    arms, seeds = len(experiment.arms), len(experiment.seed_list)
    return (
        f"{len(race.names) + len(race.programmes)} lines, {arms} kinds of student, {arms * seeds} students in one run"
    )


def _of_race(raced: Raced) -> dict[str, Any]:
    standings, frame = raced.standings, raced.frame
    told = {
        "race": raced.id,
        "recorded": raced.id == RECORDED,
        "state": raced.state,
        "says_state": "recorded" if raced.id == RECORDED else words.STATES[raced.state],
        "live": raced.live,
        "step": frame.step if frame else 0,
        "steps": frame.steps if frame else (raced.experiment.steps or 0),
        "headline": words.headline(raced, standings),
        "detail": words.made_of(raced, standings),
        "reading": [words.TIES, words.TUNING, words.HOLM],
        "rows": [],
    }
    if standings is None:
        return told
    axis = _axis(standings)
    return told | {
        "shown": words.nothing_shown(standings) if raced.over else "",
        "margin": f"{100 * standings.margin:.1f} points" if math.isfinite(standings.margin) else "",
        "axis": axis,
        "rows": [_row(row, over=raced.over) for row in standings.rows],
        "times": any(time_of(row.lane.method)[0] for row in standings.rows),
    }


def _axis(standings: Standings) -> dict[str, Any]:
    """The accuracies that the dots lie between, in percent, with round marks; where plain distillation lies."""
    ends = [value for row in standings.rows for value in (row.test.low, row.test.mean, row.test.high)]
    known = [100 * value for value in ends if math.isfinite(value)] or [0.0, 100.0]
    low, high = max(0.0, min(known) - 1), min(100.0, max(known) + 1)
    step = next((s for s in (1, 2, 5, 10, 20) if (high - low) / s <= TICKS), 50)
    marks = [int(mark) for mark in np.arange(math.ceil(low / step) * step, high + 1e-9, step)]
    plain = next((row.test.mean for row in standings.rows if row.lane.name == PLAIN), math.nan)
    return {"low": low, "high": high, "ticks": marks, "plain": _number(100 * plain)}


def _row(row: Row, *, over: bool) -> dict[str, Any]:
    name, (first, last) = row.lane.name, row.ranks
    known, test = not row.diverged, row.test
    time, timed = time_of(row.lane.method)
    return {
        "name": name,
        "title": words.line(row.lane),
        "null": row.lane.method in NULLS,
        "plain": name == PLAIN,
        "ranks": ("" if not known else str(first) if first == last else f"{first}–{last}"),
        "tied": row.tied,
        "diverged": not known,
        "mean": f"{100 * test.mean:.1f} %" if known else "diverged",
        "interval": _between(test.low, test.high) if known else "",
        "drawn": [_number(100 * value) for value in (test.low, test.mean, test.high)],
        "to_plain": _difference(row.to_plain, row.p_plain),
        "to_hard": _difference(row.to_hard, row.p_hard),
        "beats": row.beats_softness if over else None,
        "agreement": f"{100 * row.agreement:.1f} %" if math.isfinite(row.agreement) else "",
        "time": time,
        "timed": timed,
        "picked": row.picked.name.removeprefix(f"{row.lane.method}, ") if len(row.lane.arms) > 1 else "",
        "trials": len(row.lane.arms),
        "validation": f"{100 * row.validation:.1f} %" if known else "",
    }


def _difference(found: Difference | None, p: float) -> dict[str, Any] | None:
    if found is None or not math.isfinite(found.mean):
        return None
    said = f"p = {p:.3f} after Holm's correction, {found.n} pairs" if math.isfinite(p) else "one pair, no interval"
    return {
        "mean": _signed(found.mean),
        "interval": _between(found.low, found.high) if math.isfinite(found.low) else "",
        "sure": bool(math.isfinite(p) and p < LEVEL),
        "says": said.replace("p = 0.000", "p < 0.001"),
    }


def _signed(share: float) -> str:
    text = _points(share)
    return text if text.startswith("−") or text == "0.0" else f"+{text}"


def _between(low: float, high: float) -> str:
    return f"{_points(low)} to {_points(high)}" if math.isfinite(low) else ""


def _points(share: float) -> str:
    return f"{round(100 * share, 1) + 0.0:.1f}".replace("-", "−")


def _number(value: float) -> float | None:
    return round(value, 3) if math.isfinite(value) else None


def time_of(method: str) -> tuple[str, str]:
    """Time per step relative to plain distillation as measured on this machine, and how it was measured; else empty."""
    cost = _costs(_costs_mark()).get(method)
    if cost is None:
        return "", ""
    middle = f"middle half of the rounds {cost.low:.2f} to {cost.high:.2f}"
    return f"{cost.times:.2f}×", f"Beside plain distillation, {costs.STUDENTS} students of a small CNN; {middle}"


def _costs_mark() -> int:
    """Changes whenever other costs have been measured."""
    try:
        return costs.file().stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=2)
def _costs(_mark: int) -> dict[str, costs.Cost]:
    return costs.kept()
