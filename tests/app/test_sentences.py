"""What the board says is computed, with unit and n, and says when there is nothing to say."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from app import loss_words, seeing, sentences
from app.changes import Change, changes_of, event_text, events_of, lowered
from app.roles import find, roles_of
from kdcore.experiment import Arm, Command, Experiment, Network, Teacher, Transfer
from kdcore.frame import Frame
from tests.app.made import make_frame, make_stage

EXPERIMENT = Experiment()
ROLES = roles_of(EXPERIMENT)


def with_accuracy(distilled: list[float], control: list[float]) -> Frame:
    experiment = Experiment(seeds=len(distilled))
    frame = make_frame(experiment, 600)
    accuracy = np.array([distilled, control], dtype=np.float32)
    return dataclasses.replace(frame, scalars=frame.scalars | {"accuracy": accuracy})


def test_the_headline_of_thirty_pictures() -> None:
    frame = with_accuracy([0.906] * 4 + [0.906] * 4, [0.82] * 8)
    said = sentences.headline(EXPERIMENT, ROLES, frame, make_stage(EXPERIMENT))
    assert said == "Both saw these 30 pictures. One got labels, one got opinions: 82.0 % and 90.6 %: +8.6 points"


def test_the_detail_names_interval_seeds_split_and_teacher() -> None:
    frame = with_accuracy([0.90, 0.91, 0.92, 0.89], [0.82, 0.81, 0.83, 0.82])
    low, high = frame.interval("hinton")
    said = sentences.detail(EXPERIMENT, ROLES, frame, make_stage(EXPERIMENT))
    interval = f"95 % interval {low * 100:.1f} to {high * 100:.1f}"
    assert said == f"({interval}; 4 seeds, each its own thirty pictures; one split, one teacher)"


def test_a_gain_whose_interval_covers_zero_is_called_noise() -> None:
    frame = with_accuracy([0.80, 0.84, 0.79, 0.85, 0.81], [0.82, 0.81, 0.83, 0.82, 0.80])
    assert sentences.headline(EXPERIMENT, ROLES, frame, None).endswith("points, within the noise of 5 seeds")
    assert "noise" not in sentences.headline(EXPERIMENT, ROLES, with_accuracy([0.9] * 5, [0.8] * 5), None)


def test_one_seed_claims_no_interval() -> None:
    said = sentences.detail(EXPERIMENT, ROLES, with_accuracy([0.9], [0.8]), None)
    assert said == "(one seed gives no interval; 1 seed; one split, one teacher)"


def test_a_student_without_labels_is_said_to_have_got_nothing() -> None:
    experiment = Experiment(transfer=Transfer(per_class=3, labels=0))
    said = sentences.headline(experiment, roles_of(experiment), make_frame(experiment, 9), None)
    assert "One got nothing, one got opinions" in said


def test_a_minus_is_a_minus() -> None:
    assert sentences.points(-0.004) == "−0.4 points"


def test_weights_come_with_the_ratio_at_the_logits() -> None:
    frame = make_frame(EXPERIMENT, 5)
    scalars = frame.scalars | {"gradient_ratio": np.full_like(frame.scalars["gradient_ratio"], 27.3)}
    frame = dataclasses.replace(frame, scalars=scalars)
    assert loss_words.weights(frame, ROLES[0]) == "0.10 hard + 0.90 soft (27 : 1)"
    assert loss_words.formula(frame, ROLES[0]) == (
        "loss = 0.1 · CE(label, student) + 0.9 · T² · KL(teacher at T ‖ student at T), T = 4, T² = 16"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [(27.3, "27 : 1"), (1.2, "1.2 : 1"), (0.25, "1 : 4"), (5e4, "over 1000 : 1"), (0, "under 1 : 1000")],
)
def test_ratios_read_as_ratios(value: float, said: str) -> None:
    assert loss_words.ratio(value) == said


def test_the_example_names_the_teachers_second_thought() -> None:
    opinions = [("teacher", np.log([0.02, 0.86, 0.12])), ("student", np.log([0.90, 0.07, 0.03]))]
    said = seeing.example(("a", "b", "c"), 1, opinions, 1.0, was_heard=False)
    assert said == "At T = 1 the teacher gives this “b” 12 % to “c”, the student 3 %; never heard by the students."


def test_a_teacher_that_is_sure_speaks_of_one_class_and_one_that_is_not_of_all() -> None:
    assert seeing.classes_spoken_of(np.array([[100.0, 0, 0, 0]]), 1.0) == pytest.approx(1)
    assert seeing.classes_spoken_of(np.zeros((5, 4)), 1.0) == pytest.approx(4)


def test_classes_that_stand_apart_are_nearest_to_their_own_middle() -> None:
    labels = np.repeat(np.arange(3), 10)
    apart = np.eye(3)[labels] + np.random.default_rng(0).normal(size=(30, 3)) * 0.01
    assert seeing.nearest_own(apart, labels) == 1
    assert math.isnan(seeing.nearest_own(np.full((30, 3), np.nan), labels))


def test_the_most_alike_pair_is_found() -> None:
    teacher = np.full((4, 4), 0.01)
    teacher[1, 3] = teacher[3, 1] = 0.3
    said = seeing.similarity(teacher, teacher / 2, ("a", "b", "c", "d"))
    assert "b and d (30 % of an opinion; the student 15 %)" in said and "r = 1.00" in said
    assert "about b and d" in seeing.difference(teacher, teacher / 2, ("a", "b", "c", "d"))


def test_a_diverged_arm_is_named_with_the_likely_cause() -> None:
    experiment = Experiment(learning_rate=1.0)
    frame = make_frame(experiment, 30, stopped="hard")
    said = sentences.diverged(frame, roles_of(experiment))
    assert len(said) == 1
    assert said[0].startswith("labels only: all students diverged") and "learning rate of 1" in said[0]
    assert sentences.diverged(make_frame(experiment, 30), ROLES) == []
    raised = "hard was stopped: RuntimeError: no such tensor."
    assert sentences.diverged(frame, roles_of(experiment), raised) == [raised]


def test_lowering_the_temperature_is_explained_and_raising_it_is_not() -> None:
    down = [Command(kind="set", knob="temperature", value=1.0, step=210)]
    up = [*down, Command(kind="set", knob="temperature", value=8.0, step=300)]
    assert "what is learnt stays" in (lowered(changes_of(EXPERIMENT, down)) or "")
    assert lowered(changes_of(EXPERIMENT, up)) is None
    assert lowered([]) is None


def test_changes_carry_the_value_before() -> None:
    commands = [
        Command(kind="set", knob="temperature", value=8.0, step=210),
        Command(kind="set", knob="alpha", value=0.5, step=220),
        Command(kind="set", knob="temperature", value=2.0),
    ]
    assert changes_of(EXPERIMENT, commands) == [(210, "temperature", 4.0, 8.0), (220, "alpha", 0.9, 0.5)]
    assert event_text(Change(210, "temperature", 4.0, 8.0)) == "T 4 → 8"


def test_changes_of_single_arms_start_from_their_own_values_and_share_a_mark() -> None:
    arms = (Arm("hinton", "low", temperature=1.0), Arm("hinton", "high", temperature=8.0), Arm("hard"))
    up = Command(kind="set", knob="temperature", value=8.0, arm="low", step=300)
    down = Command(kind="set", knob="temperature", value=1.0, arm="high", step=300)
    changes = changes_of(Experiment(arms=arms), [up, down])
    assert events_of(changes) == [{"step": 300, "text": "T 1 → 8, T 8 → 1"}]


def test_other_splits_are_listed() -> None:
    summaries: list[dict[str, Any]] = [{"gain": {"hinton": 0.092}}, {"gain": {"hinton": -0.004}}, {"gain": {}}, {}]
    said = sentences.other_splits(ROLES[0], summaries, EXPERIMENT)
    assert said == "On 2 other splits, each with its teacher: +9.2, −0.4 points."
    assert sentences.other_splits(ROLES[0], [], EXPERIMENT) == ""
    stored = EXPERIMENT.model_copy(update={"teacher": Teacher(network=Network("table"))})
    said = sentences.other_splits(ROLES[0], summaries, stored)
    assert said == "On 2 other splits of the same teacher: +9.2, −0.4 points."


def test_an_experiment_without_control_has_a_headline() -> None:
    experiment = Experiment(arms=(Arm("hinton"),), control=False)
    roles = roles_of(experiment)
    frame = make_frame(experiment, 10)
    assert find(roles, "control") is None
    assert sentences.headline(experiment, roles, frame, None).startswith("A student saw 30 pictures and got opinions")
    assert "one split" in sentences.detail(experiment, roles, frame, None)


def test_of_points_in_a_plane_it_is_said_how_the_plane_is_divided() -> None:
    teacher = np.eye(2)[[0, 0, 1, 1]]
    students = {"opinions": 5 * teacher, "labels only": np.eye(2)[[0, 1, 1, 1]]}
    assert seeing.plane(teacher, students) == (
        "The plane is divided as the teacher does on 100.0 % of it by the student that got opinions, "
        "75.0 % of it by the student that got labels only."
    )
