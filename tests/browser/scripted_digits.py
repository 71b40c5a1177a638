"""Ten digits as a hand would write them, and the same ones in an unsteady hand. Points lie in [0, 1], y downwards."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Strokes = list[list[list[float]]]

# A few points a stroke, through which a smooth curve is laid; a stroke that begins with "-" has corners instead.
_WRITTEN: dict[int, list[str]] = {
    0: ["50,15 38,20 30,35 29,52 32,70 41,84 52,86 63,80 70,64 71,46 67,28 59,17 50,15"],
    1: ["-38,32 54,14 54,86"],
    2: ["32,30 38,18 51,13 64,19 67,33 59,48 45,64 32,83", "-32,83 70,84"],
    3: ["33,23 45,14 60,17 66,29 60,42 47,48", "47,48 62,53 69,66 63,80 48,87 32,80"],
    4: ["-56,13 29,60 73,60", "-59,38 59,87"],
    5: ["-66,15 37,15 34,46", "34,46 48,40 62,47 68,62 62,78 48,86 32,80"],
    6: ["62,14 49,22 38,38 32,56 33,73 43,85 56,86 66,76 65,62 55,53 43,56 34,66"],
    7: ["-30,16 69,16 44,86"],
    8: ["60,20 48,13 37,20 38,33 50,45 64,58 67,73 57,85 44,86 34,75 38,60 50,47 62,34 63,23 57,16"],
    9: ["66,24 54,14 40,18 33,31 38,45 50,50 62,42 66,26", "66,26 65,50 60,70 50,87"],
}


def scripted() -> dict[int, Strokes]:
    """Each digit once, as its strokes."""
    return {digit: [_line(stroke) for stroke in strokes] for digit, strokes in _WRITTEN.items()}


def jittered(copies: int) -> list[tuple[int, Strokes]]:
    """Each digit so often in an unsteady hand: turned (6 degrees), slanted (0.1), wider or narrower (10 %), and
    every stroke bent by a slow wave of 2 % of the pad; standard deviations, the same numbers every time."""
    random = np.random.RandomState(0)
    return [(digit, _jittered(strokes, random)) for digit, strokes in scripted().items() for _ in range(copies)]


def _line(written: str) -> list[list[float]]:
    corners = written.startswith("-")
    points = np.array([[float(n) / 100 for n in pair.split(",")] for pair in written.lstrip("-").split()])
    line: list[list[float]] = (points if corners else _smooth(points)).tolist()
    return line


def _smooth(points: NDArray[np.float64], between: int = 6) -> NDArray[np.float64]:
    """A Catmull-Rom curve through the points."""
    before, after = np.vstack([points[:1], points[:-2]]), np.vstack([points[2:], points[-1:]])
    start, end = points[:-1], points[1:]
    pieces = []
    for t in np.linspace(0, 1, between, endpoint=False):
        pieces.append(
            0.5
            * (
                2 * start
                + (end - before) * t
                + (2 * before - 5 * start + 4 * end - after) * t**2
                + (3 * start - before - 3 * end + after) * t**3
            )
        )
    return np.vstack([np.stack(pieces, 1).reshape(-1, 2), points[-1:]])


def _jittered(strokes: Strokes, random: np.random.RandomState) -> Strokes:
    angle, slant, wide = random.normal(0, np.radians(6)), random.normal(0, 0.1), np.exp(random.normal(0, 0.1))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = turn @ np.array([[wide, slant], [0.0, 1.0]])
    bent: Strokes = []
    for stroke in strokes:
        fine = _dense(np.array(stroke)) - 0.5
        along = np.linspace(0, 1, len(fine))[:, None]
        wave = random.normal(0, 0.02, 2) * np.sin(2 * np.pi * (random.uniform(0.5, 1.5) * along + random.uniform()))
        moved = fine @ change.T + wave + random.normal(0, 0.02, 2)
        bent.append((moved + 0.5).tolist())
    return bent


def _dense(points: NDArray[np.float64], between: int = 12) -> NDArray[np.float64]:
    """Straight pieces cut into many points, so that they can be bent."""
    share = np.arange(between)[:, None] / between
    pieces = [start + (end - start) * share for start, end in pairwise(points)]
    return np.vstack([*pieces, points[-1:]])
