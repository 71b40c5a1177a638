"""What a search trains next, as one run: new trials, or those that a pruner lets go on, and random search beside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from kdcore.parts import Arm
from kdcore.proposals import propose
from kdcore.searching import ARM_NAMES, By, Search, Trial


@dataclass(frozen=True)
class Batch:
    """What to train next, as one run; stop: the step at which it ends, None for all steps."""

    arms: tuple[Arm, ...]
    stop: int | None = None


def survivors(search: Search, trials: Sequence[Trial], screened: Sequence[Trial]) -> list[Trial]:
    """Which of the trials just screened are trained to the end, best first; those before count as rivals.

    median: those not below the median of all early values (Golovin et al. 2017). halving: the best quarter of them
    (Jamieson and Talwalkar 2016), at least one of a batch. Optuna's pruners decide trial by trial, in the order of
    asking; a batch is known all at once, so its order must not matter.
    """
    early = [trial.early for trial in trials if trial.by == "search" and trial.early is not None]
    known = sorted((t for t in screened if t.early is not None), key=lambda t: (-(t.early or 0.0), t.number))
    if not known:
        return []
    bar = float(np.quantile(early, 0.5 if search.pruner == "median" else 0.75, method="higher"))
    return [trial for trial in known if (trial.early or 0.0) >= bar] or known[:1]


def next_batch(search: Search, trials: Sequence[Trial]) -> Batch | None:
    """What to train next; None where the budget in students is spent. No trial may be in training but those that wait
    to go on after screening."""
    waiting = [trial for trial in trials if trial.state == "training"]
    if waiting:
        return _go_on(search, trials, waiting)
    seeds, sides = len(search.experiment.seed_list), len(search.sides)
    left = math.inf if search.students is None else search.students - sum(trial.students_cost for trial in trials)
    if search.pruner == "none":
        count = int(min(search.batch // sides, left // (seeds * sides)))
        arms = [arm for by in search.sides for arm in _asked(search, trials, by, count)]
        return Batch(tuple(arms)) if arms else None
    # A screened trial costs about half of a whole one: a quarter for all, the rest for the quarter that goes on.
    count = int(min(search.batch, left // (0.5 * seeds * sides)))
    return Batch(tuple(_asked(search, trials, "search", count)), search.screening_step) if count > 1 else None


def _go_on(search: Search, trials: Sequence[Trial], waiting: Sequence[Trial]) -> Batch | None:
    """The survivors of a screening, trained from the beginning (their first part comes out the same), and as much
    random search as makes both cost the same; as many as the budget has room for."""
    seeds = len(search.experiment.seed_list)
    spent = {by: sum(trial.students_cost for trial in trials if trial.by == by) for by in ARM_NAMES}
    left = math.inf if search.students is None else search.students - sum(spent.values())
    behind = (spent["search"] - spent["baseline"]) if search.baseline else 0.0
    room = max(0.0, left - behind) // (seeds * len(search.sides))
    chosen = sorted(waiting, key=lambda trial: (-(trial.early or 0.0), trial.number))[: int(min(room, len(waiting)))]
    arms = [search.arm(trial.number, "search", trial.parameters) for trial in chosen]
    if search.baseline and chosen:
        arms += _asked(search, trials, "baseline", min(int(behind // seeds), search.batch) + len(chosen))
    return Batch(tuple(arms)) if arms else None


def _asked(search: Search, trials: Sequence[Trial], by: By, count: int) -> list[Arm]:
    first = 1 + max((trial.number for trial in trials if trial.by == by), default=-1)
    points = propose(search, trials, by, first, count)
    return [search.arm(first + place, by, point) for place, point in enumerate(points)]
