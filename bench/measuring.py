"""Timing on a shared machine: rivals take turns, and what counts is the ratio of their medians in one run."""

import statistics
import time
from collections.abc import Callable


def in_turns(rivals: dict[str, Callable[[], None]], *, rounds: int = 7) -> dict[str, float]:
    """Median seconds of one call of each rival, after one call that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in rivals}
    for number in range(rounds + 1):
        for name, call in rivals.items():
            started = time.perf_counter()
            call()
            if number:
                taken[name].append(time.perf_counter() - started)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def line(what: str, figure: str, wanted: str) -> None:
    """One line of the report."""
    print(f"{what:78s} {figure:>14s}   wanted {wanted}", flush=True)
