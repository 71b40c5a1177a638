"""Claims about a run that a machine can check: a measure, an arm, what it is compared with, and a bound.

A claim names one of `MEASURES`; it is never an expression. Its value is a statistic over seeds of the measure of one
arm minus that of another arm (paired by seed), minus a number, or as it is.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import ConfigDict, Field, model_validator
from scipy.special import betaincinv, chdtri, stdtrit

from kdcore.experiment import Experiment
from kdcore.frame import Array, Frame
from kdcore.parts import Plain

TEST_LOGITS_BYTES = 4_000_000
"""Only the last frame of runs up to this size carries the logits that a bias is added to."""


@dataclass(frozen=True)
class Measure:
    """Something measured of every student: in words, in its unit, read from a frame as `[arm, seed]`."""

    label: str
    unit: str
    read: Callable[[Frame], Array]


def _scalar(label: str, unit: str, name: str, factor: float = 1.0) -> Measure:
    return Measure(label, unit, lambda frame: factor * frame.scalars[name].astype(np.float64))


MEASURES = {
    "accuracy": _scalar("test accuracy", "points", "accuracy", 100),
    "validation_accuracy": _scalar("validation accuracy", "points", "validation_accuracy", 100),
    "train_accuracy": _scalar("accuracy on what was heard", "points", "train_accuracy", 100),
    "agreement": _scalar("agreement with the teacher", "points", "agreement", 100),
    "wrong_class_agreement": _scalar("agreement about the wrong classes", "", "wrong_class_agreement"),
    "entropy": _scalar("entropy of the student's answers", "nats", "entropy"),
    "kl": _scalar("KL from teacher to student", "nats", "kl"),
    "ece": _scalar("calibration error", "points", "ece", 100),
    "gradient_ratio": _scalar("soft to hard gradient", "to 1", "gradient_ratio"),
}
"""Everything that a claim may speak of; shares are in points, 0 to 100."""

STATISTICS = {
    "mean": "mean over seeds",
    "spread": "standard deviation over seeds",
    "wins": "share of seeds above zero, in per cent",
}


class Claim(Plain):
    """A sentence that a run bears out or not.

    other: an arm, a number, or None for zero. class_: accuracy on the test examples of that class only. bias: added
    to these logits of every student before it answers. at: the step at which it is measured, by default the last.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    text: Annotated[str, Field(min_length=1, max_length=300)]
    measure: str = "accuracy"
    arm: str
    class_: Annotated[int, Field(ge=0)] | None = Field(default=None, alias="class")
    statistic: Literal["mean", "spread", "wins"] = "mean"
    comparison: Literal["at least", "at most"] = "at least"
    other: float | str | None = None
    bound: float = 0.0
    bias: dict[int, float] = Field(default={})
    at: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _possible(self) -> "Claim":
        if self.measure not in MEASURES:
            raise ValueError(f"there is no measure {self.measure!r}; there are {', '.join(MEASURES)}")
        if self.measure != "accuracy" and (self.class_ is not None or self.bias):
            raise ValueError(f"a class or a bias goes with the measure accuracy; got {self.measure!r}")
        if self.bias and self.at is not None:
            raise ValueError(f"a bias is added to the last answers only; got at={self.at}")
        return self

    @property
    def unit(self) -> str:
        """The unit of the value and the bound: a share is in %, a difference of shares in points; may be empty."""
        unit = MEASURES[self.measure].unit
        share = unit == "points" and self.other is None and self.statistic == "mean"
        return "% of seeds" if self.statistic == "wins" else "%" if share else unit


@dataclass(frozen=True)
class Measured:
    """What one run says to a claim: the value and its 95 % interval over n seeds, in the claim's unit.

    holds: None where it could not be measured (a student diverged, or the frame does not carry what is needed).
    """

    value: float
    low: float
    high: float
    n: int
    holds: bool | None
    unit: str
    step: int


