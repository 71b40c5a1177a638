"""Programmes that change what is seen: mixtures, inputs that climb, inputs that are condensed."""

from __future__ import annotations

import torch
from torch import Tensor

from kdcore import Arm, Signal
from kdcore.groups import Batch, Group
from kdcore.programmes import condensed as condensation
from kdcore.signal import entropy, log_soft_labels
from kdcore.training import Training
from tests.small import TEACHER, experiment, trained, weights_of


def group_of(training: Training, method: str) -> Group:
    return next(group for group in training.cohort.groups if group.method.name == method)


def seen(training: Training, method: str, step: int = 0, progress: float = 0.0) -> tuple[Batch, Tensor, Tensor]:
    """A batch, with what the arms of a method meet in it: inputs and labels `[arm, seed, batch, ...]`."""
    batch = training.cohort.batch(step, progress)
    return batch, *group_of(training, method).seen(batch)


def test_mixtures_are_what_both_networks_are_asked_about() -> None:
    training = Training(experiment(Arm("patient"), Arm("hinton")))
    batch, inputs, labels = seen(training, "patient")
    assert (labels == -1).all() and not torch.equal(inputs[0], batch.inputs)
    group = group_of(training, "patient")
    student, teacher = group.views(training.cohort.answer(batch), batch)
    network = training.prepared.answers[TEACHER].network
    assert network is not None
    with torch.no_grad():
        torch.testing.assert_close(teacher.logits, network(inputs.flatten(0, 2)).logits.unflatten(0, inputs.shape[:3]))
        ours = training.cohort.students.member(1)(inputs[0, 1]).logits
    torch.testing.assert_close(student.logits[0, 1], ours)
    plain = group_of(training, "hinton")
    _, told = plain.views(training.cohort.answer(batch), batch)
    assert torch.equal(told.logits, training.prepared.answers[TEACHER].signal.logits[batch.ids]), (
        "others hear as before"
    )
    assert torch.equal(plain.seen(batch)[1], batch.labels)


def test_a_mixture_lies_between_two_inputs_of_its_batch_and_is_drawn_anew() -> None:
    training = Training(experiment(Arm("patient")))
    batch, first, _ = seen(training, "patient", 0)
    _, second, _ = seen(training, "patient", 1)
    assert not torch.equal(first, second)
    assert torch.equal(first, seen(training, "patient", 0)[1])
    flat, mixed = batch.inputs[0].flatten(1), first[0, 0].flatten(1)
    for number in range(30):
        gaps = []
        for other in range(30):
            pair = torch.stack([flat[number], flat[other]], 1)
            share = torch.linalg.lstsq(pair, mixed[number]).solution if other != number else torch.tensor([0.5, 0.5])
            gaps.append(float((pair @ share - mixed[number]).abs().max()))
        assert min(gaps) < 1e-4, "of two inputs, its own and another one"


def test_half_of_the_batch_climbs_the_gap_and_loses_its_labels() -> None:
    training = trained(experiment(Arm("ascent"), Arm("ascent_random"), Arm("hinton"), steps=30))
    network = training.prepared.answers[TEACHER].network
    assert network is not None

    def gaps(inputs: Tensor, arm: int) -> Tensor:
        own = weights_of(training, training.cohort.arms[arm].name)
        with torch.no_grad():
            theirs = network(inputs.flatten(0, 1)).logits.unflatten(0, inputs.shape[:2])
            ours = training.cohort.students(inputs, weights=own).logits
        gap: Tensor = (theirs - ours).square().sum(-1)
        return gap

    grown = {}
    for place, name in enumerate(("ascent", "ascent_random")):
        batch, inputs, labels = seen(training, name, 30, 1.0)
        moved = (inputs != batch.inputs).flatten(3).any(-1)
        assert torch.equal(moved, labels == -1)
        assert (moved.sum(-1) == 15).all()
        assert torch.equal(labels[~moved], batch.labels.expand_as(labels)[~moved])
        assert inputs.min() >= 0 and inputs.max() <= 1
        far = (inputs - batch.inputs).flatten(3).norm(dim=-1)
        assert (far <= 0.2001 * batch.inputs.flatten(2).norm(dim=-1)).all(), "four strides of a twentieth"
        before, after = gaps(batch.inputs, place), gaps(inputs[0], place)
        grown[name] = float((after - before)[moved[0]].mean())
        if name == "ascent":
            assert ((after > before)[moved[0]]).float().mean() > 0.9
    assert grown["ascent"] > 3 * abs(grown["ascent_random"])


def test_whoever_climbs_is_drawn_anew_at_every_step() -> None:
    training = Training(experiment(Arm("ascent")))
    chosen = torch.stack([seen(training, "ascent", step)[2][0, 0] == -1 for step in range(12)])
    assert chosen.any(0).all() and not chosen.all(0).any(), "each is sometimes labelled and sometimes moved"


def test_nothing_is_condensed_at_first_and_in_the_end_three_tenths_are() -> None:
    training = Training(experiment(Arm("condensed"), Arm("condensed_random")))
    for name in ("condensed", "condensed_random"):
        batch, inputs, labels = seen(training, name, 0, 0.0)
        assert torch.equal(inputs[0], batch.inputs) and torch.equal(labels[0], batch.labels)
        counts = []
        for progress in (0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0):
            _, inputs, labels = seen(training, name, 0, progress)
            counts.append(int((labels[0, 0] == -1).sum()))
            distinct = len(inputs[0, 0].flatten(1).unique(dim=0))
            assert distinct == 30 - counts[-1]
        assert counts == [1, 3, 4, 6, 7, 9, 9]


def test_what_tells_least_is_dropped_into_what_tells_little() -> None:
    training = Training(experiment(Arm("condensed")))
    batch, inputs, labels = seen(training, "condensed", 0, 1.0)
    data, answers = training.prepared.dataset, training.prepared.answers[TEACHER]
    worth = entropy(log_soft_labels(answers.signal.logits))
    for seed in range(3):
        ids = batch.ids[seed]
        order = worth[ids].argsort(stable=True)
        dropped, partners, others = order[:9], order[9:18], order[18:]
        assert (labels[0, seed, dropped] == -1).all()
        assert torch.equal(labels[0, seed, order[9:]], batch.labels[seed, order[9:]])
        assert torch.equal(inputs[0, seed, others], batch.inputs[seed, others])
        for number, (out, into) in enumerate(zip(dropped, partners, strict=True)):
            share = 1 - 0.3 * number / 8
            mixture = share * data.inputs[ids[into]] + (1 - share) * data.inputs[ids[out]]
            torch.testing.assert_close(inputs[0, seed, out], mixture)
            torch.testing.assert_close(inputs[0, seed, into], mixture)


def test_in_small_batches_the_same_inputs_are_condensed() -> None:
    whole, cut = (Training(experiment(Arm("condensed"), batch_size=size)) for size in (64, 7))
    batch, inputs, labels = seen(whole, "condensed", 0, 1.0)
    known = {int(i): (x, int(y)) for i, x, y in zip(batch.ids[0], inputs[0, 0], labels[0, 0], strict=True)}
    met = set()
    for step in range(5):
        batch, inputs, labels = seen(cut, "condensed", step, 1.0)
        for number, there, label in zip(batch.ids[0], inputs[0, 0], labels[0, 0], strict=True):
            torch.testing.assert_close(there, known[int(number)][0])
            assert int(label) == known[int(number)][1]
            met.add(int(number))
    assert met == set(known)
    assert condensation.luck(Signal(torch.zeros(5, 2)), torch.zeros(5)).shape == (5,)
