"""Claims: what a frame with known numbers says to them, in closed form, and what cannot be claimed."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kdcore import Arm, Experiment, Frame, datasets
from kdcore.claims import MEASURES, Claim, check, measured, verdicts

SEEDS = (0, 1, 2, 3)
EXPERIMENT = Experiment(arms=(Arm("hinton"), Arm("hard")), seeds=4, steps=100)
TESTS = datasets.load("digits", 0)
LABELS = TESTS.labels[TESTS.test].numpy()


def made(step: int = 100, test_logits: Any = None, **scalars: Any) -> Frame:
    """A frame of two arms and four seeds with the given `[arm, seed]` numbers; the rest is zero."""
    everything = {name: np.zeros((2, 4), np.float32) for name in MEASURES}
    everything["per_class_accuracy"] = np.zeros((2, 4, 10), np.float32)
    return Frame(
        step=step,
        steps=100,
        arms=("hinton", "hard"),
        seeds=SEEDS,
        control="hard",
        scalars=everything | {name: np.asarray(values, np.float32) for name, values in scalars.items()},
        knobs={},
        stopped=np.zeros((2, 4), bool),
        test_logits=test_logits,
    )


def claim(**fields: Any) -> Claim:
    return Claim(**{"text": "It is so.", "arm": "hinton", **fields})


GAIN = made(accuracy=[[0.90, 0.92, 0.94, 0.96], [0.80, 0.81, 0.86, 0.85]])


def test_a_difference_of_arms_is_paired_by_seed_and_in_points() -> None:
    found = measured(claim(other="hard", bound=9.0), GAIN, EXPERIMENT)
    differences = np.array([10.0, 11.0, 8.0, 11.0])
    low, high = stats.t.interval(0.95, 3, differences.mean(), stats.sem(differences))
    assert found.value == pytest.approx(10.0, abs=1e-4)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-4)
    assert (found.n, found.holds, found.unit, found.step) == (4, True, "points", 100)


@pytest.mark.parametrize(
    ("comparison", "bound", "holds"),
    [("at least", 9.9, True), ("at least", 10.1, False), ("at most", 10.1, True), ("at most", 9.9, False)],
)
def test_a_bound_is_a_bound(comparison: str, bound: float, holds: bool) -> None:
    assert measured(claim(other="hard", comparison=comparison, bound=bound), GAIN, EXPERIMENT).holds is holds


def test_against_a_number_or_nothing_the_measure_stands_as_it_is() -> None:
    assert measured(claim(), GAIN, EXPERIMENT).value == pytest.approx(93.0, abs=1e-4)
    assert (claim().unit, claim(other="hard").unit, claim(statistic="spread").unit) == ("%", "points", "points")
    assert measured(claim(other=90.0), GAIN, EXPERIMENT).value == pytest.approx(3.0, abs=1e-4)
    frame = made(kl=[[0.1, 0.2, 0.3, 0.4], [1, 1, 1, 1]], wrong_class_agreement=np.full((2, 4), 0.7))
    found = measured(claim(measure="kl", comparison="at most", bound=0.3), frame, EXPERIMENT)
    assert found.value == pytest.approx(0.25, abs=1e-6) and found.unit == "nats" and found.holds
    assert measured(claim(measure="wrong_class_agreement"), frame, EXPERIMENT).value == pytest.approx(0.7, abs=1e-6)


def test_one_class_alone() -> None:
    per_class = np.zeros((2, 4, 10), np.float32)
    per_class[0, :, 3] = [0.7, 0.8, 0.9, 0.8]
    frame = made(per_class_accuracy=per_class)
    assert measured(claim(**{"class": 3}), frame, EXPERIMENT).value == pytest.approx(80.0, abs=1e-4)
    assert measured(claim(class_=3, other="hard"), frame, EXPERIMENT).value == pytest.approx(80.0, abs=1e-4)


def test_the_same_bias_is_added_to_every_student() -> None:
    logits = np.zeros((2, 4, len(LABELS), 10), np.float32)
    logits[..., np.arange(len(LABELS)), LABELS] = 2.0
    logits[0, :, LABELS == 3, 3] = -1.0  # the first arm never says 3, the second always where it is one
    frame = made(test_logits=logits)
    kept = 100 * (LABELS != 3).mean()
    assert measured(claim(bias={0: 0.0}), frame, EXPERIMENT).value == pytest.approx(kept)
    assert measured(claim(bias={3: 1.5}), frame, EXPERIMENT).value == pytest.approx(100)
    assert measured(claim(bias={3: 1.5}, class_=3), frame, EXPERIMENT).value == pytest.approx(100)
    assert measured(claim(bias={3: 2.5}, other="hard"), frame, EXPERIMENT).value == pytest.approx(0)
    assert measured(claim(bias={3: 2.5}), frame, EXPERIMENT).value == pytest.approx(100 * (LABELS == 3).mean())


def test_what_was_not_measured_is_neither_true_nor_false() -> None:
    assert measured(claim(bias={3: 1.0}), made(), EXPERIMENT).holds is None
    diverged = made(accuracy=[[0.9, math.nan, 0.9, 0.9], [0.8, 0.8, 0.8, 0.8]])
    found = measured(claim(other="hard"), diverged, EXPERIMENT)
    assert found.holds is None and math.isnan(found.value)


def test_one_seed_has_a_value_and_no_interval() -> None:
    one = dataclasses.replace(GAIN, seeds=(0,), scalars={"accuracy": np.array([[0.9], [0.8]], np.float32)})
    found = measured(claim(other="hard"), one, EXPERIMENT)
    assert found.value == pytest.approx(10, abs=1e-4) and math.isnan(found.low) and found.n == 1
    assert measured(claim(other="hard", statistic="spread"), one, EXPERIMENT).holds is None


@given(st.lists(st.integers(-200, 200), min_size=4, max_size=4))
def test_spread_and_wins_are_those_of_scipy(differences: list[int]) -> None:
    frame = made(accuracy=[[thousandth / 1000 for thousandth in differences], [0.0] * 4])
    points = 100 * frame.scalars["accuracy"][0].astype(np.float64)
    spread = measured(claim(other="hard", statistic="spread"), frame, EXPERIMENT)
    assert spread.value == pytest.approx(points.std(ddof=1), abs=1e-9)
    expected = points.std(ddof=1) * np.sqrt(3 / stats.chi2.ppf([0.975, 0.025], 3))
    assert (spread.low, spread.high) == pytest.approx(tuple(expected), abs=1e-9)
    wins = measured(claim(other="hard", statistic="wins"), frame, EXPERIMENT)
    won = int((points > 0).sum())
    exact = stats.binomtest(won, 4).proportion_ci(method="exact")
    assert (wins.value, wins.low, wins.high) == pytest.approx((25 * won, 100 * exact.low, 100 * exact.high), abs=1e-6)
    assert wins.unit == "% of seeds"


def test_a_claim_about_a_step_is_measured_at_the_last_frame_up_to_it() -> None:
    frames = [made(step, accuracy=np.full((2, 4), step / 100)) for step in (0, 40, 60, 100)]
    found = verdicts([claim(), claim(at=60), claim(at=59), claim(at=0)], frames, EXPERIMENT)
    assert [(each.step, round(each.value)) for each in found] == [(100, 100), (60, 60), (40, 40), (0, 0)]
    with pytest.raises(ValueError, match="no frame"):
        verdicts([claim()], [], EXPERIMENT)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"measure": "charm"}, "there is no measure 'charm'"),
        ({"measure": "kl", "class": 3}, "goes with the measure accuracy"),
        ({"measure": "kl", "bias": {3: 1.0}}, "goes with the measure accuracy"),
        ({"bias": {3: 1.0}, "at": 5}, "last answers only"),
        ({"comparison": "about"}, "at least"),
        ({"bound": math.nan}, "finite"),
        ({"formula": "1 + 1"}, "not permitted"),
    ],
)
def test_what_cannot_be_claimed_is_refused_in_a_sentence(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        claim(**fields)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"arm": "charm"}, "no arm 'charm'; there are hinton, hard"),
        ({"other": "charm"}, "no arm 'charm'"),
        ({"class": 10}, "classes 0 to 9; got 10"),
        ({"bias": {12: 1.0}}, "classes 0 to 9; got 12"),
        ({"at": 101}, "100 steps"),
    ],
)
def test_a_claim_must_fit_its_experiment(fields: dict[str, Any], why: str) -> None:
    for ask in (lambda: check(claim(**fields), EXPERIMENT), lambda: measured(claim(**fields), GAIN, EXPERIMENT)):
        with pytest.raises(ValueError, match=why):
            ask()


def test_a_bias_needs_a_run_whose_answers_are_kept() -> None:
    with pytest.raises(ValueError, match="not kept"):
        check(claim(bias={3: 1.0}), EXPERIMENT.model_copy(update={"seeds": 100}))


def test_a_claim_is_the_same_after_json() -> None:
    given = claim(**{"class": 3, "bias": {3: 1.5}, "other": "hard"})
    assert Claim.model_validate_json(given.model_dump_json()) == given
    assert Claim.model_validate(given.model_dump()) == given
