"""What may be said of numbers over seeds: intervals, differences, corrections, power, the region of the best cell.

Values are in the unit of whoever calls (shares, points, ...) and so are means and margins; p lies in [0, 1]. A value
that is not finite (a student that diverged) is never left out in silence: what it enters becomes NaN.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.05
FEWEST_SEEDS = 3
FEWEST_TO_BOOTSTRAP = 20

EXPLAINED = {
    "interval": "If the training were repeated with other seeds many times, 95 % of intervals drawn like this one "
    "(mean ± t × standard error) would hold the true mean.",
    "paired": "Both were trained with the same seeds on the same data, so their difference is taken seed by seed, "
    "which removes what a lucky seed gives to both (paired t test).",
    "unpaired": "Seeds or data differ, so there are no pairs: the two means are compared with each one's own spread "
    "(Welch's t test), which needs more seeds to see the same difference.",
    "p": "The share of repetitions in which a difference at least this large would turn up by chance if there were "
    "none.",
    "holm": "Whoever makes many comparisons finds something by chance; Holm's correction raises the p values so that "
    "in at most 5 % of such tables even one difference is called real that is none.",
    "bootstrap": "The seeds are drawn again with replacement 9,999 times and the interval is read off (bias-corrected "
    "and accelerated); with fewer than 20 seeds it would be too narrow, so it is not shown.",
    "power": "From the spread measured between seeds: with so many seeds a true difference of this size would be found "
    "in 80 % of repetitions (paired t test at 5 %).",
    "too_few": "n is too small to say: two seeds cannot tell a difference from luck.",
    "region": "The outlined cell is the best on validation; a hatched cell cannot be told apart from it. The margin is "
    "the 95 % point of the largest difference that chance alone makes among all these cells (studentized range), with "
    "the spread pooled over the whole plane after each seed's own level is taken off.",
}


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval over n values; both ends are NaN under two values."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def too_few(self) -> bool:
        """Whether n is too small to say anything."""
        return self.n < FEWEST_SEEDS


@dataclass(frozen=True)
class Difference(Estimate):
    """The mean of a minus b with its 95 % interval and two-sided p; n pairs, or the smaller n where unpaired."""

    p: float
    paired: bool


@dataclass(frozen=True)
class Region:
    """Which cells cannot be told apart from the best one.

    best: place of the cell with the largest mean. hatched: `[cell]`, True for the best and for what lies within
    `margin` of it; False for cells without a value for every seed. residual: standard deviation of one student,
    pooled over `cells` cells, with `freedom` degrees of freedom; n seeds.
    """

    best: int
    hatched: NDArray[np.bool_]
    margin: float
    residual: float
    freedom: int
    cells: int
    n: int


def interval(values: ArrayLike) -> Estimate:
    """The mean of values `[seed]` with its 95 % t interval."""
    sample = _sample(values, "values")
    low, high = _t_ends(sample)
    return Estimate(float(sample.mean()), low, high, len(sample))


def paired(a: ArrayLike, b: ArrayLike) -> Difference:
    """The mean of a minus b, `[seed]` each in the same order of seeds; scipy's ttest_rel."""
    from scipy.stats import ttest_rel

    first, second = _sample(a, "a"), _sample(b, "b")
    _same_length(first, second)
    difference = first - second
    low, high = _t_ends(difference)
    mean = float(difference.mean())
    if len(difference) < 2:
        p = math.nan
    elif np.ptp(difference) == 0:  # no spread at all: scipy divides by zero
        p = 1.0 if mean == 0 else 0.0
    else:
        p = float(ttest_rel(first, second).pvalue)
    return Difference(mean, low, high, len(difference), p, paired=True)


def unpaired(a: ArrayLike, b: ArrayLike) -> Difference:
    """The mean of a minus the mean of b where seeds or data differ; Welch's test, scipy's ttest_ind."""
    from scipy.stats import ttest_ind

    first, second = _sample(a, "a"), _sample(b, "b")
    mean, n = float(first.mean() - second.mean()), min(len(first), len(second))
    if n < 2 or math.isnan(mean):
        return Difference(mean, math.nan, math.nan, n, math.nan, paired=False)
    if np.ptp(first) == 0 and np.ptp(second) == 0:
        return Difference(mean, mean, mean, n, 1.0 if mean == 0 else 0.0, paired=False)
    test = ttest_ind(first, second, equal_var=False)
    ends = test.confidence_interval(1 - LEVEL)
    return Difference(mean, float(ends.low), float(ends.high), n, float(test.pvalue), paired=False)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values after Holm's correction (1979), in the same order; NaN stays NaN and counts as no comparison."""
    # Not statsmodels' multipletests, with which it is compared: that collects garbage at every call, and this one is
    # made while a page waits.
    given = np.asarray(p_values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(given))
    ascending = known[np.argsort(given[known])]
    corrected = given.copy()
    raised = given[ascending] * np.arange(len(ascending), 0, -1)
    corrected[ascending] = np.minimum(np.maximum.accumulate(raised), 1)
    return [float(p) for p in corrected]


