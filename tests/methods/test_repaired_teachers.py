"""Methods that repair, divide or fade what the teacher says, against closed forms written anew."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.distributions import kl_divergence as torch_kl
from torch.nn import functional

from kdcore import Signal, methods
from kdcore.methods.rectification import swapped
from tests.methods.batches import Case, at, moments, right_or_wrong, scales, shapes, squared_kl, temperatures


def shifted(p: Tensor, labels: Tensor) -> Tensor:
    target = p.clone()
    for row, label in enumerate(labels.tolist()):
        first = int(p[row].argmax())
        target[row, label], target[row, first] = p[row, first], p[row, label]
    return target


@temperatures
@shapes
def test_repaired_answers_are_shares_exchanged_or_smoothed_where_the_teacher_is_wrong(
    shape: tuple[int, int], temperature: float
) -> None:
    case = Case(shape)
    p = at(case.teacher, temperature).probs
    exchanged = squared_kl(case, shifted(p, case.labels), temperature)
    case.same(case.terms("probability_shift", temperature=temperature)["soft"], exchanged)
    case.same(case.terms("rectification", temperature=temperature)["soft"], exchanged)
    released = case.terms("rectification", temperature=temperature, variant="released code")["soft"]
    case.same(released, exchanged / shape[1])
    smoothed = p.clone()
    for row, label in enumerate(case.labels.tolist()):
        if int(p[row].argmax()) != label:
            smoothed[row] = 0.2 / (shape[1] - 1)
            smoothed[row, label] = 0.8
    found = case.terms("probability_shift", temperature=temperature, repair="smoothing", sureness=0.8)["soft"]
    case.same(found, squared_kl(case, smoothed, temperature))


@scales
def test_a_swap_keeps_the_multiset_and_makes_the_label_first(scale: float) -> None:
    case = Case((32, 10), scale)
    after = swapped(case.teacher, case.labels)
    assert torch.equal(after.sort(1).values, case.teacher.sort(1).values)
    assert torch.equal(after.argmax(1), case.labels)
    assert torch.equal(swapped(after, case.labels), after), "once is enough: it is not undone"
    assert ((after != case.teacher).sum(1) == torch.tensor([0 if r else 2 for r in right_or_wrong(case)])).all()


def test_a_swap_leaves_an_example_without_a_label_as_it_is() -> None:
    case = Case((7, 10))
    assert torch.equal(swapped(case.teacher, torch.full((7,), -1)), case.teacher)


def test_a_teacher_that_is_always_right_is_never_repaired() -> None:
    case = Case((7, 10))
    case.labels = case.teacher.argmax(1)
    plain = case.terms("hinton")["soft"]
    for name, knobs in (
        ("probability_shift", {}),
        ("probability_shift", {"repair": "smoothing"}),
        ("rectification", {}),
    ):
        case.same(case.terms(name, **knobs)["soft"], plain)
    case.same(case.terms("bias", progress=0.7, wrong="eliminate")["right"], plain)


@moments
@shapes
def test_easy_examples_come_first_and_wrong_ones_later(shape: tuple[int, int], progress: float) -> None:
    case = Case(shape)
    right = torch.tensor(right_or_wrong(case))
    soft = squared_kl(case, shifted(at(case.teacher, 4.0).probs, case.labels), 4.0)
    easy = 1 - 0.5 * progress
    found = case.terms("bias", progress=progress)
    case.same(found["right"], easy * soft * right)
    case.same(found["wrong"], (1 - easy) * soft * ~right)
    eliminated = case.terms("bias", progress=progress, wrong="eliminate")
    assert list(eliminated) == ["right"]
    case.same(eliminated["right"], soft * right)


@shapes
@scales
@pytest.mark.parametrize("confusion", ["focal", "confidence"])
def test_confusing_examples_get_a_temperature_of_their_own(
    shape: tuple[int, int], scale: float, confusion: str
) -> None:
    case = Case(shape, scale)
    ours, theirs = case.student.detach().numpy(), case.teacher.numpy()
    if confusion == "focal":
        unit = [z / np.linalg.norm(z, axis=1, keepdims=True) for z in (ours, theirs)]
        confused = 1 - (unit[0] * unit[1]).sum(1)
    else:
        confused = 1 / at(case.student).probs.detach().numpy().max(1)
    warm = torch.tensor(np.clip(4 + 4 * (confused.mean() - confused), 0.25, 64))[:, None]
    # In logs, because torch's divergence of two laws is infinite where the student's share rounds to zero.
    says, hears = (functional.log_softmax(z / warm, 1) for z in (case.student, case.teacher))
    expected = warm[:, 0] ** 2 * functional.kl_div(says, hears, log_target=True, reduction="none").sum(1)
    case.same(case.terms("dynamic_temperature", confusion=confusion)["soft"], expected)


def test_without_spread_it_is_plain_distillation_and_confusion_cools() -> None:
    case = Case((7, 10))
    case.same(case.terms("dynamic_temperature", spread=0.0)["soft"], case.terms("hinton")["soft"])
    agrees = torch.zeros(2, 10, dtype=torch.float64)
    agrees[:, 3] = 5.0
    disagrees = agrees.clone()
    disagrees[1] = agrees[1].roll(1)
    found = methods.get("dynamic_temperature")(Signal(disagrees), Signal(agrees), torch.tensor([3, 3]))["soft"]
    cooler = 4.0 + 4.0 * (0.5 - 1)
    apart = cooler**2 * torch_kl(at(agrees[1], cooler), at(disagrees[1], cooler))
    case_two = methods.get("hinton")(Signal(disagrees[1:]), Signal(agrees[1:]), torch.tensor([3]), temperature=2.0)
    assert apart.item() == pytest.approx(case_two["soft"].item(), rel=1e-9)
    assert found[0].item() == pytest.approx(0.0, abs=1e-12)


@temperatures
@shapes
def test_unsure_examples_learn_from_the_layer(shape: tuple[int, int], temperature: float) -> None:
    case = Case(shape)
    unsure = at(case.student).entropy() / np.log(shape[1])
    ours, theirs = (f / f.norm(dim=1, keepdim=True) for f in (case.layer, case.teachers_layer))
    soft = temperature**2 * torch_kl(at(case.teacher, temperature), at(case.student, temperature))
    found = case.terms("dynamic_objective", temperature=temperature)
    case.same(found["answers"], (1 - unsure.detach()) * soft)
    torch.testing.assert_close(found["layer"], unsure * ((ours - theirs) ** 2).sum(1), rtol=1e-10, atol=1e-12)
    slopes = [
        torch.autograd.grad(value.sum(), case.layer, retain_graph=True)[0]
        for value in (found["layer"], unsure * ((ours - theirs) ** 2).sum(1))
    ]
    torch.testing.assert_close(*slopes, rtol=1e-9, atol=1e-12)
    released = case.terms("dynamic_objective", variant="released code")
    squares = functional.mse_loss(case.student, case.teacher, reduction="none").mean(1)
    case.same(released["answers"], (1 - unsure) * squares)
    case.same(released["layer"], unsure * functional.mse_loss(ours, theirs, reduction="none").mean(1))


def test_side_piece_of_the_objective_is_as_wide_as_the_teachers_layer() -> None:
    piece = methods.get("dynamic_objective").piece(
        {"last": (12,), "logits": (10,)}, {"last": (16,), "logits": (10,)}, lambda: nn.Linear(1, 1)
    )
    assert piece is not None and piece(torch.zeros(5, 12)).shape == (5, 16)


@moments
@shapes
@pytest.mark.parametrize("margin", [0.0, 1.0, 50.0])
def test_continuation_grows_the_teacher_and_hands_over_to_the_labels(
    shape: tuple[int, int], progress: float, margin: float
) -> None:
    case = Case(shape, 1.0)
    found = case.terms("continuation", progress=progress, margin=margin)
    squares = functional.mse_loss(case.student, progress * case.teacher, reduction="none").sum(1)
    case.same(found["gap"], (1 - progress) * torch.clamp(squares - margin, min=0))
    labels = functional.cross_entropy(case.student, case.labels, reduction="none")
    case.same(found["label"], progress * labels)
    assert methods.get("continuation").hard_weight == 0


@moments
@shapes
@scales
def test_annealed_target_is_one_cross_entropy_with_a_mixture(
    shape: tuple[int, int], progress: float, scale: float
) -> None:
    case = Case(shape, scale)
    truth = functional.one_hot(case.labels, shape[1]).double()
    mixture = progress * truth + (1 - progress) * at(case.teacher).probs
    found = case.terms("teacher_annealing", progress=progress)
    expected = functional.cross_entropy(case.student, mixture, reduction="none")
    case.same(found["soft"] + found["label"], expected)
    still = case.terms("teacher_annealing", progress=progress, begin=0.5, end=0.5)
    half = functional.cross_entropy(case.student, 0.5 * truth + 0.5 * at(case.teacher).probs, reduction="none")
    case.same(still["soft"] + still["label"], half)


def test_the_teacher_is_heard_where_labels_are_withheld() -> None:
    case = Case((4, 3))
    whole = case.terms("teacher_annealing", progress=0.5)
    case.labels = torch.tensor([-1, -1, -1, int(case.labels[3])])
    fewer = case.terms("teacher_annealing", progress=0.5)
    assert torch.equal(fewer["soft"], whole["soft"])
    torch.testing.assert_close(fewer["label"].mean(), whole["label"][3], rtol=1e-12, atol=0)
