"""The loop: frames when they are due, commands when they act, and the same numbers every time."""

from __future__ import annotations

import copy
import itertools
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

import kdcore
from kdcore import Arm, Command, Experiment, Frame, Network, Transfer
from kdcore.training import Training, prepare, replay
from tests.small import TEACHER, distance, experiment, same, trained, weights_of

DROPOUT = Network("mlp", widths=(12, 9), dropout=0.3)
ARMS = (Arm("hinton"), Arm("shuffled"), Arm("hard"))


def setting(step: int, knob: str, value: float, arm: str | None = None) -> Command:
    return Command("set", knob=knob, value=value, arm=arm, step=step)


CHANGES = (
    setting(3, "temperature", 8),
    setting(5, "alpha", 0.5),
    setting(5, "learning_rate", 0.01, "hinton"),
    setting(9, "temperature", 2, "shuffled"),
    setting(12, "hard_weight", 0.3, "hinton"),
    setting(12, "weight", 2.0, "hinton"),
)


def states(training: Training) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in training.state().items()}


# The same numbers every time.


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_with_commands_replays_to_the_last_bit(optimizer: str) -> None:
    whole = experiment(*ARMS, student=DROPOUT, transfer=Transfer(n=50, labels=20), batch_size=16, optimizer=optimizer)
    waiting = list(CHANGES)

    def live(step: int) -> list[Command]:
        """As a person would: commands come without a step, some while paused, with other ones in between."""
        due = [command for command in waiting if command.step == step]
        return [Command("pause"), *(c.model_copy(update={"step": None}) for c in due), Command("resume")]

    first = trained(whole, commands=live, frames_every=4)
    second = trained(whole, commands=replay(CHANGES), frames_every=7)
    assert same(states(first), states(second))
    unchanged = trained(whole)
    assert not same(states(first), states(unchanged)), "the commands did act"


def test_a_command_acts_at_its_step_and_not_before() -> None:
    frames = list(kdcore.train(experiment(*ARMS), commands=replay(CHANGES), frames_every=1))
    temperature = [frame.knobs["temperature"][0] for frame in frames]
    assert temperature == [4.0] * 4 + [8.0] * 17, "frame 4 is the first after the step it acted on"
    assert frames[10].knobs["temperature"].tolist()[:2] == [8.0, 2.0]
    assert np.isnan(frames[10].knobs["temperature"][2])
    assert frames[6].knobs["hard_weight"].tolist() == [0.5, 0.5, 1.0]
    assert frames[6].knobs["learning_rate"].tolist() == pytest.approx([0.01, 0.003, 0.003])
    assert frames[-1].knobs["weight"].tolist() == pytest.approx([2.0, 0.5, 0.0])


def test_until_a_command_acts_nothing_differs_and_control_never_does() -> None:
    changed = list(kdcore.train(experiment(*ARMS), commands=replay(CHANGES), frames_every=1))
    plain = list(kdcore.train(experiment(*ARMS), frames_every=1))
    for before, after in zip(plain[:4], changed[:4], strict=True):
        assert (before.scalars["kl"] == after.scalars["kl"]).all()
    kl = [frames[-1].measures["kl"] for frames in (plain, changed)]
    assert (kl[0]["hinton"] != kl[1]["hinton"]).all()
    assert (kl[0]["hard"] == kl[1]["hard"]).all()


@pytest.mark.parametrize(
    "frames_every", [1, 3, 0.001, lambda step: step % 2 == 0], ids=["steps", "more steps", "seconds", "a question"]
)
def test_looking_changes_nothing(frames_every: Any) -> None:
    whole = experiment(*ARMS, student=DROPOUT)
    assert same(states(trained(whole, frames_every=frames_every)), states(trained(whole)))


def test_looking_and_training_leave_the_global_random_numbers_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    trained(experiment(*ARMS, student=DROPOUT), frames_every=1)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_kept_state_goes_on_bit_for_bit(optimizer: str, schedule: str) -> None:
    fields: dict[str, Any] = {"student": DROPOUT, "optimizer": optimizer, "schedule": schedule}
    whole = experiment(*ARMS, transfer=Transfer(n=50, labels=20), batch_size=16, **fields)
    through = trained(whole, commands=replay(CHANGES))
    first = Training(whole, commands=replay(CHANGES), frames_every=1)
    for frame in first:
        if frame.step == 10:
            break
    kept = states(first)
    second = Training(whole, commands=replay(CHANGES))
    second.load(kept, 10)
    frames = list(second)
    assert frames[0].step == 10
    assert same(states(second), states(through))


