"""A plane is nothing but its cells: each is what it would be alone, in whatever shard it is trained."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import numpy as np
import pytest
from scipy import stats

from kdcore import Experiment, Network, Transfer, planes
from kdcore.experiment import MAX_MEMBERS, reasons
from kdcore.planes import Axis, Plane
from kdcore.training import Training
from tests.small import TEACHER, distance, trained, weights_of

pytestmark = pytest.mark.usefixtures("one_thread")


def plane(**fields: Any) -> Plane:
    """Thirty-six cells, two seeds, sixty steps of a small student."""
    given: dict[str, Any] = {
        "experiment": Experiment(teacher=TEACHER, student=Network("mlp", widths=(12,)), seeds=(3, 0), steps=60),
        "x": Axis("temperature", (0.25, 1, 2, 4, 16, 64)),
        "y": Axis("alpha", (0, 0.02, 0.3, 0.7, 0.9, 1)),
    }
    return Plane(**given | fields)


@pytest.fixture(scope="module")
def whole() -> Any:
    """The plane with the training and the frames of its one shard."""
    drawn = plane()
    (shard,) = drawn.shards()
    training = Training(shard, frames_every=20)
    frames = list(training)
    return drawn, training, frames


def test_ten_cells_trained_one_by_one_equal_the_planes(whole: Any) -> None:
    drawn, training, frames = whole
    known = planes.field(drawn, frames[-1:])
    for column, row in random.Random(0).sample(drawn.cells, 10):
        alone = trained(drawn.cell_experiment(column, row))
        name = drawn.name(column, row)
        assert distance(weights_of(alone, name), weights_of(training, name)) <= 1e-6, name
        last = alone.observer.frame(alone.step, last=True)
        for measure in ("accuracy", "validation_accuracy"):
            assert (last.measures[measure][name] == known.values[measure][row, column]).all(), f"{measure} of {name}"


def test_shards_together_are_the_whole(whole: Any) -> None:
    drawn, training, frames = whole
    shards = drawn.shards(workers=5)
    assert sorted(arm.name for shard in shards for arm in shard.arms if arm.method != "hard") == sorted(
        drawn.name(*cell) for cell in drawn.cells
    )
    assert {len(shard.arms) for shard in shards} == {8, 9}, "dealt out evenly, each with the control"
    parts = [trained(shard) for shard in shards]
    for part in parts:
        for arm in part.cohort.arms:
            assert distance(weights_of(part, arm.name), weights_of(training, arm.name)) <= 1e-6, arm.name
    ended = planes.field(drawn, [part.observer.frame(part.step, last=True) for part in parts])
    at_once = planes.field(drawn, frames[-1:])
    for measure in ("accuracy", "validation_accuracy", "gain", "validation_gain"):
        np.testing.assert_array_equal(ended.values[measure], at_once.values[measure], err_msg=measure)


def test_every_shard_has_its_share_of_the_whole_map() -> None:
    drawn = Plane()
    for shard in drawn.shards(workers=2):
        names = {arm.name for arm in shard.arms}
        cells = [(column, row) for column, row in drawn.cells if drawn.name(column, row) in names]
        assert {column for column, _ in cells} == set(range(11)), "some cells of every temperature"
        assert {row for _, row in cells} == set(range(12)), "and of every alpha"


def test_field_puts_every_number_in_its_place(whole: Any) -> None:
    drawn, _, frames = whole
    known = planes.field(drawn, frames[-1:])
    assert (known.step, known.steps) == (60, 60)
    assert known.values["accuracy"].shape == (6, 6, 2) and (known.at == 60).all() and not known.stopped.any()
    for column, row in drawn.cells:
        name = drawn.name(column, row)
        assert (known.values["ece"][row, column] == frames[-1].measures["ece"][name]).all()
        gain = frames[-1].measures["validation_accuracy"][name] - frames[-1].measures["validation_accuracy"]["hard"]
        assert (known.values["validation_gain"][row, column] == gain).all()
        assert (known.values["gain"][row, column] == frames[-1].gain[name]).all()
    assert (known.control["accuracy"] == frames[-1].accuracy["hard"]).all()


def test_field_of_a_plane_that_has_just_begun() -> None:
    drawn = plane()
    nothing = planes.field(drawn, [])
    assert (nothing.step, nothing.steps, nothing.values) == (0, 0, {}) and (nothing.at == -1).all()
    assert planes.equal_at_zero(nothing, drawn) is None
    first, second = drawn.shards(workers=2)
    early, late = trained(first), trained(second)
    frames = [early.observer.frame(20), late.observer.frame(40)]
    assert planes.field(drawn, frames[:1]).step == 20
    half = planes.field(drawn, frames[1:])
    unknown = np.isnan(half.values["accuracy"]).all(-1)
    assert unknown.sum() == 18 and (half.at[unknown] == -1).all()
    both = planes.field(drawn, frames)
    assert both.step == 20 and not np.isnan(both.values["accuracy"]).any()
    assert (both.control["accuracy"] == frames[0].accuracy["hard"]).all()
    assert planes.equal_at_zero(both, drawn) is None, "cells at different steps cannot be compared"


def test_frames_of_other_seeds_are_refused(whole: Any) -> None:
    drawn, _, frames = whole
    other = plane(experiment=drawn.experiment.model_copy(update={"seeds": (0, 1)}))
    with pytest.raises(ValueError, match=r"seeds \(0, 1\); a frame has \(3, 0\)"):
        planes.field(other, frames)


def test_a_crowd_is_asked_few_test_examples_while_it_trains_and_all_at_the_end(whole: Any) -> None:
    _, training, frames = whole
    live, data = training.observer.frame(60), training.prepared.dataset
    right = frames[-1].test_logits.argmax(-1) == data.labels[data.test].numpy()
    np.testing.assert_allclose(live.scalars["accuracy"], right[..., :200].mean(-1), atol=1e-6)
    np.testing.assert_allclose(frames[-1].scalars["accuracy"], right.mean(-1), atol=1e-6)
    np.testing.assert_array_equal(live.scalars["validation_accuracy"], frames[-1].scalars["validation_accuracy"])


def test_curves_are_the_histories_with_scipys_interval(whole: Any) -> None:
    drawn, _, frames = whole
    curve = planes.curves(drawn, [[], frames], 3, 4)["validation_accuracy"]
    assert curve.steps.tolist() == [0, 20, 40, 60]
    for place, frame in enumerate(frames):
        values = frame.measures["validation_accuracy"]["T 4, alpha 0.9"]
        assert (curve.values[place] == values).all()
        spread = values.astype(float)
        if spread.std():
            expected = stats.ttest_1samp(spread, 0).confidence_interval(0.95)
            assert (curve.low[place], curve.high[place]) == pytest.approx((expected.low, expected.high))
    assert planes.curves(drawn, [], 0, 0) == {}


def test_cells_at_alpha_zero_are_all_equal_and_a_fault_would_be_seen(whole: Any) -> None:
    drawn, _, frames = whole
    known = planes.field(drawn, frames[-1:])
    assert planes.equal_at_zero(known, drawn) == 0.0
    known.values["accuracy"][0, 2, 1] += 0.25
    assert planes.equal_at_zero(known, drawn) == pytest.approx(0.25)
    known.values["accuracy"][0] = np.nan
    assert planes.equal_at_zero(known, drawn) == 0.0, "validation is left"


@pytest.mark.parametrize(
    "fields",
    [
        {"y": Axis("alpha", (0.1, 1))},
        {"x": Axis("weight", (0, 1)), "y": Axis("hard_weight", (0, 1))},
        {"x": Axis("learning_rate", (0.001, 0.01))},
    ],
    ids=["no zero", "no alpha", "another rate"],
)
def test_where_nothing_need_be_equal_nothing_is_claimed(fields: dict[str, Any]) -> None:
    drawn = plane(**fields)
    (shard,) = drawn.shards()
    frame = trained(shard.model_copy(update={"steps": 2})).observer.frame(2)
    assert planes.equal_at_zero(planes.field(drawn, [frame]), drawn) is None


def test_a_diverged_cell_is_marked(whole: Any) -> None:
    drawn, _, frames = whole
    stopped = frames[-1].stopped.copy()
    stopped[frames[-1].arms.index(drawn.name(1, 2))] = True
    known = planes.field(drawn, [dataclasses.replace(frames[-1], stopped=stopped)])
    assert np.argwhere(known.stopped).tolist() == [[2, 1]]


def test_a_plane_survives_json() -> None:
    for drawn in (Plane(), plane(knobs={"t_squared": False}), plane(method="smoothed")):
        assert Plane.model_validate_json(drawn.model_dump_json()) == drawn


def test_the_default_plane_is_the_contract() -> None:
    drawn = Plane()
    assert (
        drawn.students == 528 and drawn.experiment.steps == 600 and drawn.experiment.transfer == Transfer(per_class=3)
    )
    assert drawn.name(5, 9) == "T 4, alpha 0.9"
    arm = drawn.arm(5, 9)
    assert (arm.knobs["temperature"], arm.weight, arm.hard_weight) == (4.0, 0.9, 0.1)
    assert [len(shard.arms) for shard in drawn.shards()] == [133], "one process holds it"
    assert [len(shard.arms) for shard in drawn.shards(2)] == [67, 67]


def test_knobs_that_are_no_axis_are_shared_by_all_cells() -> None:
    drawn = plane(x=Axis("learning_rate", (0.001, 0.01)), y=Axis("temperature", (2, 8)), knobs={"alpha": 0.25})
    arm = drawn.arm(1, 0)
    assert (arm.learning_rate, arm.knobs["temperature"], arm.weight) == (0.01, 2.0, 0.25)
    assert plane(x=Axis("weight", (1, 5)), y=Axis("hard_weight", (0, 1))).arm(1, 1).weight == 5.0


def test_larger_planes_are_cut_until_each_shard_fits() -> None:
    wide = plane(experiment=Experiment(student=Network("mlp", widths=(512, 512)), seeds=16, transfer=Transfer()))
    shards = wide.shards()
    assert len(shards) > 1
    for shard in shards:
        students = len(shard.arms) * 16
        assert students <= MAX_MEMBERS and students * planes.bytes_of_a_student(shard) <= planes.WORKING_BYTES
    huge = plane(experiment=Experiment(student=Network("mlp", widths=(4096, 4096)), seeds=2))
    assert [len(shard.arms) for shard in huge.shards()] == [2] * 36, "a cell and its control are never parted"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "control as method": ({"method": "hard"}, "hard labels alone are the control of every plane"),
    "unknown method": ({"method": "telepathy"}, "there is no method 'telepathy'"),
    "unknown knob": ({"x": Axis("humidity", (1, 2))}, "hinton has no knob 'humidity' for an axis; it has temperature"),
    "a switch as axis": ({"x": Axis("t_squared", (0, 1))}, "hinton has no knob 't_squared' for an axis"),
    "out of bounds": ({"x": Axis("temperature", (1, 100))}, "temperature must lie in"),
    "alpha out of bounds": ({"y": Axis("alpha", (0, 2))}, "alpha must lie in"),
    "axis fixed too": ({"knobs": {"alpha": 0.5}}, "alpha is an axis, so it cannot be fixed as well"),
    "twice the same axis": ({"x": Axis("alpha", (0, 1))}, "the two axes need different knobs; both are alpha"),
    "alpha and weight": ({"knobs": {"weight": 1}}, "give either alpha or hard_weight and weight, not both"),
    "unknown fixed knob": ({"knobs": {"humidity": 1}}, "hinton has no knob 'humidity'"),
    "descending": ({"x": {"knob": "temperature", "values": (2, 1)}}, "values must ascend and differ; got 2 before 1"),
    "too alike to name": (
        {"x": {"knob": "temperature", "values": (1, 1.00000001)}},
        "values must ascend and differ; got 1 before 1",
    ),
    "one value": ({"x": {"knob": "temperature", "values": (2,)}}, "at least 2 items"),
    "too many values": ({"x": {"knob": "temperature", "values": tuple(range(1, 42))}}, "at most 40 items"),
    "too many students": ({"experiment": Experiment(seeds=600)}, "6 x 6 cells x 600 seeds are 21,600 students"),
    "NaN": ({"x": {"knob": "temperature", "values": (1, float("nan"))}}, "finite number"),
}


@pytest.mark.parametrize("case", BAD)
def test_an_impossible_plane_is_refused_with_a_sentence(case: str) -> None:
    fields, sentence = BAD[case]
    with pytest.raises(ValueError) as refused:
        plane(**fields)
    said = "; ".join(reasons(refused.value))  # type: ignore[arg-type]
    assert sentence in said and "\n" not in said
