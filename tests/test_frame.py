"""Frames and stages keep their exact content as bytes, and their statistics are SciPy's."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from kdcore import Arm, Experiment, Frame, Stage, Transfer, teachers
from kdcore.frame import Shown
from kdcore.training import Training
from tests.small import TEACHER, experiment


def equal(left: Any, right: Any) -> bool:
    """Equal to the last bit, type and order, NaN equal to NaN."""
    if isinstance(left, np.ndarray):
        same_kind = isinstance(right, np.ndarray) and left.dtype == right.dtype and left.shape == right.shape
        return same_kind and np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    if dataclasses.is_dataclass(left):
        fields = dataclasses.fields(left)
        return type(left) is type(right) and all(equal(getattr(left, f.name), getattr(right, f.name)) for f in fields)
    if isinstance(left, dict):
        return list(left) == list(right) and all(equal(left[name], right[name]) for name in left)
    return type(left) is type(right) and left == right


@pytest.fixture(scope="module")
def run() -> tuple[Stage, list[Frame]]:
    training = Training(Experiment(steps=40), frames_every=20)
    return training.stage(), list(training)


@pytest.fixture(scope="module")
def frame(run: tuple[Stage, list[Frame]]) -> Frame:
    return run[1][-1]


def made_up(accuracy: list[list[float]], control: str | None = "hard") -> Frame:
    values = np.array(accuracy, dtype=np.float32)
    arms = ("hinton", "hard")[: len(values)]
    seeds = tuple(range(values.shape[1]))
    return Frame(1, 2, arms, seeds, control, {"accuracy": values}, {}, np.zeros(values.shape, dtype=bool))


def test_frames_come_back_from_bytes_exactly(run: tuple[Stage, list[Frame]]) -> None:
    for frame in run[1]:
        assert frame.shown is not None
        for kept in (frame, frame.thin()):
            again = Frame.from_bytes(kept.to_bytes())
            assert equal(again, kept)
            assert again.to_bytes() == kept.to_bytes()


def test_a_stage_comes_back_from_bytes_exactly(run: tuple[Stage, list[Frame]]) -> None:
    assert equal(Stage.from_bytes(run[0].to_bytes()), run[0])


@pytest.mark.parametrize(
    "whole",
    [
        experiment(dataset="spirals", transfer=Transfer(per_class=2), steps=1, seeds=1),
        experiment(Arm("answers"), steps=1, seeds=20),
        experiment(Arm("hard", 'it\'s/a "name" — ü.npy\n'), Arm("answers", "plain"), steps=1),
    ],
    ids=["points", "more seeds than are staged", "odd names"],
)
def test_other_kinds_of_runs_come_back_from_bytes_exactly(whole: Experiment) -> None:
    training = Training(whole)
    assert equal(Stage.from_bytes(training.stage().to_bytes()), training.stage())
    for frame in training:
        assert equal(Frame.from_bytes(frame.to_bytes()), frame)


def test_a_teachers_own_training_has_frames_and_a_stage_too() -> None:
    own = teachers.experiment_of(experiment(teacher=TEACHER.model_copy(update={"steps": 2})))
    training = Training(own, solo=True)
    assert equal(Stage.from_bytes(training.stage().to_bytes()), training.stage())
    for frame in training:
        assert equal(Frame.from_bytes(frame.to_bytes()), frame)


def test_a_thin_frame_of_the_default_run_is_below_three_kilobytes(frame: Frame) -> None:
    assert len(frame.thin().to_bytes()) <= 3000
    assert len(dataclasses.replace(frame, test_logits=None).to_bytes()) <= 160_000


def test_bytes_hold_nothing_that_runs_when_it_is_read(frame: Frame) -> None:
    odd = dataclasses.replace(frame, scalars={"accuracy": np.array([print], dtype=object)})
    with pytest.raises(ValueError):
        odd.to_bytes()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_bytes_are_refused_or_harmless(frame: Frame, data: st.DataObject) -> None:
    content = bytearray(frame.thin().to_bytes())
    kind = data.draw(st.sampled_from(["flip", "cut", "noise"]))
    if kind == "flip":
        content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "cut":
        content = content[: data.draw(st.integers(0, len(content) - 1))]
    else:
        content = bytearray(data.draw(st.binary(max_size=200)))
    try:
        again = Frame.from_bytes(bytes(content))
    except ValueError as refused:
        assert "no Frame" in str(refused)
    else:
        assert equal(again, frame.thin()), "what is read is what was written"


def test_bytes_of_something_else_are_refused(run: tuple[Stage, list[Frame]]) -> None:
    stage, frames = run
    with pytest.raises(ValueError, match="no Frame"):
        Frame.from_bytes(stage.to_bytes())
    with pytest.raises(ValueError, match="no Stage"):
        Stage.from_bytes(frames[0].to_bytes())


def test_values_are_read_by_the_name_of_the_arm(frame: Frame) -> None:
    assert list(frame.accuracy) == ["hinton", "hard"]
    assert frame.accuracy["hard"].shape == (8,)
    assert frame.per_class_accuracy["hinton"].shape == (8, 10)
    assert frame.measures["kl"]["hard"].shape == (8,)
    with pytest.raises(KeyError, match="no arm 'nobody'; there are hinton, hard"):
        frame.accuracy["nobody"]


def test_every_measure_of_the_contract_is_there(frame: Frame) -> None:
    assert set(frame.scalars) >= {
        "accuracy", "validation_accuracy", "train_accuracy", "per_class_accuracy", "hard_loss", "soft_loss",
        "entropy", "ece", "agreement", "kl", "wrong_class_agreement", "gradient_ratio", "ties",
    }  # fmt: skip
    assert all(values.dtype == np.float32 for values in frame.scalars.values())


def test_gain_is_paired_by_seed() -> None:
    frame = made_up([[0.9, 0.8, 0.95], [0.8, 0.85, 0.9]])
    np.testing.assert_allclose(frame.gain["hinton"], [0.1, -0.05, 0.05], atol=1e-6)
    assert (frame.gain["hard"] == 0).all()


def test_without_a_control_there_is_no_gain() -> None:
    with pytest.raises(ValueError, match="no control arm"):
        _ = made_up([[0.9]], control=None).gain


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.floats(0, 1, width=32)), min_size=2, max_size=12))
def test_the_interval_is_scipys_paired_t_interval(pairs: list[tuple[float, float]]) -> None:
    ours, control = (list(column) for column in zip(*pairs, strict=True))
    frame = made_up([ours, control])
    gain = frame.gain["hinton"].astype(np.float64)
    low, high = frame.interval("hinton")
    if gain.std(ddof=1) == 0:
        assert low == high == pytest.approx(gain.mean())
    else:
        expected = stats.t.interval(0.95, len(gain) - 1, gain.mean(), stats.sem(gain))
        assert (low, high) == pytest.approx(expected, abs=1e-9)


def test_one_seed_has_no_interval() -> None:
    assert np.isnan(made_up([[0.9], [0.8]]).interval("hinton")).all()


def test_a_frame_says_when_it_was_made(run: tuple[Stage, list[Frame]]) -> None:
    times = [frame.at for frame in run[1]]
    assert times == sorted(times)
    assert Frame.from_bytes(run[1][0].to_bytes()).at == times[0]


def test_thin_leaves_out_only_what_is_drawn(frame: Frame) -> None:
    assert isinstance(frame.shown, Shown)
    thin = frame.thin()
    assert thin.shown is None and thin.test_logits is None
    assert equal(dataclasses.replace(thin, shown=frame.shown, test_logits=frame.test_logits), frame)