def test_the_state_of_another_experiment_is_refused() -> None:
    kept = states(Training(experiment(Arm("hard"))))
    with pytest.raises((KeyError, RuntimeError)):
        Training(experiment(Arm("hard"), student=DROPOUT)).load(kept, 3)


def test_a_cosine_schedule_brings_the_rate_down_to_nothing() -> None:
    whole = experiment(Arm("hard"), optimizer="sgd", schedule="cosine", steps=10, learning_rate=0.1)
    training = Training(whole, dtype=torch.float64, frames_every=1)
    moved, last = [], states(training)
    for _ in itertools.islice(training, 1, None):
        now = states(training)
        moved.append(distance({"w": now["student.head.weight"]}, {"w": last["student.head.weight"]}))
        last = now
    assert moved[-1] < moved[0] / 10
    assert training._rate_factor() == 0.0


# When frames are made.


def steps_of(frames_every: Any, steps: int = 20) -> list[int]:
    return [frame.step for frame in kdcore.train(experiment(Arm("hard"), steps=steps), frames_every=frames_every)]


def test_frames_come_at_the_beginning_when_due_and_at_the_end() -> None:
    assert steps_of(8) == [0, 8, 16, 20]
    assert steps_of(lambda step: step in (3, 4)) == [0, 3, 4, 20]
    assert steps_of(1000.0) == [0, 20]
    assert steps_of(20) == [0, 20]


def test_by_default_frames_are_even_over_the_logarithm_of_the_step() -> None:
    found = steps_of(None, steps=600)
    assert found[:8] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert found[-1] == 600
    assert 30 <= len(found) <= 42
    assert max(b / a for a, b in itertools.pairwise(found[8:])) < 1.25


@pytest.mark.parametrize("nonsense", [0, -1, -0.5])
def test_frames_every_nothing_is_refused(nonsense: float) -> None:
    with pytest.raises(ValueError, match="frames_every must be above 0"):
        kdcore.train(experiment(Arm("hard")), frames_every=nonsense)


def test_frames_by_the_clock_leave_most_of_the_time_to_training() -> None:
    whole = experiment(*ARMS, steps=400)
    training = Training(whole, frames_every=0.001)
    looking, make = 0.0, training.observer.frame

    def timed(*given: Any, **more: Any) -> Frame:
        nonlocal looking
        start = time.perf_counter()
        frame = make(*given, **more)
        looking += time.perf_counter() - start
        return frame

    training.observer.frame = timed  # type: ignore[method-assign]
    start = time.perf_counter()
    frames = list(training)
    assert looking < 0.4 * (time.perf_counter() - start), "a tenth is meant; a busy machine measures badly"
    assert len(frames) >= 3


def test_a_frame_stays_what_it_was() -> None:
    commands = replay([setting(5, "alpha", 0.25), setting(5, "learning_rate", 0.5)])
    first, *_ = frames = list(kdcore.train(experiment(*ARMS), commands=commands, frames_every=1))
    assert first.knobs["weight"].tolist() == pytest.approx([0.9, 0.9, 0.0])
    assert first.knobs["learning_rate"].tolist() == pytest.approx([0.003] * 3)
    kept = copy.deepcopy(frames[3].scalars)
    assert all((kept[name] == frames[3].scalars[name]).sum() == (kept[name] == kept[name]).sum() for name in kept)


def test_stop_ends_the_run_with_a_last_frame_of_everything() -> None:
    frames = list(kdcore.train(experiment(*ARMS), commands=replay([Command("stop", step=7)]), frames_every=100))
    assert [frame.step for frame in frames] == [0, 7]
    assert frames[-1].steps == 20
    assert frames[-1].test_logits is not None


def test_other_commands_mean_nothing_to_the_loop() -> None:
    others = [
        Command(kind, step=4, value=value)
        for kind, value in (("pause", None), ("resume", None), ("step", None), ("pace", "slow"), ("stop_at", 5.0))
    ]
    with_them = trained(experiment(*ARMS), commands=replay(others))
    assert with_them.step == 20
    assert same(states(with_them), states(trained(experiment(*ARMS))))


def test_show_changes_who_is_drawn_and_nothing_else() -> None:
    commands = replay([Command("show", value=2.0, step=4), Command("show", value=99.0, step=6)])
    frames = list(kdcore.train(experiment(*ARMS), commands=commands, frames_every=1))
    shown = [frame.shown.seed for frame in frames if frame.shown]
    assert shown == [0] * 5 + [2] * 16


