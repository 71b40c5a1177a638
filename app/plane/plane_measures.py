"""What a plane can be coloured by, in the unit it is read in: mean and 95 % interval over seeds of every cell."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from app.charts.common import Array
from kdcore.planes import Field


@dataclass(frozen=True)
class Measure:
    """One choice. unit: as it stands behind a number; of: on which examples it is measured; late: at the end only."""

    name: str
    label: str
    unit: str
    of: str
    late: bool = False
    ratio: bool = False

    def said(self, value: float) -> str:
        """A value with its unit: "91.2 %", "+9.4 points", "27 : 1"."""
        if not np.isfinite(value):
            return "no number"
        if self.ratio:
            return f"{_three(value)} : 1" if value >= 1 else f"1 : {_three(1 / value)}"
        sign = "+" if self.unit == "points" else ""
        return f"{value:{sign}.1f} {self.unit}".replace("-", "−")

    def between(self, low: float, high: float) -> str:
        """An interval: "(89.8 to 92.6)"; empty where there is none."""
        if not (np.isfinite(low) and np.isfinite(high)):
            return ""
        shown = (self.said(end) if self.ratio else f"{end:.1f}" for end in (low, high))
        return f"({' to '.join(shown)})".replace("-", "−")


def _three(value: float) -> str:
    """Three digits, large numbers without a power of ten up to a million: "43,100", "2e+09"."""
    return f"{float(f'{value:.3g}'):,g}" if value < 1e6 else f"{value:.0e}"


VALIDATION = Measure("validation_accuracy", "validation accuracy", "%", "validation")
MEASURES = (
    VALIDATION,
    Measure("validation_gain", "gain over labels only", "points", "validation"),
    Measure("agreement", "fidelity: agreement with the teacher", "%", "test", late=True),
    Measure("ece", "calibration error (ECE)", "%", "test", late=True),
    Measure("gradient_ratio", "soft : hard gradient", "soft : hard", "the last batch", late=True, ratio=True),
)
BY_NAME = {measure.name: measure for measure in MEASURES}
TEST = Measure("accuracy", "test accuracy", "%", "test")


@dataclass(frozen=True, eq=False)
class Estimates:
    """Mean, low and high `[row, column]` in the measure's unit, NaN where there is no number; seeds n.

    Ratios are averaged as logarithms. values: `[row, column, seed]`.
    """

    measure: Measure
    values: Array
    mean: Array
    low: Array
    high: Array

    @property
    def n(self) -> int:
        """How many seeds."""
        return int(self.values.shape[-1])

    def said(self, row: int, column: int) -> str:
        """A cell in words: "91.2 % (89.8 to 92.6)"."""
        text = self.measure.said(float(self.mean[row, column]))
        return f"{text} {self.measure.between(float(self.low[row, column]), float(self.high[row, column]))}".strip()


def nothing(measure: Measure, shape: tuple[int, int], seeds: int) -> Estimates:
    """Cells `[row, column]` of which nothing is known yet."""
    return of_values(np.full((*shape, seeds), np.nan), measure)


def estimates(field: Field, measure: Measure) -> Estimates | None:
    """Every cell of a measure; None where nothing of it is known yet."""
    found = field.values.get(measure.name)
    if found is None or not np.isfinite(found).any():
        return None
    return of_values(found.astype(np.float64), measure)


def of_values(values: Array, measure: Measure) -> Estimates:
    """Mean and interval over the last axis; a cell that lacks a seed has neither."""
    if measure.ratio:
        with np.errstate(divide="ignore"):
            logarithms = np.log(values)
        mean, low, high = (np.exp(part) for part in _interval(np.where(np.isfinite(logarithms), logarithms, np.nan)))
        return Estimates(measure, values, mean, low, high)
    values = values * 100
    return Estimates(measure, values, *_interval(values))


def _interval(values: Array) -> tuple[Array, Array, Array]:
    """Mean and 95 % t interval over the last axis, as `kdcore.statistics.interval` gives it for one cell."""
    n = values.shape[-1]
    mean = values.mean(-1)
    if n < 2:
        unknown = np.full_like(mean, np.nan)
        return mean, unknown, unknown
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        half = stdtrit(n - 1, 0.975) * values.std(-1, ddof=1) / np.sqrt(n)
    return mean, mean - half, mean + half
