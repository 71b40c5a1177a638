"""A search over the knobs of a method: what is looked for, what to try next, and what was found.

Nothing here keeps a state: what to try next follows from the search and the trials so far, so a search can be taken up
at any time from its trials alone. Everything is decided on validation accuracy.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from kdcore import methods
from kdcore.experiment import Experiment, reasons
from kdcore.parts import Arm, Plain
from kdcore.planes import ARM_KNOBS, WORKING_BYTES, bytes_of_a_student

By = Literal["search", "baseline"]
State = Literal["training", "done", "pruned", "failed"]
Parameters = Mapping[str, float]

SCREENING = 0.25
"""The share of the steps after which a pruner decides."""
ARM_NAMES: dict[By, str] = {"search": "search", "baseline": "random"}


class Dimension(Plain):
    """One knob that is searched between two ends, both included; log: drawn evenly in its logarithm."""

    knob: str
    low: float
    high: float
    log: bool = False

    def __init__(self, knob: str = "", low: float = 0.0, high: float = 1.0, **fields: object) -> None:
        super().__init__(**{"knob": knob, "low": low, "high": high, **fields})

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"{self.knob}: the lower end must lie below the upper one; got {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"{self.knob}: a logarithmic range must begin above 0; got {self.low}")
        return self

    def at(self, share: float) -> float:
        """The value at a share of the way, 0 to 1; six digits, so that it can be read and typed."""
        if self.log:
            value = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + share * (self.high - self.low)
        return self.rounded(value)

    def rounded(self, value: float) -> float:
        """A value to six digits, within the ends."""
        return min(max(float(f"{value:.6g}"), self.low), self.high)


class Search(Plain):
    """Which knobs of a method are searched, how, and how much it may cost.

    experiment: its arms are replaced by the trials of a batch, everything else is used as it is. knobs: those that are
    fixed. students: the budget in students trained to the end, a part of a training counting for its share of the
    steps; seconds: of training. baseline: half of the budget goes to random search, to tell whether the search was
    worth it. batch: trials trained together.
    """

    experiment: Experiment = Experiment(seeds=4)
    method: str = "hinton"
    knobs: dict[str, float | bool | str] = Field(default={})
    space: Annotated[tuple[Dimension, ...], Field(min_length=1, max_length=8)] = (
        Dimension("temperature", 0.25, 64, log=True),
        Dimension("alpha", 0, 1),
        Dimension("learning_rate", 3e-4, 0.1, log=True),
    )
    sampler: Literal["tpe", "random", "qmc"] = "tpe"
    pruner: Literal["none", "median", "halving"] = "none"
    batch: Annotated[int, Field(ge=2, le=128)] = 16
    students: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    seconds: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    baseline: bool = True
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.method == "hard":
            raise ValueError("hard labels alone have no knobs to search; choose another method")
        _check_knobs(self)
        try:
            low, high = ({d.knob: end(d) for d in self.space} for end in (_low, _high))
            corners = [self.arm(n, "search", low if n % 2 else high) for n in range(self.most_arms)]
            self.experiment_of(corners)
        except ValidationError as error:
            raise ValueError("; ".join(reasons(error))) from None
        _check_cost(self)
        return self

    @property
    def sides(self) -> tuple[By, ...]:
        """Who tries: the search, and random search beside it."""
        return ("search", "baseline") if self.baseline else ("search",)

    @property
    def most_arms(self) -> int:
        """The most trials that are ever trained together: after a screening random search catches up."""
        return self.batch if self.pruner == "none" else 3 * self.batch

    @property
    def screening_step(self) -> int | None:
        """The step at which a pruner decides; None without one."""
        size = self.experiment.transfer_size or self.experiment.facts.train
        return None if self.pruner == "none" else math.ceil(SCREENING * self.experiment.total_steps(size))

    def arm(self, number: int, by: By, parameters: Parameters) -> Arm:
        """The treatment of one trial, named "search 7" or "random 7"."""
        return Arm(self.method, f"{ARM_NAMES[by]} {number}", **(self.knobs | dict(parameters)))

    def experiment_of(self, arms: Sequence[Arm]) -> Experiment:
        """A batch of trials as one run."""
        return Experiment(**dict(self.experiment) | {"arms": tuple(arms), "control": False})

    def parameters(self, arm: Arm) -> dict[str, float]:
        """What was searched of an arm that `arm` made."""
        fields: dict[str, object] = {"alpha": arm.weight, **dict(arm), **arm.knobs}
        return {d.knob: float(fields[d.knob]) for d in self.space}  # type: ignore[arg-type]


def _low(dimension: Dimension) -> float:
    return dimension.low


def _high(dimension: Dimension) -> float:
    return dimension.high


def _check_knobs(search: Search) -> None:
    try:
        declared = methods.get(search.method).knobs
    except KeyError as error:
        raise ValueError(error.args[0]) from None
    known = [*(name for name, knob in declared.items() if knob.kind == "number"), *ARM_KNOBS]
    names = [dimension.knob for dimension in search.space]
    for name in names:
        if name not in known:
            raise ValueError(f"{search.method} has no knob {name!r} to search; it has {', '.join(known)}")
        if names.count(name) > 1:
            raise ValueError(f"{name} is searched twice")
        if name in search.knobs:
            raise ValueError(f"{name} is searched, so it cannot be fixed as well")


def _check_cost(search: Search) -> None:
    seeds = len(search.experiment.seed_list)
    if (search.students is None) == (search.seconds is None):
        raise ValueError("give the budget either in students or in seconds")
    least = seeds * len(search.sides)
    if search.students is not None and search.students < least:
        raise ValueError(f"one trial takes {least} students ({len(search.sides)} x {seeds} seeds); got a budget below")
    if search.most_arms * seeds * bytes_of_a_student(search.experiment) > WORKING_BYTES:
        raise ValueError(
            f"{search.most_arms} trials x {seeds} seeds do not fit in memory together; take a smaller batch"
        )
    if search.pruner != "none" and search.experiment.transfer_size is None and search.experiment.steps is None:
        raise ValueError("a pruner needs to know how many steps there are; give steps rather than epochs")


@dataclass(frozen=True)
class Trial:
    """One set of values that was tried.

    value: mean validation accuracy over the seeds after all steps, None without; values: of each seed. early: the mean
    where the pruner decided. state: training (or about to go on), done, pruned (also where it was stopped by hand),
    failed (`diverged`, or its run failed). students_cost: students times the share of the steps they were trained.
    """

    number: int
    by: By
    parameters: Parameters
    state: State
    run: str
    arm: str
    students_cost: float
    value: float | None = None
    values: tuple[float, ...] = ()
    early: float | None = None
    diverged: bool = False


def best_so_far(trials: Sequence[Trial], by: By) -> tuple[list[float], list[float]]:
    """Students spent on one side and the best value after each of its trials, in the order of their numbers; nothing
    before the first value."""
    spent, best, budget, values = 0.0, -math.inf, [], []
    for trial in sorted((t for t in trials if t.by == by and t.state != "training"), key=lambda t: t.number):
        spent += trial.students_cost
        if trial.value is not None:
            best = max(best, trial.value)
        if best > -math.inf:
            budget.append(spent)
            values.append(best)
    return budget, values


def best(trials: Sequence[Trial], by: By | None = None) -> Trial | None:
    """The trial with the highest value, the earliest of equal ones; None without any."""
    done = [trial for trial in trials if trial.value is not None and by in (None, trial.by)]
    return max(done, key=lambda trial: trial.value or 0.0, default=None)