def test_a_command_that_cannot_act_ends_in_a_sentence() -> None:
    commands = replay([setting(2, "temperature", 1000)])
    with pytest.raises(ValueError, match=r"temperature must lie in \[0.25, 64\]; got 1000"):
        list(kdcore.train(experiment(*ARMS), commands=commands))


def test_a_source_that_waits_holds_the_run() -> None:
    asked: list[int] = []

    def ask(step: int) -> list[Command]:
        asked.append(step)
        return []

    frames = kdcore.train(experiment(*ARMS), commands=ask, frames_every=1)
    assert asked == []
    next(frames)
    assert asked == []
    next(frames)
    assert asked == [0]


# What a frame says is true.


@pytest.fixture(scope="module")
def training() -> Training:
    arms = (Arm("hinton", temperature=3.0, alpha=0.7), Arm("hinton", name="soft", alpha=1.0), Arm("hard"))
    return trained(experiment(*arms, transfer=Transfer(n=40, labels=30), steps=30))


@pytest.fixture(scope="module")
def last(training: Training) -> Frame:
    return training.observer.frame(30, last=True)


def test_accuracies_are_those_of_the_members_asked_one_by_one(training: Training, last: Frame) -> None:
    data = training.prepared.dataset
    for member in range(9):
        arm, seed = divmod(member, 3)
        network = training.cohort.students.member(member)
        for name, ids in (("accuracy", data.test), ("validation_accuracy", data.validation)):
            right = network(data.inputs[ids]).logits.argmax(-1) == data.labels[ids]
            assert last.scalars[name][arm, seed] == pytest.approx(float(right.float().mean()))
        heard = training.prepared.transfer_set
        told = heard.labels[seed] >= 0
        right = network(data.inputs[heard.ids[seed]]).logits.argmax(-1) == heard.labels[seed]
        assert last.scalars["train_accuracy"][arm, seed] == pytest.approx(float(right[told].float().mean()))


def test_fidelity_is_to_the_teacher_of_the_experiment(training: Training, last: Frame) -> None:
    data, said = training.prepared.dataset, training.prepared.answers[TEACHER].signal.logits
    logits = training.cohort.students.member(0)(data.inputs[data.test]).logits
    theirs = said[data.test]
    expected = functional.kl_div(logits.log_softmax(-1), theirs.softmax(-1), reduction="batchmean")
    assert last.scalars["kl"][0, 0] == pytest.approx(float(expected), rel=1e-4)
    agreed = (logits.argmax(-1) == theirs.argmax(-1)).float().mean()
    assert last.scalars["agreement"][0, 0] == pytest.approx(float(agreed))
    entropy = torch.distributions.Categorical(logits=logits).entropy().mean()
    assert last.scalars["entropy"][0, 0] == pytest.approx(float(entropy), rel=1e-4)


def test_losses_and_their_ratio_at_the_logits_are_the_closed_forms(training: Training, last: Frame) -> None:
    data, said = training.prepared.dataset, training.prepared.answers[TEACHER].signal.logits
    ids, labels = training.prepared.transfer_set.batch(30)
    for seed in range(3):
        teacher = said[ids[seed]]
        heard = labels[seed] >= 0
        for arm, (temperature, alpha) in enumerate([(3.0, 0.7), (4.0, 1.0)]):
            logits = training.cohort.students.member(3 * arm + seed)(data.inputs[ids[seed]]).logits
            target = functional.one_hot(labels[seed].clamp_min(0), 10)
            hard = (logits.softmax(-1) - target)[heard] / heard.sum()
            soft = temperature * ((logits / temperature).softmax(-1) - (teacher / temperature).softmax(-1)) / 40
            expected = alpha * soft.norm() / ((1 - alpha) * hard.norm()) if alpha < 1 else torch.tensor(torch.inf)
            assert last.scalars["gradient_ratio"][arm, seed] == pytest.approx(float(expected), rel=1e-3)
            loss = functional.cross_entropy(logits, labels[seed], ignore_index=-1)
            assert last.scalars["hard_loss"][arm, seed] == pytest.approx(float(loss), rel=1e-4)
            kl = functional.kl_div(
                (logits / temperature).log_softmax(-1), (teacher / temperature).softmax(-1), reduction="batchmean"
            )
            assert last.scalars["soft_loss"][arm, seed] == pytest.approx(float(temperature**2 * kl), rel=1e-3)


