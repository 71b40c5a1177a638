"""A race of methods: one experiment in which all have the same budget, weights, batches and equally many trials.

The main weight of every method is tuned on validation among its trials; the test accuracy of the trial that was picked
is what is ranked. Ranks are bands: what chance alone could have put into another order shares its places.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Self

import numpy as np
import pydantic
from pydantic import ValidationError, model_validator

from kdcore import methods, programmes, statistics
from kdcore.experiment import Experiment, reasons
from kdcore.frame import Array, Frame
from kdcore.parts import Arm, Plain
from kdcore.planes import WORKING_BYTES, bytes_of_a_student
from kdcore.statistics import LEVEL, Difference, Estimate

PLAIN, HARD, SOFTNESS = "hinton", "hard", "smoothed"
ALWAYS = (PLAIN, HARD, SOFTNESS, "shuffled", "answers")
"""In every race: plain distillation, hard labels, and the three that hear less than opinions."""
USUAL = ("dkd", "dist", "nkd", "ttm", "logit_mse", "fitnets", "sp")
"""With those that are always there, a dozen."""
TRIALS, MOST_TRIALS = 5, 9
ALPHAS = (0.9, 0.5, 0.1, 1.0, 0.3, 0.7, 0.05, 0.99, 0.02, 0.2)
FACTORS = (1, 4, 1 / 4, 16, 1 / 16, 2, 1 / 2, 64, 1 / 64)
HEAVIEST = 1e6


class Race(Plain):
    """Which methods run against each other, on what, and how often each is tried.

    entered: methods beside those that are in every race; programmes: names of `kdcore.programmes`. base: everything
    but its arms is used. trials: how many values of its main weight each method tries; not tuned, each runs once with
    the weight of its paper. Raises ValueError where a method cannot run on these networks, and why.
    """

    entered: tuple[str, ...] = USUAL
    programmes: tuple[str, ...] = ()
    base: Experiment = Experiment()
    trials: Annotated[int, pydantic.Field(ge=2, le=MOST_TRIALS)] = TRIALS
    tuned: bool = True

    @model_validator(mode="after")
    def _possible(self) -> Self:
        for name in self.names:
            why = refusal(name, self.base)
            if why is not None:
                raise ValueError(why)
        try:
            experiment = self.experiment()
        except ValidationError as error:
            raise ValueError("; ".join(reasons(error))) from None
        except KeyError as error:
            raise ValueError(error.args[0]) from None
        students = len(experiment.arms) * len(experiment.seed_list)
        needed = students * bytes_of_a_student(experiment)
        if needed > WORKING_BYTES:
            raise ValueError(
                f"{students} such students need about {needed / 1e9:.1f} GB, and one run has "
                f"{WORKING_BYTES / 1e9:.2g}: take fewer methods, trials or seeds, or a smaller student"
            )
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """All methods of the race, those that are always there first; each once."""
        return tuple(dict.fromkeys((*ALWAYS, *self.entered)))

    def experiment(self) -> Experiment:
        """The race as one ordinary experiment."""
        trials = self.trials if self.tuned else 1
        arms = [arm for name in self.names for arm in trials_of(name, trials)]
        if self.programmes:
            base = Experiment(**dict(self.base) | {"arms": tuple(arms), "control": True})
            for name in self.programmes:
                there = {arm.name for arm in arms}
                arms += [arm for arm in programmes.get(name).arms(base) if arm.name not in there]
        return Experiment(**dict(self.base) | {"arms": tuple(arms), "control": True})


def trials_of(name: str, trials: int = TRIALS) -> tuple[Arm, ...]:
    """The arms of one method, its own weight first; one where there is nothing to tune.

    They differ in alpha where the method's weights add up to one, else in the paper's weight times 1/16 to 16.
    """
    declared = methods.get(name)
    if not declared.weight or trials == 1:
        return (Arm(name),)
    if declared.alpha is not None:
        alphas = list(dict.fromkeys((declared.alpha, *ALPHAS)))[:trials]
        return tuple(Arm(name, f"{name}, alpha {alpha:g}", alpha=alpha) for alpha in alphas)
    weights = list(dict.fromkeys(min(factor * declared.weight, HEAVIEST) for factor in FACTORS))[:trials]
    return tuple(Arm(name, f"{name}, weight {weight:.6g}", weight=weight) for weight in weights)


def refusal(name: str, base: Experiment) -> str | None:
    """Why a method cannot run on these networks and data, in the words of the experiment; None where it can."""
    try:
        methods.get(name)
    except KeyError as unknown:
        return str(unknown.args[0])
    return _refusal(name, base.model_dump_json(exclude={"arms", "seeds"}))


@lru_cache(maxsize=4096)
def _refusal(name: str, base: str) -> str | None:
    try:
        Experiment(**json.loads(base) | {"arms": [Arm(name)], "seeds": 1})
    except ValidationError as error:
        return "; ".join(reasons(error))
    return None


@dataclass(frozen=True)
class Lane:
    """One line of a race: arms that differ in the weights of their loss alone.

    name: the method's, or the arm's where it has a teacher of its own or the method has a line already.
    """

    name: str
    arms: tuple[Arm, ...]

    @property
    def method(self) -> str:
        """The name of its method."""
        return self.arms[0].method


def lanes(experiment: Experiment) -> tuple[Lane, ...]:
    """The lines of an experiment, in the order of its arms."""
    groups: dict[str, list[Arm]] = {}
    for arm in experiment.arms:
        alike = arm.model_dump(mode="json", exclude={"name", "weight", "hard_weight"})
        groups.setdefault(json.dumps(alike, sort_keys=True), []).append(arm)
    found: list[Lane] = []
    for arms in groups.values():
        method = arms[0].method
        first = arms[0].teacher is None and method not in [lane.name for lane in found]
        found.append(Lane(method if first else arms[0].name, tuple(arms)))
    return tuple(found)


@dataclass(frozen=True)
class Row:
    """One line of a leaderboard. Accuracies, differences and agreement are fractions, NaN where they are not known.

    picked: the trial with the best mean accuracy on validation; test: its test accuracy. to_plain, to_hard,
    to_softness: paired differences to those lines, None for themselves and where there is no such line; `p_plain` and
    its like are the p values after Holm's correction over all lines. ranks: the first and the last place that it may
    have; `tied`: whether it cannot be told apart from the best.
    """

    lane: Lane
    picked: Arm
    test: Estimate
    validation: float
    agreement: float
    to_plain: Difference | None
    to_hard: Difference | None
    to_softness: Difference | None
    p_plain: float
    p_hard: float
    p_softness: float
    ranks: tuple[int, int]
    tied: bool

    @property
    def diverged(self) -> bool:
        """Whether no trial of it can be counted."""
        return not np.isfinite(self.test.mean)

    @property
    def beats_softness(self) -> bool | None:
        """Whether it is surely better than `smoothed`; a method that is not has shown nothing. None for that itself."""
        if self.to_softness is None:
            return None
        return bool(self.to_softness.mean > 0 and self.p_softness < LEVEL)


@dataclass(frozen=True)
class Standings:
    """A leaderboard: the best first. margin: how far below the best a line may lie and still be the best in truth."""

    rows: tuple[Row, ...]
    margin: float
    seeds: int

    @property
    def tied(self) -> tuple[Row, ...]:
        """The lines among which the best one is."""
        return tuple(row for row in self.rows if row.tied)

    @property
    def winner(self) -> Row | None:
        """The best where it can be told apart from all others, else None."""
        return self.tied[0] if len(self.tied) == 1 and len(self.rows) > 1 else None


def standings(experiment: Experiment, frame: Frame) -> Standings:
    """How a race stands at one frame.

    Who may be the best comes from the studentized range (see `statistics.best_region`), step by step: lines that lie
    further behind the best than chance alone puts any of them are taken out, and the rest is tested again by itself,
    until all that are left could be the best (Hansen, Lunde, Nason 2011, a model confidence set). So one line that
    spreads widely does not hide the differences among the others. The truly best is left out in at most 5 % of races.
    The other ranks are bands: a line stands surely behind another where its mean is lower by more than the margin over
    all lines.

    The validation examples do not occur in the test accuracy, so a trial that is merely lucky on them gains nothing.
    What the picked students owe to their own seeds stays in it, as in any mean over seeds that tuned something.
    """
    found = lanes(experiment)
    picked = [_pick(lane, frame) for lane in found]
    tests = np.stack([frame.accuracy[arm.name] for arm in picked]).astype(np.float64)
    means = np.where(np.isfinite(tests).all(1), tests.mean(1), np.nan)
    margin, tied, ranks = _ranked(tests, means)
    by_name = {lane.name: tests[place] for place, lane in enumerate(found)}
    compared = {name: _against(by_name, name) for name in (PLAIN, HARD, SOFTNESS)}
    agreement = frame.measures.get("agreement")
    rows = []
    for place, (lane, arm) in enumerate(zip(found, picked, strict=True)):
        (to_plain, p_plain), (to_hard, p_hard), (to_softness, p_softness) = (
            compared[name][lane.name] for name in (PLAIN, HARD, SOFTNESS)
        )
        rows.append(
            Row(
                lane=lane,
                picked=arm,
                test=statistics.interval(tests[place]),
                validation=float(frame.measures["validation_accuracy"][arm.name].mean()),
                agreement=float(agreement[arm.name].mean()) if agreement is not None else float("nan"),
                to_plain=to_plain,
                to_hard=to_hard,
                to_softness=to_softness,
                p_plain=p_plain,
                p_hard=p_hard,
                p_softness=p_softness,
                ranks=ranks[place],
                tied=bool(tied[place]),
            )
        )
    rows.sort(key=lambda row: (row.diverged, -row.test.mean if not row.diverged else 0.0))
    return Standings(tuple(rows), margin, tests.shape[1])


def _pick(lane: Lane, frame: Frame) -> Arm:
    """The trial that is best on validation; among equals the first, which is nearest to the paper's own weight."""
    values = [float(frame.measures["validation_accuracy"][arm.name].mean()) for arm in lane.arms]
    return lane.arms[max(range(len(values)), key=lambda place: values[place] if np.isfinite(values[place]) else -1)]


