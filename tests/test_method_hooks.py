"""Toy methods for everything by which a method may change what its students see, say or learn; none needs the loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import kdcore
from kdcore import Arm, Network, Signal, Transfer, asking
from kdcore.methods import Terms, method
from kdcore.methods.declaration import Shapes
from kdcore.runs import weights
from kdcore.signal import kl_divergence, log_soft_labels
from kdcore.training import Training
from tests.small import experiment, known, same, trained, weights_of

seen: list[Any] = []


def soft(student: Tensor, teacher: Tensor) -> Tensor:
    divergence: Tensor = kl_divergence(log_soft_labels(teacher), log_soft_labels(student))
    return divergence


def wider_head(student: Shapes, teacher: Shapes) -> nn.Module:
    return nn.Linear(list(student.values())[-2][0], 3 * student["logits"][0])


def folded(scores: Tensor) -> Tensor:
    """Three subclasses of every class, as logits of the classes."""
    together: Tensor = scores.unflatten(-1, (-1, 3)).logsumexp(-1)
    return together


def speaks(student: Signal, *, side: Any, prepared: Any) -> Tensor:
    said: Tensor = folded(side(student.penultimate)) + prepared
    return said


@method(
    needs=("logits", "penultimate"),
    alpha=1.0,
    side=wider_head,
    answer=speaks,
    prepare=lambda teacher, labels: teacher.logits.mean(0) * 0,
)
def subclasses(student: Signal, teacher: Signal, labels: Tensor, *, side: Any, prepared: Any) -> Terms:
    """The student speaks with another head than its own, three times as wide."""
    seen.append(student.logits.detach())
    return {"soft": soft(folded(side(student.penultimate)), teacher.logits)}


def halved(inputs: Tensor, labels: Tensor, look: Any) -> tuple[Tensor, Tensor]:
    """Half as bright, and without a label."""
    seen.append((inputs.shape, labels.shape, look))
    return inputs / 2, torch.full_like(labels, -1)


@method(needs=("logits",), alpha=0.5, view=halved)
def dim(student: Signal, teacher: Signal, labels: Tensor, *, inputs: Tensor) -> Terms:
    """Sees the pictures at half their brightness; its teacher is asked about those."""
    seen.append((labels, inputs, teacher.logits))
    return {"soft": soft(student.logits, teacher.logits)}


def climbed(inputs: Tensor, labels: Tensor, look: Any) -> tuple[Tensor, Tensor]:
    inputs = inputs.detach().requires_grad_()
    with torch.enable_grad():
        gap = (look.student(inputs).logits - look.teacher(inputs).logits).square().sum()
        slope = torch.autograd.grad(gap, inputs)[0]
    seen.append({"before": float(gap.detach()), "slope": slope})
    return inputs + 0.01 * slope.sign(), labels


@method(needs=("logits",), alpha=1.0, view=climbed)
def uphill(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Moves its inputs towards where both differ."""
    seen.append({"after": float((student.logits - teacher.logits).detach().square().sum())})
    return {"soft": soft(student.logits, teacher.logits)}


def first_then_rest(progress: float, blocks: int) -> Collection[int]:
    return {0} if progress < 0.5 else set(range(1, blocks))


