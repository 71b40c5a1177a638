"""Batches, and how later logit methods are compared on them with closed forms: values and gradients in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.distributions import Categorical
from torch.distributions import kl_divergence as torch_kl

from kdcore import Signal, methods

SHAPES = [(batch, classes) for batch in (1, 2, 7, 32) for classes in (2, 3, 10, 100)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
temperatures = pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0, 20.0])
scales = pytest.mark.parametrize("scale", [0.1, 1.0, 10.0, 100.0])
moments = pytest.mark.parametrize("progress", [0.0, 0.3, 1.0])


class Case:
    """A batch in float64; the student's logits and last layer are to be learnt."""

    def __init__(self, shape: tuple[int, int], scale: float = 3.0, seed: int = 0) -> None:
        random = torch.Generator().manual_seed(seed)
        self.student, self.teacher, self.student0, self.teacher0 = (
            scale * torch.randn(4, *shape, generator=random, dtype=torch.float64)
        ).unbind()
        self.layer, self.teachers_layer = torch.randn(2, shape[0], 6, generator=random, dtype=torch.float64).unbind()
        self.labels = torch.randint(0, shape[1], shape[:1], generator=random)
        self.rows, self.classes = shape
        self.student.requires_grad_()
        self.layer.requires_grad_()

    def terms(self, name: str, **inputs: Any) -> dict[str, Tensor]:
        ours, theirs = self.signals()
        return methods.get(name)(ours, theirs, self.labels, **inputs)

    def signals(self) -> tuple[Signal, Signal]:
        return Signal(self.student, {"last": self.layer}), Signal(self.teacher, {"last": self.teachers_layer})

    def same(self, found: Tensor, expected: Tensor, tolerance: float = 1e-10) -> None:
        """Equal, with equal gradients at the student's logits."""
        torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
        slopes = [torch.autograd.grad(value.sum(), self.student, retain_graph=True)[0] for value in (found, expected)]
        torch.testing.assert_close(*slopes, rtol=tolerance, atol=tolerance)


def at(logits: Tensor, temperature: float | Tensor = 1.0) -> Categorical:
    return Categorical(logits=logits / temperature)


def law(probabilities: Tensor) -> Categorical:
    return Categorical(probs=probabilities, validate_args=False)


def squared_kl(case: Case, target: Tensor, temperature: float) -> Tensor:
    """T^2 KL to a target of shares, by torch.distributions."""
    return temperature**2 * torch_kl(law(target), at(case.student, temperature))


def right_or_wrong(case: Case) -> list[bool]:
    return [int(row.argmax()) == int(label) for row, label in zip(case.teacher, case.labels, strict=True)]