def test_what_is_shown_is_what_the_shown_members_say(training: Training, last: Frame) -> None:
    stage, shown, data = training.stage(), last.shown, training.prepared.dataset
    assert shown is not None and last.test_logits is not None
    pictures = data.inputs[torch.from_numpy(stage.ids[shown.rows])]
    for arm in range(3):
        logits = training.cohort.students.member(3 * arm)(pictures).logits.detach().numpy()
        np.testing.assert_allclose(shown.logits[arm], logits, atol=1e-4)
    assert shown.logits.dtype == np.float32 and shown.features.dtype == np.float16
    probes = len(stage.probe_rows)
    assert shown.features.shape == (3, probes, 16)
    assert shown.rows[:probes].tolist() == stage.probe_rows.tolist()
    assert shown.rows[probes:].tolist() == stage.transfer_rows[0].tolist()
    np.testing.assert_allclose(last.test_logits[:, 0, :probes], shown.logits[:, :probes], atol=1e-4)
    np.testing.assert_allclose(shown.batch_hard.mean(1), last.scalars["hard_loss"][:, 0], rtol=1e-4)
    np.testing.assert_allclose(shown.batch_soft.mean(1), last.scalars["soft_loss"][:, 0], rtol=1e-4)
    assert sorted(stage.ids[shown.batch_rows]) == sorted(training.prepared.transfer_set.ids[0].tolist())


def test_the_stage_holds_what_each_seed_hears_and_what_the_teacher_says(training: Training) -> None:
    stage, heard = training.stage(), training.prepared.transfer_set
    data, said = training.prepared.dataset, training.prepared.answers[TEACHER].signal.logits
    ids = torch.from_numpy(stage.ids)
    assert len(ids.unique()) == len(ids)
    assert torch.equal(torch.from_numpy(stage.labels), data.labels[ids])
    np.testing.assert_allclose(stage.teacher_logits, said[ids].numpy())
    assert stage.pictures is not None and stage.pictures.dtype == np.uint8
    np.testing.assert_allclose(stage.pictures / 255, data.inputs[ids][:, 0].numpy(), atol=0.5 / 255)
    assert torch.equal(ids[torch.from_numpy(stage.transfer_rows).long()], heard.ids)
    assert torch.equal(torch.from_numpy(stage.transfer_labels), heard.labels)
    assert stage.transfer_size == 40
    assert (stage.teacher_name, stage.student_name) == ("MLP 24-16", "MLP 12")
    accuracy = (said[data.test].argmax(-1) == data.labels[data.test]).float().mean()
    assert stage.teacher_scalars["accuracy"] == pytest.approx(float(accuracy))


def test_two_dimensional_data_come_with_a_decision_surface() -> None:
    quick = TEACHER.model_copy(update={"steps": 50})
    training = Training(experiment(dataset="spirals", teacher=quick, transfer=Transfer(per_class=4), steps=2))
    stage, shown = training.stage(), training.observer.frame(0).shown
    assert stage.pictures is None and stage.points is not None and stage.points.shape[1] == 2
    assert shown is not None and shown.surface is not None and stage.grid is not None
    assert stage.grid_teacher is not None
    assert shown.surface.shape == (2, *stage.grid_teacher.shape) == (2, len(stage.grid), 5)


def test_more_than_sixteen_arms_give_scalars_only() -> None:
    arms = [Arm("hinton", name=str(i)) for i in range(17)]
    last = [*kdcore.train(experiment(*arms, seeds=1, steps=2))][-1]
    assert last.shown is None
    assert last.scalars["accuracy"].shape == (17, 1)


# What the students hear.


def test_without_any_label_the_control_learns_nothing() -> None:
    training = Training(experiment(Arm("hinton", alpha=1.0), Arm("hard"), transfer=Transfer(per_class=3, labels=0)))
    start = weights_of(training, "hard")
    for _ in training:
        pass
    assert same(weights_of(training, "hard"), start)
    assert not same(weights_of(training, "hinton"), start)


def test_withheld_labels_do_not_change_what_the_soft_part_says() -> None:
    soft = (Arm("hinton", alpha=1.0),)
    every, none = (trained(experiment(*soft, transfer=Transfer(n=50, labels=kept))) for kept in (50, 0))
    assert same(weights_of(every, "hinton"), weights_of(none, "hinton"))


def test_two_runs_of_the_same_preparation_are_the_same() -> None:
    whole = experiment(*ARMS)
    prepared = prepare(whole)
    assert same(states(trained(whole, prepared=prepared)), states(trained(whole)))


def test_epochs_count_the_transfer_set() -> None:
    whole = Experiment(arms=(Arm("hard"),), teacher=TEACHER, transfer=Transfer(omit=tuple(range(8))), epochs=2, seeds=1)
    training = trained(whole)
    count = training.prepared.transfer_set.size
    assert 140 < count < 260
    assert training.step == 2 * -(-count // 64)