def check(claim: Claim, experiment: Experiment) -> None:
    """Raise ValueError, in a sentence, where this claim cannot be measured in this experiment."""
    arms = [arm.name for arm in experiment.arms]
    for name in (claim.arm, *([claim.other] if isinstance(claim.other, str) else [])):
        if name not in arms:
            raise ValueError(f"there is no arm {name!r}; there are {', '.join(arms)}")
    classes = len(experiment.facts.classes)
    for number in (*claim.bias, *([claim.class_] if claim.class_ is not None else [])):
        if not 0 <= number < classes:
            raise ValueError(f"{experiment.dataset} has the classes 0 to {classes - 1}; got {number}")
    size = experiment.transfer_size
    steps = experiment.total_steps(size) if size else experiment.steps
    if claim.at is not None and steps is not None and claim.at > steps:
        raise ValueError(f"the run has {steps} steps; the claim asks for step {claim.at}")
    answers = len(arms) * len(experiment.seed_list) * experiment.facts.test * classes * 4
    if claim.bias and answers > TEST_LOGITS_BYTES:
        raise ValueError(f"a bias needs all answers of the last frame; {answers:,} bytes of them are not kept")


def measured(claim: Claim, frame: Frame, experiment: Experiment) -> Measured:
    """What this frame says to a claim. Raises ValueError where the claim does not fit the experiment."""
    check(claim, experiment)
    difference = _values(claim, claim.arm, frame, experiment)
    if isinstance(claim.other, str):
        difference = difference - _values(claim, claim.other, frame, experiment)
    elif claim.other is not None:
        difference = difference - claim.other
    value, low, high = _statistic(claim, difference)
    holds = (
        None if math.isnan(value) else value >= claim.bound if claim.comparison == "at least" else value <= claim.bound
    )
    return Measured(value, low, high, len(difference), holds, claim.unit, frame.step)


def verdicts(claims: Sequence[Claim], frames: Sequence[Frame], experiment: Experiment) -> list[Measured]:
    """What a run says to each claim, from its frames in the order of steps: the last one, or the nearest at or before
    the claim's own step. Raises ValueError without frames, or where a claim does not fit."""
    if not frames:
        raise ValueError("this run has no frame yet, so nothing can be measured")
    found = []
    for claim in claims:
        at = frames[-1].step if claim.at is None else claim.at
        found.append(measured(claim, next((f for f in reversed(frames) if f.step <= at), frames[0]), experiment))
    return found


def _values(claim: Claim, arm: str, frame: Frame, experiment: Experiment) -> Array:
    """The measure of one arm, `[seed]`; NaN where the frame does not carry it."""
    place = frame.arms.index(arm)
    nothing = np.full(len(frame.seeds), np.nan)
    if claim.bias:
        return nothing if frame.test_logits is None else _biased(claim, frame.test_logits[place], experiment)
    if claim.class_ is not None:
        return 100 * frame.scalars["per_class_accuracy"][place, :, claim.class_].astype(np.float64)
    return np.asarray(MEASURES[claim.measure].read(frame)[place])


def _biased(claim: Claim, logits: Array, experiment: Experiment) -> Array:
    """Accuracy `[seed]` in points after the same bias on every student's logits `[seed, example, class]`."""
    from kdcore import datasets  # not above: it reads the data, which only a bias needs

    data = datasets.load(experiment.dataset, experiment.split)
    labels = data.labels[data.test].numpy()
    moved = logits.astype(np.float64)
    for number, amount in claim.bias.items():
        moved[..., number] += amount
    right = (moved.argmax(-1) == labels) & np.isfinite(moved).all(-1)
    chosen = slice(None) if claim.class_ is None else labels == claim.class_
    return np.asarray(100 * right[:, chosen].mean(-1))


def _statistic(claim: Claim, difference: Array) -> tuple[float, float, float]:
    """The claim's statistic of `[seed]` differences, with its 95 % interval; NaN where there is none."""
    n, nan = len(difference), math.nan
    if not np.isfinite(difference).all():
        return nan, nan, nan
    if claim.statistic == "wins":
        won = int((difference > 0).sum())
        low = float(betaincinv(won, n - won + 1, 0.025)) if won else 0.0
        high = float(betaincinv(won + 1, n - won, 0.975)) if won < n else 1.0
        return 100 * won / n, 100 * low, 100 * high
    mean = float(difference.mean())
    if n < 2:
        return (mean, nan, nan) if claim.statistic == "mean" else (nan, nan, nan)
    spread = float(difference.std(ddof=1))
    if claim.statistic == "mean":
        half = float(stdtrit(n - 1, 0.975)) * spread / math.sqrt(n)
        return mean, mean - half, mean + half
    scaled = spread * math.sqrt(n - 1)
    return spread, scaled / math.sqrt(chdtri(n - 1, 0.025)), scaled / math.sqrt(chdtri(n - 1, 0.975))