def bootstrap(a: ArrayLike, b: ArrayLike | None = None) -> Estimate:
    """The mean of a, or of a minus b in pairs, with its 95 % BCa bootstrap interval (Efron 1987; 9,999 draws).

    Raises ValueError below 20 values: at 5 such an interval covers 83 % where it says 95.
    """
    from scipy.stats import bootstrap as resampled

    sample = _sample(a, "a")
    if b is not None:
        second = _sample(b, "b")
        _same_length(sample, second)
        sample = sample - second
    if len(sample) < FEWEST_TO_BOOTSTRAP:
        raise ValueError(f"a bootstrap interval needs at least {FEWEST_TO_BOOTSTRAP} values; got {len(sample)}")
    mean = float(sample.mean())
    if math.isnan(mean) or np.ptp(sample) == 0:
        return Estimate(mean, mean, mean, len(sample))
    ends = resampled((sample,), np.mean, method="BCa", rng=np.random.default_rng(0)).confidence_interval
    return Estimate(mean, float(ends.low), float(ends.high), len(sample))


def seeds_needed(spread: float, effect: float, power: float = 0.8, level: float = LEVEL) -> int:
    """How many seeds in pairs let a two-sided paired t test see a true difference `effect` with that power.

    spread: standard deviation of the differences between seeds, in the unit of effect. Raises ValueError where effect
    is 0 or a number is not finite.
    """
    from statsmodels.stats.power import TTestPower

    if not (math.isfinite(spread) and spread >= 0 and math.isfinite(effect) and effect != 0):
        raise ValueError(f"a finite spread and an effect other than 0 are needed; got {spread} and {effect}")
    size = min(abs(effect) / spread, 50.0) if spread else 50.0

    def enough(seeds: int) -> bool:
        return bool(TTestPower().power(size, seeds, level) >= power)

    high = 2
    while not enough(high):
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def best_region(values: ArrayLike) -> Region:
    """Which cells of a plane cannot be told apart from its best one; values `[cell, seed]`, larger is better.

    The layout is two-way: cell, and seed as block, because all cells share their seeds. The residual variance is pooled
    over the plane. A cell is hatched where best mean - mean <= q s / sqrt(n), q the 95 % point of the studentized range
    over all cells. Why not Dunnett's smaller critical value: it holds for a control that is fixed beforehand, and here
    the best cell is picked by the same numbers, so that it calls some cell worse in about nine of ten planes in which
    all cells are equal. The range bounds the largest difference among all cells, whichever come out best and worst:
    some cell is wrongly called worse in 5 % of such planes, and the truly best cell is left out in at most 5 % of any.
    Supposes that the spread is about the same everywhere.

    With one seed nothing can be told apart, so all cells are hatched. Raises ValueError where no cell has a value for
    every seed.
    """
    plane = np.asarray(values, dtype=np.float64)
    if plane.ndim != 2 or plane.shape[1] < 1:
        raise ValueError(f"values are [cell, seed]; got the shape {plane.shape}")
    whole: NDArray[np.bool_] = np.asarray(np.isfinite(plane).all(1))
    if not whole.any():
        raise ValueError("no cell has a value for every seed")
    kept = plane[whole]
    cells, n = kept.shape
    means = np.full(len(plane), -np.inf)
    means[whole] = kept.mean(1)
    best = int(means.argmax())
    freedom = (cells - 1) * (n - 1)
    if freedom == 0:
        return Region(best, whole, math.inf if cells > 1 else 0.0, math.nan, 0, cells, n)
    residuals = kept - kept.mean(1, keepdims=True) - kept.mean(0) + kept.mean()
    residual = math.sqrt(float((residuals**2).sum()) / freedom)
    margin = _range_point(cells, freedom) * residual / math.sqrt(n)
    near: NDArray[np.bool_] = means >= means[best] - margin
    return Region(best, np.logical_and(whole, near), margin, residual, freedom, cells, n)


@lru_cache(maxsize=1024)
def _range_point(cells: int, freedom: int) -> float:
    """The 95 % point of the studentized range; a quarter of a second where it is not known yet."""
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - LEVEL, cells, freedom))


def _t_ends(sample: NDArray[np.float64]) -> tuple[float, float]:
    from scipy.special import stdtrit

    if len(sample) < 2 or not np.isfinite(sample).all():
        return math.nan, math.nan
    half = float(stdtrit(len(sample) - 1, 1 - LEVEL / 2) * sample.std(ddof=1) / math.sqrt(len(sample)))
    return float(sample.mean()) - half, float(sample.mean()) + half


def _sample(values: Any, name: str) -> NDArray[np.float64]:
    sample = np.asarray(values, dtype=np.float64)
    if sample.ndim != 1 or not len(sample):
        raise ValueError(f"{name} must be one value for each seed; got the shape {sample.shape}")
    return np.where(np.isfinite(sample), sample, np.nan)


def _same_length(a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    if len(a) != len(b):
        raise ValueError(f"pairs need the same seeds on both sides; got {len(a)} and {len(b)} values")
