"""Logit methods against closed forms, scipy, torch.distributions and the identities of their papers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import special
from torch import Tensor
from torch.distributions import Categorical
from torch.distributions import kl_divergence as torch_kl
from torch.nn import functional
from torchdistill.losses.mid_level import LogitStdKDLoss

from kdcore import Signal, methods

TEMPERATURES = [1.0, 2.0, 4.0, 20.0]
SHAPES = [(batch, classes) for batch in (1, 2, 7, 32) for classes in (2, 3, 10, 100)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
temperatures = pytest.mark.parametrize("temperature", TEMPERATURES)


def drawn(shape: tuple[int, int], scale: float = 3.0, seed: int = 0) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    student, teacher = (scale * torch.randn(2, *shape, generator=random, dtype=torch.float64)).unbind()
    return student.requires_grad_(), teacher, torch.randint(0, shape[1], shape[:1], generator=random)


def terms(name: str, student: Tensor, teacher: Tensor, labels: Tensor, **knobs: float | bool) -> dict[str, Tensor]:
    return methods.get(name)(Signal(student), Signal(teacher), labels, **knobs)


def close(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


def same(found: Tensor, expected: Tensor, student: Tensor) -> None:
    """Equal, with equal gradients at the student's logits."""
    close(found, expected)
    slopes = [torch.autograd.grad(value.sum(), student, retain_graph=True)[0] for value in (found, expected)]
    close(*slopes)


def at(logits: Tensor, temperature: float = 1.0) -> Categorical:
    return Categorical(logits=logits / temperature)


@shapes
@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0, 100.0])
def test_matched_logits_are_torchs_mean_squared_error_times_half_the_classes(
    shape: tuple[int, int], scale: float
) -> None:
    student, teacher, labels = drawn(shape, scale)
    found = terms("logit_mse", student, teacher, labels)["gap"].mean()
    expected = functional.mse_loss(student, teacher) * shape[1] / 2
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=0)
    close(torch.autograd.grad(found, student)[0], (student - teacher) / shape[0])


