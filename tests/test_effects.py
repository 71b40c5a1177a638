"""Effects that are really there, trained: eight seeds, each its own thirty pictures, one split and one teacher.

The bounds are well inside of what four splits and teachers gave when they were measured.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import kdcore
from kdcore import Arm, Command, Experiment, Frame
from kdcore.training import replay

RISE = 580
"""Twenty steps before the end."""


@pytest.fixture(scope="module")
def frames() -> list[Frame]:
    """Thirty pictures: beside the default's arms those that tell opinions from softness, and one that grows warm."""
    whole = Experiment(
        arms=(
            Arm("hinton", temperature=8.0),
            Arm("hinton", "rising", temperature=1.0),
            Arm("smoothed", temperature=8.0),
            Arm("shuffled", temperature=8.0),
            Arm("hard"),
        )
    )
    warmer = Command("set", knob="temperature", value=8.0, arm="rising", step=RISE)
    return list(kdcore.train(whole, commands=replay([warmer]), frames_every=lambda step: step == RISE))


@pytest.fixture
def last(frames: list[Frame]) -> Frame:
    return frames[-1]


def points(frame: Frame, arm: str, other: str) -> float:
    """By how many points of test accuracy an arm is better, on average over seeds."""
    return 100 * float((frame.accuracy[arm] - frame.accuracy[other]).mean())


def test_opinions_teach_more_than_labels(last: Frame) -> None:
    assert points(last, "hinton", "hard") >= 4
    low, _ = last.interval("hinton")
    assert low > 0.02, "and not by luck"


def test_it_is_not_softness_alone(last: Frame) -> None:
    assert points(last, "hinton", "smoothed") >= 3


def test_false_opinions_are_worse_than_none(last: Frame) -> None:
    assert points(last, "shuffled", "hard") < 0


def test_raising_the_temperature_lifts_a_student_within_twenty_steps(frames: list[Frame]) -> None:
    before, after = (frame.accuracy["rising"].mean() for frame in frames[-2:])
    assert [frame.step for frame in frames] == [0, RISE, 600]
    assert after - before >= 0.03
    assert (frames[-1].accuracy["rising"] > frames[-2].accuracy["rising"]).mean() >= 0.75


def test_at_temperature_one_little_is_heard(frames: list[Frame]) -> None:
    assert points(frames[1], "rising", "hard") < 4


def test_students_take_over_what_the_teacher_thinks_of_the_wrong_classes(last: Frame) -> None:
    agreement = {arm: float(last.measures["wrong_class_agreement"][arm].mean()) for arm in last.arms}
    assert agreement["hinton"] > 0.8
    assert agreement["hinton"] > agreement["hard"] + 0.1
    assert agreement["smoothed"] < agreement["hard"], "smoothing erases opinions"
    assert agreement["shuffled"] < agreement["hard"]


def test_all_students_learnt_what_they_were_shown(last: Frame) -> None:
    for arm in ("hinton", "hard", "smoothed"):
        assert last.measures["train_accuracy"][arm].min() == 1
    assert not last.stopped.any()


def test_without_t_squared_plain_descent_hears_nothing_at_a_high_temperature() -> None:
    far: dict[str, Any] = {"temperature": 16.0, "alpha": 1.0}
    arms = (Arm("hinton", "with", **far), Arm("hinton", "without", t_squared=False, **far))
    whole = Experiment(arms=arms, control=False, optimizer="sgd", learning_rate=0.05, seeds=4)
    *_, last = kdcore.train(whole, frames_every=600)
    assert last.accuracy["with"].mean() > 0.85
    assert last.accuracy["without"].mean() < 0.4


def test_soft_outweighs_hard_by_far_at_the_first_step() -> None:
    first = next(iter(kdcore.train(Experiment())))
    ratio = first.measures["gradient_ratio"]
    assert 15 < ratio["hinton"].mean() < 45
    assert (np.nan_to_num(ratio["hard"]) == 0).all()
