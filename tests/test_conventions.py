"""Other people's alpha on our plane: the gradients must be parallel, whatever the logits."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from kdcore import Signal, methods
from kdcore.conventions import BY_NAME, CONVENTIONS, Convention

CLASSES = 7
alphas = st.floats(0, 1)
temperatures = st.floats(0.25, 64)
conventions = st.sampled_from(CONVENTIONS)


def written_there(convention: Convention, alpha: float, temperature: float, inputs: tuple[Tensor, ...]) -> Tensor:
    """The loss as published code writes it, with PyTorch's own functions."""
    student, teacher, labels = inputs
    log_student, theirs = (student / temperature).log_softmax(-1), (teacher / temperature).softmax(-1)
    reduction = "mean" if convention.mean_over_classes else "batchmean"
    soft = functional.kl_div(log_student, theirs, reduction=reduction)
    soft = soft * temperature**2 if convention.t_squared else soft
    hard = functional.cross_entropy(student, labels)
    return alpha * hard + (1 - alpha) * soft if convention.alpha_on_labels else (1 - alpha) * hard + alpha * soft


def ours(alpha: float, temperature: float, inputs: tuple[Tensor, ...]) -> Tensor:
    """The loss as the engine has it: its own method, its own weights."""
    student, teacher, labels = inputs
    terms = methods.get("hinton")(Signal(student), Signal(teacher), labels, temperature=temperature)
    return (1 - alpha) * functional.cross_entropy(student, labels) + alpha * methods.total(terms)


@given(conventions, alphas, temperatures, st.integers(0, 1000))
def test_gradient_is_ours_times_one_factor(convention: Convention, alpha: float, temperature: float, seed: int) -> None:
    random = torch.Generator().manual_seed(seed)
    student, teacher = torch.randn(2, 5, CLASSES, generator=random, dtype=torch.float64) * 4
    inputs = (student.requires_grad_(), teacher, torch.randint(CLASSES, (5,), generator=random))
    (there,) = torch.autograd.grad(written_there(convention, alpha, temperature, inputs), student)
    (here,) = torch.autograd.grad(ours(convention.ours(alpha, temperature, CLASSES), temperature, inputs), student)
    factor = convention.factor(alpha, temperature, CLASSES)
    assert factor > 0
    torch.testing.assert_close(there, factor * here, rtol=1e-5, atol=1e-9)


@given(conventions, alphas, temperatures, st.integers(2, 1000))
def test_there_and_back_is_the_same_alpha(
    convention: Convention, alpha: float, temperature: float, classes: int
) -> None:
    there = convention.theirs(alpha, temperature, classes)
    assert 0 <= there <= 1
    assert convention.ours(there, temperature, classes) == pytest.approx(alpha, abs=1e-6)


def test_ours_is_the_plane_itself() -> None:
    assert BY_NAME["ours"].ours(0.3, 8, 10) == pytest.approx(0.3)
    assert BY_NAME["ours"].factor(0.3, 8, 10) == pytest.approx(1)


def test_known_places() -> None:
    assert BY_NAME["no_t_squared"].ours(0.5, 4, 10) == pytest.approx(1 / 17)  # 0.5 : 0.5, ours weighs KL 16 times
    assert BY_NAME["class_mean"].ours(0.5, 4, 10) == pytest.approx(1 / 11)
    assert BY_NAME["reversed"].ours(0.9, 4, 10) == pytest.approx(0.1)
    assert BY_NAME["no_t_squared"].ours(0.5, 1, 10) == pytest.approx(0.5)


@pytest.mark.parametrize(
    "place, reason", [((1.5, 4, 10), "alpha must"), ((0.5, 0, 10), "temperature"), ((0.5, 4, 1), "classes")]
)
def test_what_is_no_place_is_refused(place: tuple[float, float, int], reason: str) -> None:
    for convention in CONVENTIONS:
        with pytest.raises(ValueError, match=reason):
            convention.ours(*place)
        with pytest.raises(ValueError, match=reason):
            convention.theirs(*place)