def _ranked(tests: Array, means: Array) -> tuple[float, Array, list[tuple[int, int]]]:
    """The margin of the best, who cannot be told apart from them, and the places that each line may have."""
    count = len(means)
    whole = np.flatnonzero(np.isfinite(means))
    tied, places = np.zeros(count, bool), [(count, count)] * count
    if not len(whole):
        return float("nan"), tied, places
    best, region = whole, statistics.best_region(tests[whole])
    apart = region.margin
    while not region.hatched.all():
        best = best[region.hatched]
        region = statistics.best_region(tests[best])
    tied[best] = True
    for place in whole:
        above = int((means[whole] - apart > means[place]).sum())
        below = int((means[whole] + apart < means[place]).sum()) + count - len(whole)
        places[place] = (1, count - below) if tied[place] else (max(2, 1 + above), count - below)
    if len(best) == 1:
        places[best[0]] = (1, 1)
    return region.margin if len(best) > 1 else apart, tied, places


def _against(values: dict[str, Array], name: str) -> dict[str, tuple[Difference | None, float]]:
    """Of every line its paired difference to the named one and the p value after Holm's correction."""
    if name not in values:
        return {other: (None, float("nan")) for other in values}
    others: Sequence[str] = [other for other in values if other != name]
    found = {other: statistics.paired(values[other], values[name]) for other in others}
    raised = statistics.holm([found[other].p for other in others])
    corrected = dict(zip(others, raised, strict=True))
    return {other: (found.get(other), corrected.get(other, float("nan"))) for other in values}
