"""Partial teachers and pseudo-subclasses, and a short training of every later logit method."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import kdcore
from kdcore import Signal, methods
from kdcore.methods.lelp import SUBCLASSES, projections, summed
from kdcore.training import Training
from tests.methods.batches import Case, at, shapes, squared_kl, temperatures
from tests.small import experiment, trained


@temperatures
@shapes
@pytest.mark.parametrize("part", ["top", "similarity", "instance", "universe", "shuffled"])
def test_each_part_of_the_teacher_is_what_it_says(shape: tuple[int, int], temperature: float, part: str) -> None:
    case = Case(shape)
    method = methods.get("partial_teacher")
    prepared = method.prepare(Signal(case.teacher), case.labels)  # type: ignore[misc]
    found = case.terms(
        "partial_teacher", ids=torch.arange(shape[0]), prepared=prepared, part=part, temperature=temperature
    )
    p, classes = at(case.teacher, temperature).probs, shape[1]
    choice = case.teacher.argmax(1)
    nobody = torch.zeros(1, classes).double()
    means = torch.stack(
        [torch.cat([case.teacher[choice == k], nobody])[: max(1, (choice == k).sum())].mean(0) for k in range(classes)]
    )
    centred = means - means.mean(0)
    target = p.clone()
    for row, label in enumerate(case.labels.tolist()):
        if part == "top":
            target[row, p[row].argsort(descending=True)[3:]] = p[row].sort(descending=True).values[3:].mean()
        elif part == "instance":
            target[row] = (1 - p[row, label]) / (classes - 1)
            target[row, label] = p[row, label]
        elif part == "similarity":
            alike = functional.cosine_similarity(centred[label][None], centred, dim=1)
            target[row] = torch.softmax(10 * alike / temperature, 0)
        elif part == "universe":
            invented = torch.full((classes,), 0.01 / (classes - 1), dtype=torch.float64)
            invented[label] = 0.99
            target[row] = invented ** (1 / temperature) / (invented ** (1 / temperature)).sum()
        else:
            target[row] = p[row][prepared[0][row]]
            assert target[row].argmax() == p[row].argmax()
            torch.testing.assert_close(target[row].sort().values, p[row].sort().values)
    case.same(found["soft"], squared_kl(case, target, temperature))


def test_subclasses_span_the_main_directions_of_their_class_and_vary_alike() -> None:
    random = torch.Generator().manual_seed(0)
    stretch = torch.linspace(5, 0.1, 12).double()
    layer = torch.randn(200, 12, generator=random, dtype=torch.float64) * stretch + 3
    labels = torch.randint(0, 3, (200,), generator=random)
    labels[:20] = torch.arange(20) % 3
    unlabelled = torch.where(torch.arange(200) % 10 == 0, -1, labels)
    scores = projections(Signal(functional.one_hot(labels, 3).float(), {"last": layer}), unlabelled).double()
    assert scores.shape == (200, 3, SUBCLASSES)
    for number in range(3):
        members = unlabelled == number
        own = scores[members, number]
        torch.testing.assert_close(own.mean(0), torch.zeros(SUBCLASSES).double(), atol=1e-5, rtol=0)
        torch.testing.assert_close(own.square().mean(0), torch.ones(SUBCLASSES).double(), atol=1e-4, rtol=0)
        centred = (layer[members] - layer[members].mean(0)).numpy()
        main = np.linalg.svd(centred, full_matrices=False)[0][:, :SUBCLASSES]
        outside = own.numpy() - main @ (main.T @ own.numpy())
        assert np.abs(outside).max() < 1e-4, "nothing but the five main directions"


@shapes
def test_pseudo_subclasses_fold_back_to_the_class_probabilities(shape: tuple[int, int]) -> None:
    case = Case(shape)
    ours, theirs = case.signals()
    prepared = projections(theirs, case.labels)
    wide = nn.Linear(6, shape[1] * SUBCLASSES).double()
    ids = torch.arange(shape[0])
    found = case.terms("lelp", ids=ids, side=wide, prepared=prepared, subclass_temperature=0.7)
    p = at(case.teacher).probs
    target = p[:, :, None] * torch.softmax(prepared / 0.7, 2)
    torch.testing.assert_close(target.sum(2), p, rtol=1e-12, atol=1e-14)
    said = wide(case.layer)
    expected = functional.cross_entropy(said, target.flatten(1), reduction="none")
    torch.testing.assert_close(found["soft"], expected, rtol=1e-10, atol=1e-10)
    slopes = [torch.autograd.grad(v.sum(), case.layer, retain_graph=True)[0] for v in (found["soft"], expected)]
    torch.testing.assert_close(*slopes, rtol=1e-10, atol=1e-10)
    answer = summed(ours, side=wide, prepared=prepared)
    together = torch.softmax(said, 1).unflatten(1, (shape[1], SUBCLASSES)).sum(2)
    torch.testing.assert_close(torch.softmax(answer, 1), together, rtol=1e-10, atol=1e-12)


def test_a_layer_narrower_than_the_subclasses_and_a_class_without_examples_do_no_harm() -> None:
    layer = torch.randn(9, 2, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 0, 0, 0, 1, 1, 1, 2, -1])
    scores = projections(Signal(functional.one_hot(labels.clamp_min(0), 4), {"last": layer}), labels).float()
    assert scores.shape == (9, 4, SUBCLASSES) and scores.isfinite().all()


TRAINED = [
    ("ctkd", {}),
    ("mlld", {}),
    ("cakd", {}),
    ("rank", {}),
    ("uld", {}),
    ("probability_shift", {}),
    ("probability_shift", {"repair": "smoothing"}),
    ("dynamic_temperature", {}),
    ("dynamic_temperature", {"confusion": "confidence"}),
    ("rectification", {}),
    ("rectification", {"variant": "released code"}),
    ("bias", {}),
    ("bias", {"wrong": "eliminate"}),
    ("dynamic_objective", {}),
    ("dynamic_objective", {"variant": "released code"}),
    ("continuation", {}),
    ("partial_teacher", {}),
    ("partial_teacher", {"part": "similarity"}),
    ("partial_teacher", {"part": "instance"}),
    ("partial_teacher", {"part": "universe"}),
    ("partial_teacher", {"part": "shuffled"}),
    ("lelp", {}),
    ("teacher_annealing", {}),
    ("delta", {}),
]


@pytest.fixture(scope="module")
def last_frame() -> kdcore.Frame:
    """All of them in one cohort, two seeds, 80 steps on thirty pictures."""
    arms = [kdcore.Arm(name, name=str(place), knobs=knobs) for place, (name, knobs) in enumerate(TRAINED)]
    whole = experiment(*arms, student=kdcore.Network("mlp", widths=(64,)), seeds=(0, 1), steps=80)
    return list(kdcore.train(whole, frames_every=10**9))[-1]


@pytest.mark.parametrize("place", range(len(TRAINED)), ids=lambda place: " ".join(map(str, TRAINED[place])))
def test_a_short_training_lifts_the_student_above_chance(last_frame: kdcore.Frame, place: int) -> None:
    assert not last_frame.stopped[place].any()
    assert (last_frame.scalars["accuracy"][place] > 0.15).all(), last_frame.scalars["accuracy"][place]


def test_the_learnt_temperature_moves_once_the_curriculum_has_begun() -> None:
    training = Training(experiment(kdcore.Arm("ctkd"), steps=30))
    (group,) = training.cohort.groups
    (number,) = group.side.weights.values()
    training.cohort.advance(0, 0.0)
    assert (number == 1).all(), "at first the gradient that reaches it is zero"
    training.cohort.advance(1, 0.5)
    assert (number != 1).all()


def test_a_student_of_pseudo_subclasses_speaks_with_its_wider_head() -> None:
    training = trained(experiment(kdcore.Arm("lelp"), steps=40))
    batch = training.cohort.batch(0, 0.0)
    (group,) = training.cohort.groups
    said = group.side(training.cohort.answer(batch).penultimate)
    assert said.shape[-1] == 10 * SUBCLASSES
