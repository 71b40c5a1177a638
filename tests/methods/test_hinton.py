"""Hinton's method against everybody else's implementation of it, and against what can be worked out on paper."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special, stats
from torch import Tensor
from torch.distributions import Categorical
from torch.distributions import kl_divergence as torch_kl
from torchdistill.losses.mid_level import KDLoss

from kdcore import Signal, methods

ORACLES = Path(__file__).parents[1] / "oracles"
CASES = [case for case in json.loads((ORACLES / "oracles.json").read_text()) if case["method"] == "hinton"]
TEMPERATURES = [1.0, 2.0, 4.0, 20.0]
hinton = methods.get("hinton")


def soft(student: Tensor, teacher: Tensor, temperature: float | Tensor = 4.0, *, t_squared: bool = True) -> Tensor:
    labels = torch.zeros(student.shape[-2], dtype=torch.long)
    return hinton(Signal(student), Signal(teacher), labels, temperature=temperature, t_squared=t_squared)["soft"]


def slope(loss: Tensor, student: Tensor) -> Tensor:
    return torch.autograd.grad(loss, student)[0]


@pytest.fixture
def logits() -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(0)
    student, teacher = (5 * torch.randn(2, 7, 10, generator=random, dtype=torch.float64)).unbind()
    return student.requires_grad_(), teacher


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(ORACLES / "oracles.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_there_are_twenty_cases_from_other_people() -> None:
    assert len(CASES) == 20


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['case']:03d}")
def test_value_and_gradient_are_the_oracles(case: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    student, teacher, value, gradient = (
        torch.from_numpy(arrays[f"{case['case']:03d}_{name}"])
        for name in ("student_logits", "teacher_logits", "value", "gradient")
    )
    assert student.dtype == torch.float64
    student.requires_grad_()
    temperature = case["knobs"]["temperature"]
    loss = soft(student, teacher, temperature).mean()
    # A divergence is a small difference of logs of size one, times T squared: below that nobody's last digits are
    # right (case 31: the oracle is 1.8e-11 off the exact value, we are 0.5e-11).
    torch.testing.assert_close(loss, value.reshape(()), rtol=1e-12, atol=1e-15 * temperature**2)
    torch.testing.assert_close(slope(loss, student), gradient, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_value_is_the_divergence_that_torch_distributions_computes(
    logits: tuple[Tensor, Tensor], temperature: float
) -> None:
    student, teacher = logits
    expected = torch_kl(Categorical(logits=teacher / temperature), Categorical(logits=student / temperature))
    torch.testing.assert_close(soft(student, teacher, temperature), temperature**2 * expected, rtol=1e-12, atol=0)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_value_is_the_relative_entropy_that_scipy_computes(logits: tuple[Tensor, Tensor], temperature: float) -> None:
    student, teacher = (special.softmax(part.detach().numpy() / temperature, axis=-1) for part in logits)
    expected = temperature**2 * stats.entropy(teacher, student, axis=-1)
    np.testing.assert_allclose(soft(*logits, temperature).detach().numpy(), expected, rtol=1e-11)


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("alpha", [0.1, 0.5, 0.9])
def test_whole_loss_and_gradient_are_torchdistills(
    logits: tuple[Tensor, Tensor], temperature: float, alpha: float
) -> None:
    student, teacher = logits
    labels = torch.arange(7)
    # Its alpha weighs the labels, ours the teacher.
    theirs = KDLoss(".", "output", ".", "output", temperature=temperature, alpha=1 - alpha)
    expected = theirs({".": {"output": student}}, {".": {"output": teacher}}, labels)
    hard = torch.nn.functional.cross_entropy(student, labels)
    ours = (1 - alpha) * hard + alpha * soft(student, teacher, temperature).mean()
    torch.testing.assert_close(ours, expected, rtol=1e-12, atol=0)
    torch.testing.assert_close(slope(ours, student), slope(expected, student), rtol=1e-11, atol=1e-15)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_two_classes_and_an_undecided_student_give_log_two_minus_entropy(temperature: float) -> None:
    for height in (0.1, 1.0, 7.0):
        share = 1 / (1 + math.exp(-height / temperature))
        entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
        student, teacher = (torch.tensor([[a, 0.0]], dtype=torch.float64) for a in (0.0, height))
        expected = temperature**2 * (math.log(2) - entropy)
        assert soft(student, teacher, temperature).item() == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_gradient_at_the_logits_is_t_times_the_difference_of_soft_labels(
    logits: tuple[Tensor, Tensor], temperature: float
) -> None:
    student, teacher = logits
    gap = (student / temperature).softmax(-1) - (teacher / temperature).softmax(-1)
    found = slope(soft(student, teacher, temperature).sum(), student)
    torch.testing.assert_close(found, temperature * gap, rtol=1e-11, atol=1e-14)


def test_a_teacher_without_opinion_pulls_towards_uniform(logits: tuple[Tensor, Tensor]) -> None:
    student, _ = logits
    found = slope(soft(student, torch.full_like(student, 3.0), 2.0).sum(), student)
    torch.testing.assert_close(found, 2.0 * ((student / 2).softmax(-1) - 0.1), rtol=1e-11, atol=1e-14)


def test_at_a_very_high_temperature_logits_are_matched(logits: tuple[Tensor, Tensor]) -> None:
    student, teacher = logits
    found = slope(soft(student, teacher, 1e5).sum(), student)
    centred = (student - student.mean(-1, keepdim=True)) - (teacher - teacher.mean(-1, keepdim=True))
    torch.testing.assert_close(found, centred / 10, rtol=1e-3, atol=1e-3)


def test_soft_gradient_norm_hardly_depends_on_temperature_with_t_squared_and_falls_without(
    logits: tuple[Tensor, Tensor],
) -> None:
    student, teacher = logits

    def norm(temperature: float, t_squared: bool) -> float:
        return float(slope(soft(student, teacher, temperature, t_squared=t_squared).mean(), student).norm())

    assert 0.5 < norm(64, True) / norm(16, True) < 2
    assert norm(64, False) / norm(16, False) < 0.15


def test_adding_a_constant_to_all_logits_of_an_example_changes_nothing(logits: tuple[Tensor, Tensor]) -> None:
    student, teacher = logits
    shift = torch.arange(7.0, dtype=torch.float64)[:, None]
    torch.testing.assert_close(soft(student + shift, teacher - 3 * shift), soft(student, teacher), rtol=1e-10, atol=0)


def test_temperature_per_example_is_a_call_per_example(logits: tuple[Tensor, Tensor]) -> None:
    student, teacher = logits
    temperatures = torch.linspace(0.5, 9, 7, dtype=torch.float64)
    together = soft(student, teacher, temperatures)
    for example, temperature in enumerate(temperatures.tolist()):
        row = slice(example, example + 1)
        torch.testing.assert_close(together[row], soft(student[row], teacher[row], temperature), rtol=1e-12, atol=0)


def test_temperature_may_learn(logits: tuple[Tensor, Tensor]) -> None:
    student, teacher = logits
    temperature = torch.tensor([2.0], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda t: soft(student.detach(), teacher, t), temperature)


def test_single_precision_is_near_double_precision(logits: tuple[Tensor, Tensor]) -> None:
    student, teacher = logits
    single = soft(student.float(), teacher.float())
    torch.testing.assert_close(single.double(), soft(student, teacher), rtol=1e-5, atol=1e-5)
