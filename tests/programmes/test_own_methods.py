"""The methods that programmes bring along do what they say: on whom gradients act, what is seen, who stands still."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from kdcore import Arm, Network, Signal, Teacher, methods, teachers
from kdcore.groups import Group
from kdcore.programmes import stagewise as stages
from kdcore.signal import entropy, kl_divergence, log_soft_labels
from kdcore.training import Training
from tests.small import TEACHER, experiment, trained, weights_of

SECOND = TEACHER.model_copy(update={"seed": 1})
BOTH = Teacher(members=(TEACHER, SECOND))


def group_of(training: Training, method: str) -> Group:
    return next(group for group in training.cohort.groups if group.method.name == method)


def numbers(*shape: int, seed: int = 0) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def student_accuracy(training: Training, logits: Tensor) -> Tensor:
    data = training.prepared.dataset
    return (logits.argmax(-1) == data.labels[data.test]).float().mean(-1)


# Early stopping of distillation.


def test_until_it_stops_listening_a_student_is_as_any_other() -> None:
    whole = experiment(Arm("hinton"), Arm("early_stopped", until=0.5))
    training = Training(whole, frames_every=1)
    for frame in training:
        if frame.step == 10:
            break
    heard, stopped = (weights_of(training, arm) for arm in ("hinton", "early_stopped"))
    assert all(torch.equal(heard[name], stopped[name]) for name in heard)
    batch = training.cohort.batch(10, 0.5)
    terms = {g.method.name: t for g, t in training.cohort.terms(training.cohort.answer(batch), batch)}
    assert not terms["early_stopped"]["soft"].any() and terms["hinton"]["soft"].all()


# A teacher for each example.


def test_the_sure_hear_the_large_teacher_and_the_unsure_the_small_one() -> None:
    student = Signal(torch.tensor([[30.0, 0, 0], [0, 0, 0], [1, 0.5, 0]], dtype=torch.float64))
    large, small = numbers(3, 3, seed=1), numbers(3, 3, seed=2)
    members = torch.stack([large, small])
    terms = methods.get("dynamic_teacher")(student, Signal(members.mean(0)), torch.zeros(3).long(), members=members)
    unsure = entropy(log_soft_labels(student.logits)) / math.log(3)
    assert unsure[0] < 1e-9 and unsure[1] == pytest.approx(1)
    for name, logits, weight in (("large", large, 1 - unsure), ("small", small, unsure)):
        divergence = kl_divergence(log_soft_labels(logits, 4.0), log_soft_labels(student.logits, 4.0))
        torch.testing.assert_close(terms[name], 16 * weight * divergence)


def test_with_a_hard_choice_the_surer_half_hears_the_large_teacher() -> None:
    student, members = Signal(numbers(2, 7, 4)), numbers(2, 7, 4, seed=3)
    terms = methods.get("dynamic_teacher")(
        student, Signal(members[0]), torch.zeros(7).long(), members=members, choice="hard"
    )
    unsure = entropy(log_soft_labels(student.logits))
    for row in range(2):
        order = unsure[row].argsort()
        assert (terms["large"][row, order[:4]] > 0).all() and not terms["large"][row, order[4:]].any()
        assert (terms["small"][row, order[4:]] > 0).all() and not terms["small"][row, order[:4]].any()


def test_standardised_members_do_not_feel_an_affine_map() -> None:
    student, members = Signal(numbers(6, 4)), numbers(2, 6, 4, seed=3)
    method, labels = methods.get("dynamic_teacher"), torch.zeros(6).long()
    plain, moved = (
        method(student, Signal(each[0]), labels, members=each, standardise=True) for each in (members, 3 * members + 7)
    )
    for name in plain:
        torch.testing.assert_close(plain[name], moved[name], rtol=1e-5, atol=1e-6)


def test_it_hears_both_members_in_the_loop() -> None:
    training = Training(experiment(Arm("dynamic_teacher", teacher=BOTH), Arm("hard")))
    batch = training.cohort.batch(0, 0.0)
    members = group_of(training, "dynamic_teacher")._supplied("members", batch, None)
    for said, teacher in zip(members, BOTH.members, strict=True):
        assert torch.equal(said, teachers.answers(training.prepared.experiment, teacher).signal.logits[batch.ids])


# Peers.


@pytest.fixture(scope="module")
def peers() -> Training:
    return trained(experiment(Arm("mutual"), Arm("hard"), steps=150, learning_rate=0.01))


def peer_weights(training: Training) -> dict[str, Tensor]:
    side = group_of(training, "mutual").side
    return {name.removeprefix("network."): weight.detach().clone() for name, weight in side.weights.items()}


def test_a_peer_is_a_network_like_its_student_from_another_beginning(peers: Training) -> None:
    fresh = Training(peers.prepared.experiment)
    ours, theirs = weights_of(fresh, "mutual"), peer_weights(fresh)
    assert {name: weight.shape for name, weight in ours.items()} == {name: w.shape for name, w in theirs.items()}
    for name in ours:
        assert not torch.equal(ours[name], theirs[name])
    assert len({float(weight[0, 0]) for weight in theirs["hidden.0.weight"]}) == 3, "every seed has its own"


def test_both_peers_learn(peers: Training) -> None:
    data = peers.prepared.dataset
    side, inputs = group_of(peers, "mutual").side, data.inputs[data.test]
    with torch.no_grad():
        theirs = student_accuracy(peers, side(inputs.expand(1, 3, *inputs.shape)))
        ours = student_accuracy(peers, peers.cohort.opinions(inputs).logits[0])
    assert theirs.shape == (1, 3) and theirs.min() > 0.5 and ours.min() > 0.5
    assert not torch.equal(theirs[0], ours)


def test_what_a_peer_hears_moves_the_peer_alone_and_the_other_way_round() -> None:
    class Other:
        def __init__(self, logits: Tensor) -> None:
            self.logits = logits

        def __call__(self, inputs: Tensor) -> Tensor:
            return self.logits

    ours, theirs = numbers(5, 4).requires_grad_(), numbers(5, 4, seed=1).requires_grad_()
    labels = torch.tensor([0, 1, 2, 3, -1])
    terms = methods.get("mutual")(
        Signal(ours), Signal(torch.zeros(1, 0)), labels, side=Other(theirs), inputs=torch.zeros(5, 2), temperature=2.0
    )

    def moved(name: str) -> list[bool]:
        slopes = torch.autograd.grad(terms[name].sum(), (ours, theirs), allow_unused=True, retain_graph=True)
        return [slope is not None and bool(slope.any()) for slope in slopes]

    assert moved("from_peer") == [True, False]
    assert moved("to_peer") == moved("peer_labels") == [False, True]
    expected = 4 * functional.kl_div(
        (ours / 2).log_softmax(-1), (theirs / 2).log_softmax(-1), log_target=True, reduction="none"
    ).sum(-1)
    torch.testing.assert_close(terms["from_peer"], expected)
    heard = functional.cross_entropy(theirs, labels, ignore_index=-1)
    torch.testing.assert_close(terms["peer_labels"].mean(), heard)


# The teacher's adapter.


def test_an_adapter_changes_nothing_before_it_learns_and_the_teacher_never() -> None:
    whole = experiment(Arm("online_adapter"), Arm("hinton"), steps=40)
    training = Training(whole, frames_every=40)
    before = training.prepared.answers[TEACHER].signal.logits.clone()
    batch = training.cohort.batch(0, 0.0)
    terms = {g.method.name: t for g, t in training.cohort.terms(training.cohort.answer(batch), batch)}
    torch.testing.assert_close(terms["online_adapter"]["soft"], terms["hinton"]["soft"])
    start = {
        name: weight.detach().clone() for name, weight in group_of(training, "online_adapter").side.weights.items()
    }
    for _ in training:
        pass
    learnt = group_of(training, "online_adapter").side.weights
    assert all(not torch.equal(learnt[name], weight) for name, weight in start.items())
    assert torch.equal(training.prepared.answers[TEACHER].signal.logits, before)
    assert learnt["down.weight"].shape == (3, 4, 16) and learnt["up.weight"].shape == (3, 10, 4)


def test_pulled_harder_the_teacher_comes_nearer_to_its_student() -> None:
    free, held = (
        trained(experiment(Arm("online_adapter", pull=pull), steps=100, learning_rate=0.01)) for pull in (0.0, 30.0)
    )

    def apart(training: Training) -> float:
        batch = training.cohort.batch(0, 1.0)
        with torch.no_grad():
            ((_, terms),) = training.cohort.terms(training.cohort.answer(batch), batch)
        return float(terms["soft"].mean())

    assert apart(held) < apart(free)


# Stage by stage.

DEEP = Network("mlp", widths=(12, 11, 10))
CONVOLUTIONS = {
    "student": Network("cnn", widths=(3, 4)),
    "teacher": Teacher(network=Network("cnn", widths=(4, 5)), steps=3),
}


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize(
    "fields",
    [{"student": DEEP, "teacher": Teacher(network=Network("mlp", widths=(24, 16, 9)), steps=20)}, CONVOLUTIONS],
    ids=["mlp", "cnn"],
)
def test_blocks_stand_still_before_and_after_their_stage(fields: dict[str, Any], optimizer: str) -> None:
    whole = experiment(Arm("stagewise"), Arm("hard"), steps=24, optimizer=optimizer, **fields)
    training = Training(whole, frames_every=1)
    snapshots = [weights_of(training, "stagewise")]
    for frame in training:
        if frame.step:
            snapshots.append(weights_of(training, "stagewise"))
    layers = len(whole.student.widths)
    for name in snapshots[0]:
        block = next((int(part) for part in name.split(".") if part.isdigit()), layers)
        moved = [not torch.equal(before[name], after[name]) for before, after in pairwise(snapshots)]
        ours = [stages.learning(step / 24, layers + 1) == (block,) for step in range(24)]
        assert moved == ours, f"{name} moves in its own stage alone"


def test_each_stage_matches_its_own_layer_and_the_last_one_hears_labels() -> None:
    layers = {"hidden1": numbers(2, 6, 5), "hidden2": numbers(2, 6, 5, seed=1)}
    student = Signal(numbers(2, 6, 4), layers)
    teacher = Signal(numbers(6, 4, seed=2), {name: numbers(6, 5, seed=9) for name in layers})
    labels = torch.randint(0, 4, (6,))
    for progress, name in ((0.0, "hidden1"), (0.32, "hidden1"), (0.34, "hidden2"), (0.66, "hidden2")):
        terms = methods.get("stagewise")(student, teacher, labels, progress=progress)
        assert not terms["labels"].any() and not terms["soft"].any()
        torch.testing.assert_close(terms["layer"], (layers[name] - teacher.features[name]).square().mean(-1))
    terms = methods.get("stagewise")(student, teacher, labels, progress=0.67)
    assert not terms["layer"].any() and not terms["soft"].any()
    torch.testing.assert_close(methods.total(terms)[0], functional.cross_entropy(student.logits[0], labels))


def test_a_pooled_layer_shares_the_stage_of_its_maps() -> None:
    layers = {"block1": numbers(6, 5), "block2": numbers(6, 4, seed=1), "pooled": numbers(6, 4, seed=1)}
    still = {name: torch.zeros_like(layer) for name, layer in layers.items()}
    student, teacher = Signal(numbers(6, 3), layers), Signal(numbers(6, 3), still)
    terms = methods.get("stagewise")(student, teacher, torch.zeros(6).long(), progress=0.4)
    torch.testing.assert_close(terms["layer"], 2 * layers["pooled"].square().mean(-1))


def test_the_body_comes_to_say_what_the_teachers_says() -> None:
    whole = experiment(Arm("stagewise"), student=Network("mlp", widths=(24,)), steps=120, learning_rate=0.01)
    training = Training(whole, frames_every=lambda step: step in (1, 80))
    losses = {frame.step: float(frame.scalars["soft_loss"].mean()) for frame in training}
    early = training.cohort.batch(0, 0.0)
    assert losses[0] > 0 and early.ids.shape == (3, 30)
    with torch.no_grad():
        ((_, terms),) = training.cohort.terms(training.cohort.answer(early), early)
    assert float(terms["layer"].mean()) < losses[0] / 2
