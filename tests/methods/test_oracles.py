"""Values and gradients that other people's implementations give: see tests/oracles/README.md."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from kdcore import Signal, methods

ORACLES = Path(__file__).parents[1] / "oracles"
STANDARDISED = "logit standardisation on hinton"
LOGITS = {"dkd": 16, STANDARDISED: 10, "ttm": 15, "wttm": 15, "nkd": 4, "jsd": 15, "dist": 16, "hinton": 20}
RELATIONS = {"sp": 2, "rkd": 2, "pkt": 2, "cc (released code, not the kernel form)": 2}
FEATURES = {
    "attention": 2,
    "nst": 2,
    "reviewkd (hierarchical context loss)": 2,
    "fitnets (mean squared error)": 2,
}
"""Compared in the test of the feature methods."""
EVERY = json.loads((ORACLES / "oracles.json").read_text())
CASES = [case for case in EVERY if case["method"] in LOGITS | RELATIONS]


@pytest.fixture(scope="module")
def arrays() -> dict[str, np.ndarray]:
    with np.load(ORACLES / "oracles.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def test_no_case_is_forgotten() -> None:
    assert Counter(case["method"] for case in EVERY) == LOGITS | RELATIONS | FEATURES
    assert len(EVERY) == 127


def test_every_feature_case_is_compared_elsewhere() -> None:
    others = [path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    readers = [text for text in others if "oracles.json" in text]
    for name in FEATURES:
        assert any(name.split(" ")[0] in text for text in readers), name


def signals(case: dict[str, Any], arrays: dict[str, np.ndarray]) -> tuple[Signal, Signal, Tensor]:
    """Student, teacher and the student's tensor by which the oracle differentiated."""
    kind = case["gradient_of"].removeprefix("student_")
    ours, theirs = (torch.from_numpy(arrays[f"{case['case']:03d}_{who}_{kind}"]) for who in ("student", "teacher"))
    assert ours.dtype == torch.float64
    ours.requires_grad_()
    if kind == "logits":
        return Signal(ours), Signal(theirs), ours
    silent = torch.zeros(len(ours), 3, dtype=torch.float64)
    return Signal(silent, {"layer": ours}), Signal(silent, {"layer": theirs}), ours


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['method']} {case['case']:03d}")
def test_value_and_gradient_are_the_oracles(case: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
    number = f"{case['case']:03d}"
    student, teacher, given = signals(case, arrays)
    value, gradient = (torch.from_numpy(arrays[f"{number}_{name}"]) for name in ("value", "gradient"))
    labels = torch.zeros(len(given), dtype=torch.long)
    if "labels" in case["inputs"]:
        labels = torch.from_numpy(arrays[f"{number}_labels"])
    knobs = {name: knob for name, knob in case["knobs"].items() if name != "note"}
    if case["method"] == STANDARDISED:
        knobs["standardise"] = True
    name = "hinton" if case["method"] == STANDARDISED else case["method"].split(" ")[0]
    loss = methods.total(methods.get(name)(student, teacher, labels, **knobs))
    torch.testing.assert_close(loss, value.reshape(()), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(torch.autograd.grad(loss, given)[0], gradient, rtol=1e-10, atol=1e-10)