@method(needs=("logits",), alpha=1.0, trains=first_then_rest)
def in_turn(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """The first block learns alone, then all others."""
    return {"soft": soft(student.logits, teacher.logits)}


class Peer(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.network(inputs).logits
        return logits


def peer(student: Shapes, teacher: Shapes, make_student: Any) -> nn.Module:
    return Peer(make_student())


@method(needs=("logits",), side=peer)
def together(student: Signal, teacher: Signal, labels: Tensor, *, side: Any, inputs: Tensor, members: Tensor) -> Terms:
    """Learns from another student that learns from it."""
    theirs = side(inputs)
    seen.append((theirs.detach(), members))
    return {"peer": soft(student.logits, theirs.detach()), "back": soft(theirs, student.logits.detach())}


@method(needs=("logits",))
def either(
    student: Signal, teacher: Signal, labels: Tensor, *, variant: Literal["paper", "released code"] = "paper"
) -> Terms:
    """A choice between two readings of the same paper."""
    seen.append((variant, len(student.logits)))
    return {"soft": soft(student.logits, teacher.logits)}


def same_width(student: Shapes, teacher: Shapes) -> str | None:
    ours, theirs = list(student.values())[-1], list(teacher.values())[-1]
    return None if ours == theirs else f"{ours} against {theirs}; equal widths would help"


@method(needs=("penultimate",), fits=same_width)
def unadapted(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Layers of the same width only."""
    return {"gap": (student.penultimate - teacher.penultimate).square().mean(-1)}


@method(needs=("logits",), least_batch=2, least_classes=3)
def in_company(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Compares examples, and classes that are not the label."""
    return {"soft": soft(student.logits, teacher.logits)}


TOYS = (subclasses, dim, uphill, in_turn, together, either, unadapted, in_company)


@pytest.fixture(autouse=True)
def toys() -> Iterator[None]:
    seen.clear()
    with known(*TOYS):
        yield


def with_control(*names: str, **fields: Any) -> kdcore.Experiment:
    return experiment(*(Arm(name) for name in names), Arm("hinton"), Arm("hard"), **fields)


@pytest.mark.parametrize("name", ["subclasses", "dim", "uphill", "in_turn", "together"])
def test_no_hook_changes_any_other_arm(name: str) -> None:
    alone, beside = trained(with_control(steps=12)), trained(with_control(name, steps=12))
    for arm in ("hinton", "hard"):
        ours, theirs = weights_of(alone, arm), weights_of(beside, arm)
        assert ours.keys() == theirs.keys()
        assert all(torch.allclose(ours[n], theirs[n], atol=1e-6) for n in ours), "up to how the products are batched"


@pytest.mark.parametrize("toy", TOYS[:6], ids=lambda toy: toy.name)
def test_every_hook_is_taken_up_again_bit_for_bit(toy: kdcore.methods.Method) -> None:
    whole = trained(with_control(toy.name, steps=20))
    first = Training(with_control(toy.name, steps=20), frames_every=lambda step: step == 10)
    frames = iter(first)
    next(frames), next(frames)
    kept = {name: value.clone() for name, value in first.state().items()}
    second = Training(with_control(toy.name, steps=20), frames_every=10**9)
    second.load(kept, 10)
    list(second)
    assert same(weights_of(whole, toy.name), weights_of(second, toy.name))


def test_a_student_that_speaks_with_another_head_is_measured_by_what_it_says() -> None:
    training = Training(with_control("subclasses", steps=150, learning_rate=0.01), frames_every=10**9)
    *_, last = training
    cohort, data = training.cohort, training.prepared.dataset
    (group,) = (group for group in cohort.groups if group.method.name == "subclasses")
    inputs = data.inputs[data.test]
    with torch.no_grad():
        features = cohort.students(inputs, shared=True).penultimate.unflatten(0, cohort.leading)[:1]
        said = folded(group.side(features))
    expected = (said.argmax(-1) == data.labels[data.test]).float().mean(-1).numpy()
    assert last.scalars["accuracy"][0] == pytest.approx(expected[0], abs=1e-6)
    assert expected.mean() > 0.5
    assert torch.equal(cohort.students.weights["head.weight"][0], cohort._initial["head.weight"][0]), "its own is idle"
    with torch.no_grad():
        one, all_of_them = cohort.opinions(inputs, seed=1).logits, cohort.opinions(inputs).logits[:, 1]
    assert torch.allclose(one, all_of_them, atol=1e-5)
    assert last.shown is not None
    rows = training.scene.ids[training.scene.rows_shown(cohort.seeds[0])]
    with torch.no_grad():
        probes = cohort.opinions(data.inputs[rows], seed=0).logits
    assert np.allclose(last.shown.logits, probes, atol=1e-5)


def test_its_head_is_kept_and_asked_about_new_pictures(tmp_path: Path) -> None:
    training = trained(with_control("subclasses", steps=30))
    weights.save(tmp_path, "run", 30, training.state())
    inputs = training.prepared.dataset.inputs[:7]
    answered = asking.students(tmp_path, "run", training.prepared.experiment, inputs.numpy())
    assert answered is not None
    with torch.no_grad():
        said = training.cohort.opinions(inputs).logits
    assert np.allclose(answered["subclasses"], said[0], atol=1e-5)
    assert np.allclose(answered["hard"], said[-1], atol=1e-5)


def test_a_view_shows_its_arm_alone_other_inputs_and_labels() -> None:
    training = Training(with_control("dim", steps=3), frames_every=10**9)
    batch = training.cohort.batch(0, 0.0)
    inputs, labels = training.cohort.inputs(batch), training.cohort.labels(batch)
    assert torch.equal(inputs[0], batch.inputs / 2)
    assert torch.equal(inputs[1], batch.inputs)
    assert (labels[0] == -1).all()
    assert torch.equal(labels[2], batch.labels)
    training.cohort.terms(training.cohort.answer(batch), batch)
    told, shown, teacher = seen[-1]
    assert (told == -1).all()
    assert torch.equal(shown, inputs[:1])
    answers = training.prepared.answers[training.prepared.experiment.teacher]
    assert answers.network is not None
    with torch.no_grad():
        asked = answers.network((batch.inputs / 2).flatten(0, 1)).logits
    assert torch.allclose(teacher.flatten(0, 2), asked, atol=1e-5), "the teacher is asked about what the student sees"


def test_a_view_may_climb_the_gap_between_both() -> None:
    training = Training(with_control("uphill", steps=3), frames_every=10**9)
    batch = training.cohort.batch(0, 0.0)
    training.cohort.terms(training.cohort.answer(batch), batch)
    climb, felt = seen[-2:]
    assert felt["after"] > climb["before"] * 1.01
    assert climb["slope"].shape == (1, *batch.inputs.shape)


def test_blocks_that_are_not_trained_stand_still_bit_for_bit() -> None:
    training = Training(
        with_control("in_turn", steps=20, student=Network("mlp", widths=(12, 12))), frames_every=lambda step: step == 10
    )
    initial = {n: w[:2].clone() for n, w in training.cohort._initial.items()}
    frames = iter(training)
    next(frames), next(frames)
    halfway = {n: w.detach()[:2].clone() for n, w in training.cohort.students.weights.items()}
    list(frames)
    end = {n: w.detach()[:2] for n, w in training.cohort.students.weights.items()}
    for name in initial:
        in_first = name.startswith("hidden.0")
        assert torch.equal(initial[name], halfway[name]) is not in_first
        assert torch.equal(halfway[name], end[name]) is in_first


def test_a_peer_is_another_student_of_the_same_kind_that_learns_too() -> None:
    training = trained(with_control("together", steps=40))
    (group,) = (group for group in training.cohort.groups if group.method.name == "together")
    shapes = {name.removeprefix("network."): tuple(weight.shape) for name, weight in group.side.weights.items()}
    students = {n: (3, *w.shape[1:]) for n, w in training.cohort.students.weights.items()}
    assert shapes == students
    assert not torch.equal(group.side.weights["network.head.weight"][0], training.cohort._initial["head.weight"][0])
    first, members = seen[0]
    assert not torch.equal(first, seen[-1][0]), "it learns"
    assert members.shape == (1, 3, *first.shape[2:]), "the only member of this teacher is itself"


def test_a_choice_is_checked_kept_and_groups_its_arms() -> None:
    arms = (Arm("either"), Arm("either", name="code", variant="released code"))
    both = experiment(*arms, Arm("hard"), steps=2)
    assert kdcore.Experiment(**both.model_dump()) == both
    assert kdcore.Experiment.model_validate_json(both.model_dump_json()) == both
    trained(both)
    assert ("paper", 1) in seen
    assert ("released code", 1) in seen
    with pytest.raises(ValidationError, match="variant must be one of paper, released code; got 'blog'"):
        Arm("either", variant="blog")


@pytest.mark.parametrize(
    ("method_name", "fields", "sentence"),
    [
        ("unadapted", {}, r"unadapted cannot pair MLP 12 with MLP 24-16: \(12,\) against \(16,\); equal widths"),
        ("in_company", {"transfer": Transfer(n=31), "batch_size": 10}, "leave a batch of 1"),
        ("in_company", {"batch_size": 1}, "compares examples of a batch and needs at least 2"),
    ],
)
def test_what_cannot_work_is_said_before_anything_is_trained(
    method_name: str, fields: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValidationError, match=sentence):
        experiment(Arm(method_name), **fields)
    experiment(Arm("hinton"), **fields)


def test_too_few_classes_are_said_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    few = dataclasses.replace(kdcore.datasets.facts("spirals"), classes=("0", "1"))
    monkeypatch.setattr("kdcore.datasets.facts", lambda name: few)
    with pytest.raises(ValidationError, match="in_company needs at least 3 classes; spirals has 2"):
        experiment(Arm("in_company"), dataset="spirals")
