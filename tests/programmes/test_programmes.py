"""Every programme is raced in one run against plain distillation and the control, and says why where it cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import kdcore
from kdcore import Arm, Experiment, Network, Teacher, Transfer, methods, programmes
from kdcore.datasets import own
from kdcore.experiment import Command, reasons
from kdcore.training import Training, replay
from tests.own import arrays, npz
from tests.small import TEACHER, experiment, same, trained, weights_of

NAMES = [
    "ascent",
    "born_again",
    "chain",
    "condensed",
    "dynamic_teacher",
    "early_stopped",
    "ensemble",
    "mutual",
    "online_adapter",
    "patient",
    "self",
    "solo",
    "stagewise",
]
every_programme = pytest.mark.parametrize("name", NAMES)
adding = pytest.mark.parametrize("name", [name for name in NAMES if name != "solo"])


def race(name: str, **fields: Any) -> Experiment:
    """A quick experiment with a programme, the control and plain distillation in it."""
    arms = (Arm("hinton", temperature=2.0, alpha=0.8),)
    return experiment(*arms, programme=name, **{"seeds": 2, "steps": 12, "control": True, **fields})


def of_ones_own(**given: Any) -> str:
    """A data set with stored logits and six features, by its name."""
    return own.add(npz(arrays(**given)), "mine")


def refused(**fields: Any) -> str:
    with pytest.raises(ValueError) as error:
        Experiment(**fields)
    sentences = reasons(error.value)  # type: ignore[arg-type]
    assert len(sentences) == 1 and len(sentences[0]) < 400
    return sentences[0]


def test_these_are_the_programmes_there_are() -> None:
    assert programmes.names() == NAMES == kdcore.programmes.names()


@every_programme
def test_a_programme_says_what_it_does_and_where_it_is_from(name: str) -> None:
    programme = programmes.get(name)
    assert programme.name == name
    assert programme.about.endswith(".") and programme.source.endswith(".")


def test_methods_of_programmes_are_methods_like_any_other() -> None:
    own = {
        "ascent",
        "condensed",
        "dynamic_teacher",
        "early_stopped",
        "mutual",
        "online_adapter",
        "patient",
        "stagewise",
    }
    assert own <= set(methods.names())
    assert Arm("mutual").name == "mutual"


@adding
def test_it_adds_arms_to_the_control_and_the_plain_one_and_nothing_twice(name: str) -> None:
    whole = race(name)
    names = [arm.name for arm in whole.arms]
    assert names[:2] == ["hinton", "hard"] and len(names) > 2
    assert Experiment(**whole.model_dump()) == whole
    assert Experiment.model_validate_json(whole.model_dump_json()) == whole
    kept = Experiment(**(whole.model_dump() | {"arms": whole.arms[:3], "programme": name}))
    assert [arm.name for arm in kept.arms] == names, "what was taken away is there again, what was there is not doubled"


@adding
def test_where_there_is_no_plain_arm_it_brings_one(name: str) -> None:
    whole = experiment(Arm("smoothed"), programme=name, control=True)
    assert [arm.name for arm in whole.arms][:3] == ["smoothed", "hard", "hinton"]


@adding
def test_its_arms_hear_as_the_plain_one_does(name: str) -> None:
    for arm in race(name).arms[2:]:
        if arm.method in ("mutual", "stagewise", "patient") or arm.name == "opinions alone":
            continue
        assert (arm.knobs["temperature"], arm.weight, arm.hard_weight) == (2.0, 0.8, 0.2), arm.name
        for behind in arm.teacher.lineage if arm.teacher else ():
            assert behind.taught_by is None or behind.lesson_temperature == 2.0


@every_programme
def test_it_trains_really_and_gives_ordinary_frames(name: str) -> None:
    whole = race(name, steps=60, learning_rate=0.01)
    frames = list(kdcore.train(whole, frames_every=30))
    assert [frame.step for frame in frames] == [0, 30, 60]
    last = frames[-1]
    assert last.arms == tuple(arm.name for arm in whole.arms) and last.control == "hard"
    assert not last.stopped.any()
    for measure in ("accuracy", "hard_loss", "soft_loss", "agreement", "kl"):
        assert np.isfinite(last.scalars[measure]).all(), measure
    assert (last.scalars["accuracy"].mean(1) > frames[0].scalars["accuracy"].mean(1) + 0.05).all(), "they all learn"
    assert np.isfinite(last.gain[last.arms[-1]]).all()


@adding
def test_nobody_else_is_changed_by_it(name: str) -> None:
    alone, together = trained(race("solo")), trained(race(name))
    for arm in ("hinton", "hard"):
        for weight, other in zip(weights_of(alone, arm).values(), weights_of(together, arm).values(), strict=True):
            torch.testing.assert_close(other, weight, rtol=0, atol=1e-6)


@adding
def test_a_replay_is_equal_to_the_last_bit_and_so_is_going_on_from_a_state(name: str) -> None:
    whole = race(name)
    change = Command("set", knob="learning_rate", value=0.01, step=5)
    first = trained(whole, commands=replay([change]))
    assert same(first.state(), trained(whole, commands=replay([change])).state())
    half = Training(whole, commands=replay([change]), frames_every=lambda step: step == 7)
    kept = {}
    for frame in half:
        if frame.step == 7:
            kept = {key: value.clone() for key, value in half.state().items()}
            break
    resumed = Training(whole, commands=replay([change]), frames_every=10**9)
    resumed.load(kept, 7)
    for _ in resumed:
        pass
    assert same(resumed.state(), first.state())


@adding
def test_adding_a_seed_changes_no_student_that_was_there(name: str) -> None:
    fewer, more = (trained(race(name, seeds=seeds), dtype=torch.float64) for seeds in ((3,), (3, 8)))
    for arm in race(name).arms:
        # A teacher that is asked in the loop answers in single precision.
        for weight, other in zip(
            weights_of(fewer, arm.name).values(), weights_of(more, arm.name).values(), strict=True
        ):
            torch.testing.assert_close(other[:1], weight, rtol=0, atol=1e-5)


@adding
@pytest.mark.parametrize("dataset", ["digits", "spirals"])
def test_it_works_with_other_networks_and_data(name: str, dataset: str) -> None:
    fields: dict[str, Any] = {"dataset": dataset, "transfer": Transfer(per_class=4), "batch_size": 7, "steps": 4}
    if dataset == "digits":
        teacher = Teacher(network=Network("cnn", widths=(8, 6)), steps=3)
        fields |= {"student": Network("cnn", widths=(3, 4)), "teacher": teacher}
    else:
        fields |= {"teacher": Teacher(network=Network("mlp", widths=(32, 24)), steps=20)}
    frame = list(kdcore.train(race(name, **fields), frames_every=4))[-1]
    assert not frame.stopped.any()


# What cannot be.


def test_an_unknown_programme_is_refused_with_those_there_are() -> None:
    said = refused(programme="osmosis")
    assert "'osmosis'" in said and "born_again, chain" in said


@pytest.mark.parametrize("name", ["chain", "dynamic_teacher"])
def test_without_room_between_teacher_and_student_it_says_so(name: str) -> None:
    said = refused(programme=name, teacher=Network("mlp", widths=(16,)), student=Network("mlp", widths=(64,)))
    assert name in said and "not larger" in said


def test_two_assistants_need_more_room_than_one() -> None:
    names = [arm.name for arm in race("chain").arms]
    assert "one assistant" in names and "untaught assistant" in names
    close = race("chain", teacher=Network("mlp", widths=(14,)), student=Network("mlp", widths=(12,)))
    assert "one assistant" in [arm.name for arm in close.arms]
    assert "two assistants" not in [arm.name for arm in close.arms]


@pytest.mark.parametrize("name", ["stagewise", "online_adapter"])
def test_without_layers_to_pair_it_says_so(name: str) -> None:
    said = refused(programme=name, student=Network("mlp", widths=()))
    assert name in said and "layer" in said


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("chain", "stored logits have no size"),
        ("dynamic_teacher", "stored logits have no"),
        ("early_stopped", "stored logits have none"),
        ("ensemble", "stored logits cannot learn"),
        ("stagewise", "needs the teacher's features"),
        ("online_adapter", "needs the teacher's penultimate"),
        ("ascent", "new inputs"),
        ("condensed", "new inputs"),
        ("patient", "new inputs"),
    ],
)
def test_a_teacher_of_stored_logits_is_refused_where_more_is_asked(name: str, reason: str) -> None:
    assert reason in refused(dataset=of_ones_own(), programme=name, transfer=Transfer(n=12))


@pytest.mark.parametrize("name", ["born_again", "self", "mutual"])
def test_a_teacher_of_stored_logits_does_where_no_more_is_asked(name: str) -> None:
    table = Teacher(network=Network("table"), steps=20)
    whole = Experiment(dataset=of_ones_own(), teacher=table, programme=name, transfer=Transfer(n=12), steps=3, seeds=2)
    assert not list(kdcore.train(whole, frames_every=3))[-1].stopped.any()


def test_an_ensemble_of_an_ensemble_and_an_untrained_teacher_are_refused() -> None:
    both = Teacher(members=(TEACHER, TEACHER.model_copy(update={"seed": 1})))
    assert "an ensemble of 2 already" in refused(programme="ensemble", teacher=both)
    assert "budget of 0" in refused(programme="early_stopped", teacher=Teacher(steps=0))


def test_an_ensemble_may_stop_early_and_stand_at_the_head_of_a_chain() -> None:
    both = Teacher(members=(TEACHER, TEACHER.model_copy(update={"seed": 1})))
    early = race("early_stopped", teacher=both).arms[2].teacher
    assert early is not None and [member.steps for member in early.members] == [9, 9]
    assistant = next(arm.teacher for arm in race("chain", teacher=both).arms if arm.name == "one assistant")
    assert assistant is not None and (assistant.taught_by, assistant.steps) == (both, TEACHER.steps)


def test_with_two_classes_there_is_nothing_to_permute() -> None:
    two = Experiment(dataset=of_ones_own(classes=2), programme="born_again", transfer=Transfer(n=12))
    assert "permuted generation 1" not in [arm.name for arm in two.arms]
    assert "permuted generation 1" in [arm.name for arm in race("born_again").arms]


# Who teaches whom.


def teacher_of(whole: Experiment, arm: str) -> Teacher:
    teacher = next(each.teacher for each in whole.arms if each.name == arm)
    assert teacher is not None
    return teacher


def test_a_chain_goes_from_large_to_small() -> None:
    whole = Experiment(programme="chain")
    assert [t.network.widths for t in teacher_of(whole, "one assistant").lineage] == [(256, 256), (128,)]
    sizes = [sum(t.network.widths) for t in teacher_of(whole, "two assistants").lineage]
    assert len(sizes) == 3 and sizes == sorted(sizes, reverse=True)
    assert teacher_of(whole, "untaught assistant").taught_by is None


def test_generations_are_the_students_own_network_each_from_another_seed() -> None:
    whole = Experiment(programme="born_again")
    third = teacher_of(whole, "generation 3")
    assert [t.network for t in third.lineage] == [whole.student] * 3
    assert [t.seed for t in third.lineage] == [0, 1, 2]
    assert teacher_of(whole, "all generations").members == third.lineage
    assert teacher_of(whole, "generation 1") == teacher_of(Experiment(programme="self"), "self")


def test_an_ensembles_members_differ_in_their_seeds_alone() -> None:
    whole = Experiment(programme="ensemble")
    members = teacher_of(whole, "ensemble").members
    assert members[0] == whole.teacher
    assert [m.model_copy(update={"seed": 0}) for m in members] == [whole.teacher] * 3
    assert len({m.seed for m in members}) == 3


def test_a_teacher_that_stops_early_is_the_same_one_at_an_earlier_step() -> None:
    whole = race("early_stopped")
    early = teacher_of(whole, "teacher 1/2 trained")
    assert early.steps == 75 and early.model_copy(update={"steps": 150}) == TEACHER
    frames = list(kdcore.teachers.train(whole, TEACHER))
    assert frames[-1].step == 150
    training = Training(kdcore.teachers.experiment_of(whole, TEACHER), frames_every=lambda step: step == 75, solo=True)
    halfway = next(frame for frame in training if frame.step == 75)
    right = kdcore.teachers.answers(whole, early).signal.logits
    data = training.prepared.dataset
    accuracy = float((right[data.test].argmax(-1) == data.labels[data.test]).float().mean())
    assert accuracy == pytest.approx(float(halfway.accuracy["hard"][0]))
