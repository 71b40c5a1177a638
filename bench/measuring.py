"""Timing on a shared machine: rivals take turns, and what counts are ratios within a round, all rounds in one run."""

import os
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch


def spread(values: Sequence[float], form: str = "{:.3g}") -> str:
    """The middle half of some values: "2.1 to 2.4"."""
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else (values[0],) * 3
    return f"{form.format(low)} to {form.format(high)}"


@dataclass(frozen=True)
class Rounds:
    """Seconds of one call of each rival, one entry a round."""

    taken: dict[str, list[float]]

    def seconds(self, name: str) -> float:
        """The median over rounds."""
        return statistics.median(self.taken[name])

    def ratio(self, slow: str, fast: str, *, times: float = 1.0) -> tuple[float, str]:
        """How many times as long the slow one takes, and the middle half of it over rounds.

        The two of one round met the same machine, so the median of the rounds' ratios is steadier than the ratio of
        two medians. times: a factor for work that the slow one was spared.
        """
        ratios = [times * a / b for a, b in zip(self.taken[slow], self.taken[fast], strict=True)]
        return statistics.median(ratios), spread(ratios)


def in_turns(rivals: dict[str, Callable[[], None]], *, rounds: int = 15, within: float = 60.0) -> Rounds:
    """Let the rivals take turns, after one round that is not counted; at least three, at most `within` seconds."""
    taken: dict[str, list[float]] = {name: [] for name in rivals}
    began = time.perf_counter()
    for number in range(rounds + 1):
        for name, call in rivals.items():
            started = time.perf_counter()
            call()
            if number:
                taken[name].append(time.perf_counter() - started)
        if number >= 3 and time.perf_counter() - began > within:
            break
    return Rounds(taken)


def on_threads() -> Iterator[str]:
    """Measure on one thread, as the Lab's workers run, then on all cores, as `kdcore.train` runs by itself."""
    usual = torch.get_num_threads()
    for number in sorted({1, usual}):
        torch.set_num_threads(number)
        yield f"{number} thread{'s' if number > 1 else ''}"
    torch.set_num_threads(usual)


def peak_megabytes(process: int) -> float:
    """The most memory that a process has held so far; where the system does not say, what it holds now."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        found = re.search(r"VmHWM:\s*(\d+) kB", status.read_text())
        return int(found[1]) / 1024 if found else 0.0
    return float(psutil.Process(process).memory_info().rss) / 2**20


def heading(part: str) -> None:
    """Begin a part of the report. What else this machine does is said, for it spoils the figures."""
    print(f"\n{part}: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print(f"{'':73s}{'median':>10s}   {'middle half':>16s}   wanted")


def line(what: str, figure: str, wanted: str, middle_half: str = "") -> None:
    """One line of the report."""
    print(f"  {what:71s}{figure:>10s}   {middle_half:>16s}   {wanted}", flush=True)
