"""Values and gradients that other people's implementations give: see tests/oracles/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kdcore import Signal, methods

ORACLES = Path(__file__).parents[1] / "oracles"
STANDARDISED = "logit standardisation on hinton"
COUNTS = {"dkd": 16, STANDARDISED: 10, "ttm": 15, "wttm": 15, "nkd": 4, "jsd": 15, "dist": 16, "hinton": 20}
CASES = [case for case in json.loads((ORACLES / "oracles.json").read_text()) if case["method"] in COUNTS]


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(ORACLES / "oracles.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_no_case_is_forgotten() -> None:
    assert {name: sum(case["method"] == name for case in CASES) for name in COUNTS} == COUNTS


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['method']} {case['case']:03d}")
def test_value_and_gradient_are_the_oracles(case: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    number = f"{case['case']:03d}"
    student, teacher, value, gradient = (
        torch.from_numpy(arrays[f"{number}_{name}"])
        for name in ("student_logits", "teacher_logits", "value", "gradient")
    )
    labels = torch.zeros(len(student), dtype=torch.long)
    if "labels" in case["inputs"]:
        labels = torch.from_numpy(arrays[f"{number}_labels"])
    knobs = {name: knob for name, knob in case["knobs"].items() if name != "note"}
    if case["method"] == STANDARDISED:
        knobs["standardise"] = True
    method = methods.get("hinton" if case["method"] == STANDARDISED else case["method"])
    assert student.dtype == torch.float64
    student.requires_grad_()
    loss = methods.total(method(Signal(student), Signal(teacher), labels, **knobs))
    torch.testing.assert_close(loss, value.reshape(()), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(torch.autograd.grad(loss, student)[0], gradient, rtol=1e-10, atol=1e-10)
