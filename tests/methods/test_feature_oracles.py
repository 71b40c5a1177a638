"""Values and gradients that other people's implementations of feature methods give: see tests/oracles/README.md."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kdcore import Signal, methods

ORACLES = Path(__file__).parents[1] / "oracles"
NAMES = {
    "attention": "attention",
    "nst": "nst",
    "reviewkd (hierarchical context loss)": "reviewkd",
    "fitnets (mean squared error)": "fitnets",
}
CASES = [case for case in json.loads((ORACLES / "oracles.json").read_text()) if case["method"] in NAMES]


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(ORACLES / "oracles.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_no_case_is_forgotten() -> None:
    assert {name: sum(case["method"] == name for case in CASES) for name in NAMES} == dict.fromkeys(NAMES, 2)


@pytest.mark.parametrize("students", [(), (3,)], ids=["one student", "three students"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['method'].split()[0]} {case['case']:03d}")
def test_value_and_gradient_are_the_oracles(
    case: dict[str, Any], arrays: dict[str, np.ndarray], students: tuple[int, ...]
) -> None:
    student, teacher, value, gradient = (
        torch.from_numpy(arrays[f"{case['case']:03d}_{name}"])
        for name in ("student_features", "teacher_features", "value", "gradient")
    )
    assert student.dtype == torch.float64
    maps = student.expand(*students, *student.shape).clone().requires_grad_()
    labels = torch.zeros(len(teacher), dtype=torch.long)

    def signal(layer: Tensor) -> Signal:
        return Signal(torch.zeros(*layer.shape[:-3], 2, dtype=torch.float64), {"layer": layer})

    method = methods.get(NAMES[case["method"]])
    supplied = {"progress": 1.0} if "progress" in method.supplied else {}
    loss = methods.total(method(signal(maps), signal(teacher), labels, **case["knobs"], **supplied))
    torch.testing.assert_close(loss, value.reshape(()).expand(students), rtol=1e-10, atol=1e-10)
    found = torch.autograd.grad(loss.sum(), maps)[0]
    torch.testing.assert_close(found, gradient.expand_as(found), rtol=1e-10, atol=1e-10)
