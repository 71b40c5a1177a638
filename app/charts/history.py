"""The curves of a run: what its thin frames say over the steps, summed up once as they come in."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy import stats

from app.charts.common import Array
from kdcore.frame import Frame

MEDIANS = ("hard_loss", "soft_loss", "gradient_ratio")
CURVES = ("mean", "low", "high", *MEDIANS)


@dataclass
class History:
    """Steps `[time]`, accuracy of members `[time, arm, seed]` and curves `[time, arm]` of one run.

    Curves: mean accuracy with its 95 % t interval over seeds (low, high), and medians over seeds of the loss terms
    and the ratio of gradients. Accuracies are fractions.
    """

    arms: tuple[str, ...] = ()
    steps: list[int] = field(default_factory=list)
    members: list[Array] = field(default_factory=list)
    curves: dict[str, list[Array]] = field(default_factory=lambda: {name: [] for name in CURVES})

    def extend(self, frames: Iterable[Frame]) -> None:
        """Append later frames; one whose step is not later than the last is passed over."""
        last = self.steps[-1] if self.steps else -1
        new = [frame for frame in frames if frame.step > last]
        if not new:
            return
        self.arms = new[-1].arms
        accuracy = np.stack([frame.scalars["accuracy"] for frame in new]).astype(np.float64)
        self.steps += [frame.step for frame in new]
        self.members += list(accuracy)
        for name, values in zip(("mean", "low", "high"), band(accuracy), strict=True):
            self.curves[name] += list(values)
        for name in MEDIANS:
            unknown = np.full(accuracy.shape[1:], np.nan)
            self.curves[name] += list(middle(np.stack([frame.scalars.get(name, unknown) for frame in new])))

    def until(self, step: int) -> "History":
        """The history up to and with a step."""
        end = int(np.searchsorted(self.steps, step, side="right"))
        curves = {name: rows[:end] for name, rows in self.curves.items()}
        return History(self.arms, self.steps[:end], self.members[:end], curves)

    @property
    def step_array(self) -> Array:
        """The steps `[time]`."""
        return np.asarray(self.steps, dtype=np.int64)

    def curve(self, name: str, arm: str, times: Array) -> Array:
        """One curve of one arm `[time]` at these indices."""
        number, rows = self.arms.index(arm), self.curves[name]
        return np.array([rows[time][number] for time in times.tolist()], dtype=np.float64)

    def members_of(self, arm: str, times: Array) -> Array:
        """Accuracy of every member of an arm `[time, seed]` at these indices."""
        number = self.arms.index(arm)
        return np.stack([self.members[time][number] for time in times.tolist()])


def band(values: Array) -> tuple[Array, Array, Array]:
    """Mean and 95 % t interval over the last axis, members that are NaN left out; NaN where fewer than two remain."""
    count = np.isfinite(values).sum(-1)
    quantile = np.vectorize(t_quantile, otypes=[np.float64])(count)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        mean = np.nanmean(values, axis=-1)
        half = quantile * np.nanstd(values, axis=-1, ddof=1) / np.sqrt(np.maximum(count, 1))
    return mean, mean - half, mean + half


@lru_cache(maxsize=4096)
def t_quantile(count: int) -> float:
    """The 97.5 % quantile of Student's t for the mean of `count` values; NaN for fewer than two."""
    return float(stats.t.ppf(0.975, count - 1)) if count > 1 else float("nan")


def middle(values: Array) -> Array:
    """Median over the last axis, NaN members left out."""
    values = np.asarray(values, dtype=np.float64)
    if np.isfinite(values).all():
        return np.asarray(np.median(values, axis=-1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.asarray(np.nanmedian(values, axis=-1))