@shapes
def test_cosine_of_logits_is_numpys_and_feels_no_length(shape: tuple[int, int]) -> None:
    student, teacher, labels = drawn(shape)
    found = terms("logit_cosine", student, teacher, labels)["angle"]
    ours, theirs = student.detach().numpy(), teacher.numpy()
    cosine = (ours * theirs).sum(-1) / np.linalg.norm(ours, axis=-1) / np.linalg.norm(theirs, axis=-1)
    np.testing.assert_allclose(found.detach().numpy(), 1 - cosine, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(terms("logit_cosine", 5 * student, teacher / 7, labels)["angle"], found)
    slope = torch.autograd.grad(found.sum(), student)[0]
    close((slope * student).sum(-1), torch.zeros_like(found))


def test_cosine_of_standardised_logits_is_one_minus_their_correlation() -> None:
    student, teacher, labels = drawn((7, 10))
    found = terms("logit_cosine", student, teacher, labels, standardise=True)["angle"].detach().numpy()
    for row, ours, theirs in zip(found, student.detach().numpy(), teacher.numpy(), strict=True):
        assert row == pytest.approx(1 - np.corrcoef(ours, theirs)[0, 1], rel=1e-6)


@temperatures
@shapes
def test_reverse_kl_is_torchs_divergence_the_other_way_round(shape: tuple[int, int], temperature: float) -> None:
    student, teacher, labels = drawn(shape)
    expected = torch_kl(at(student, temperature), at(teacher, temperature))
    found = terms("reverse_kl", student, teacher, labels, temperature=temperature)["soft"]
    same(found, temperature**2 * expected, student)
    found = terms("reverse_kl", student, teacher, labels, temperature=temperature, t_squared=False)["soft"]
    same(found, expected, student)


@temperatures
@pytest.mark.parametrize("skew", [0.01, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("reverse", [False, True])
def test_skew_kl_is_scipys_divergence_from_the_mixture(temperature: float, skew: float, reverse: bool) -> None:
    student, teacher, labels = drawn((7, 10))
    q, p = (special.softmax(part.detach().numpy() / temperature, axis=-1) for part in (student, teacher))
    first, second = (q, p) if reverse else (p, q)
    expected = special.rel_entr(first, skew * first + (1 - skew) * second).sum(-1)
    found = terms("skew_kl", student, teacher, labels, skew=skew, temperature=temperature, reverse=reverse)["soft"]
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-10, atol=1e-14)
    assert (found <= -np.log(skew)).all(), "the bound for which it was made"
    ours, theirs = at(student, temperature).probs, at(teacher, temperature).probs
    one, two = (ours, theirs) if reverse else (theirs, ours)
    same(found, torch_kl(Categorical(one), Categorical(skew * one + (1 - skew) * two)), student)


def test_ends_of_the_skew_are_the_plain_divergence_and_nothing() -> None:
    student, teacher, labels = drawn((7, 10))
    same(terms("skew_kl", student, teacher, labels, skew=0.0)["soft"], torch_kl(at(teacher), at(student)), student)
    back = terms("skew_kl", student, teacher, labels, skew=0.0, reverse=True)["soft"]
    same(back, torch_kl(at(student), at(teacher)), student)
    for backwards in (False, True):
        nothing = terms("skew_kl", student, teacher, labels, skew=1.0, reverse=backwards)["soft"]
        close(nothing, torch.zeros_like(nothing))


def test_jensen_shannon_tends_to_either_divergence_times_its_share_and_is_zero_at_the_ends() -> None:
    student, teacher, labels = drawn((7, 10), scale=1.0)
    tiny = 1e-6
    near_zero = terms("jsd", student, teacher, labels, beta=tiny)["soft"] / tiny
    torch.testing.assert_close(near_zero, torch_kl(at(teacher), at(student)), rtol=1e-3, atol=1e-5)
    near_one = terms("jsd", student, teacher, labels, beta=1 - tiny)["soft"] / tiny
    torch.testing.assert_close(near_one, torch_kl(at(student), at(teacher)), rtol=1e-3, atol=1e-5)
    for end in (0.0, 1.0):
        # Other libraries exchange the formula for a plain divergence here, so that their loss jumps.
        found = terms("jsd", student, teacher, labels, beta=end)["soft"]
        close(found, torch.zeros_like(found))


def test_jensen_shannon_at_one_half_is_symmetric_and_at_most_log_two() -> None:
    student, teacher, labels = drawn((32, 10), scale=30.0)
    found = terms("jsd", student, teacher, labels)["soft"]
    close(found, terms("jsd", teacher, student, labels)["soft"])
    assert (found <= np.log(2) + 1e-12).all()


@temperatures
@shapes
@pytest.mark.parametrize("scale", [0.1, 1.0, 10.0])
def test_plain_divergence_is_the_target_part_and_the_rest_by_the_share_of_the_wrong_classes(
    shape: tuple[int, int], temperature: float, scale: float
) -> None:
    student, teacher, labels = drawn(shape, scale)
    parts = terms("dkd", student, teacher, labels, temperature=temperature, target_weight=1.0, non_target_weight=1.0)
    wrong = 1 - at(teacher, temperature).probs.gather(-1, labels[:, None])[:, 0]
    whole = terms("hinton", student, teacher, labels, temperature=temperature)["soft"]
    same(parts["target"] + wrong * parts["non_target"], whole, student)


def test_two_classes_have_no_opinions_about_the_wrong_ones() -> None:
    student, teacher, labels = drawn((7, 2))
    assert terms("dkd", student, teacher, labels)["non_target"].tolist() == [0.0] * 7
    assert terms("nkd", student, teacher, labels)["non_target"].tolist() == [0.0] * 7


def test_decoupled_loss_is_finite_where_the_published_form_is_not() -> None:
    student = torch.tensor([[200.0, 0.0, 1.0]], requires_grad=True)
    teacher, labels = torch.tensor([[0.0, 3.0, 1.0]]), torch.tensor([1])
    share = student.softmax(-1)[:, 1]
    assert share.log().isinf(), "the published form takes the log of a share, which rounds to zero"
    loss = methods.total(terms("dkd", student, teacher, labels, temperature=1.0))
    assert loss.isfinite() and torch.autograd.grad(loss, student)[0].isfinite().all()
    exact = methods.total(terms("dkd", student.double(), teacher.double(), labels, temperature=1.0))
    torch.testing.assert_close(loss.double(), exact, rtol=1e-6, atol=0)


@shapes
@pytest.mark.parametrize("power", [0.05, 0.3, 1.0])
def test_transformed_teacher_is_its_shares_raised_to_a_power(shape: tuple[int, int], power: float) -> None:
    student, teacher, labels = drawn(shape)
    raised = at(teacher).probs ** power
    expected = torch_kl(Categorical(raised / raised.sum(-1, keepdim=True)), at(student))
    same(terms("ttm", student, teacher, labels, power=power)["soft"], expected, student)
    same(terms("wttm", student, teacher, labels, power=power)["soft"], raised.sum(-1) * expected, student)


def test_with_power_one_the_transformed_teacher_is_hintons_at_temperature_one() -> None:
    student, teacher, labels = drawn((7, 10))
    plain = terms("hinton", student, teacher, labels, temperature=1.0)["soft"]
    for name in ("ttm", "wttm"):
        same(terms(name, student, teacher, labels, power=1.0)["soft"], plain, student)


def test_correlations_do_not_feel_a_straight_line_and_one_example_has_none_over_the_batch() -> None:
    student, teacher, labels = drawn((7, 10))
    parts = terms("dist", student, teacher, labels, temperature=1.0)
    q, p = at(student).probs.detach().numpy(), at(teacher).probs.numpy()
    rows = [1 - np.corrcoef(ours, theirs)[0, 1] for ours, theirs in zip(q, p, strict=True)]
    columns = [1 - np.corrcoef(ours, theirs)[0, 1] for ours, theirs in zip(q.T, p.T, strict=True)]
    np.testing.assert_allclose(parts["inter"].detach().numpy(), rows, rtol=1e-5)
    # A class that nobody names hardly varies: there the guard of the published code shows.
    np.testing.assert_allclose(parts["intra"].item(), np.mean(columns), rtol=1e-3)
    alone = terms("dist", student[:1], teacher[:1], labels[:1], temperature=1.0)
    assert alone["intra"].tolist() == [1.0]


@temperatures
@shapes
def test_weighted_soft_labels_are_torchs_cross_entropy_times_a_weight_without_gradient(
    shape: tuple[int, int], temperature: float
) -> None:
    student, teacher, labels = drawn(shape)
    ours, theirs = (functional.cross_entropy(logits, labels, reduction="none") for logits in (student, teacher))
    weight = (1 - (-ours / (theirs + 1e-7)).exp()).detach()
    soft = functional.cross_entropy(student / temperature, at(teacher, temperature).probs, reduction="none")
    found = terms("wsld", student, teacher, labels, temperature=temperature)["soft"]
    same(found, weight * temperature**2 * soft, student)


def test_a_student_as_good_as_its_teacher_hears_a_soft_label_by_one_minus_one_over_e() -> None:
    _, teacher, labels = drawn((7, 10))
    found = terms("wsld", teacher, teacher, labels, temperature=1.0)["soft"]
    torch.testing.assert_close(found, (1 - np.exp(-1)) * at(teacher).entropy(), rtol=1e-5, atol=1e-9)


@temperatures
@shapes
@pytest.mark.parametrize("sureness", [0.5, 0.9, 0.99])
def test_invented_teacher_is_its_shares_to_one_over_t(
    shape: tuple[int, int], temperature: float, sureness: float
) -> None:
    student, teacher, labels = drawn(shape)
    invented = torch.full(shape, (1 - sureness) / (shape[1] - 1), dtype=torch.float64)
    invented[torch.arange(shape[0]), labels] = sureness
    expected = torch_kl(Categorical(invented ** (1 / temperature)), at(student, temperature))
    found = terms("tf_kd", student, teacher, labels, temperature=temperature, sureness=sureness)["soft"]
    same(found, expected, student)


def test_invented_teacher_at_temperature_one_is_label_smoothing_up_to_a_constant() -> None:
    student, teacher, labels = drawn((7, 10))
    found = terms("tf_kd", student, teacher, labels, temperature=1.0, sureness=0.91)["soft"].mean()
    smoothed = functional.cross_entropy(student, labels, label_smoothing=0.1)
    slopes = [torch.autograd.grad(loss, student)[0] for loss in (found, smoothed)]
    close(*slopes)


@pytest.mark.parametrize("temperature", [2.0, 4.0])
def test_standardised_hinton_is_torchdistills(temperature: float) -> None:
    student, teacher, labels = drawn((7, 10))
    # Its weight of the soft part is 0.5 here; with alpha 0 it forgets T squared.
    theirs = LogitStdKDLoss(".", "output", ".", "output", temperature=temperature, alpha=0.5)
    both = theirs({".": {"output": student}}, {".": {"output": teacher}}, labels)
    expected = 2 * both - functional.cross_entropy(student, labels)
    found = terms("hinton", student, teacher, labels, temperature=temperature, standardise=True)["soft"].mean()
    same(found, expected, student)
    forgetful = LogitStdKDLoss(".", "output", ".", "output", temperature=temperature, alpha=0)
    less = forgetful({".": {"output": student}}, {".": {"output": teacher}}, labels)
    close(found, temperature**2 * less)
