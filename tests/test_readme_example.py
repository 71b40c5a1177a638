"""The notebook example of the README does what the README says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

README = Path(__file__).parents[1] / "README.md"
EXAMPLE = """
import kdcore

experiment = kdcore.Experiment(
    dataset="digits",
    teacher=kdcore.Network("mlp", widths=[256, 256], dropout=0.3),
    student=kdcore.Network("mlp", widths=[64, 64]),
    transfer=kdcore.Transfer(omit=[3]),                    # no 3 is ever shown to the student
    arms=[kdcore.Arm("hinton", temperature=8.0, alpha=1.0), kdcore.Arm("hard")],
    seeds=8, epochs=60,
)
for frame in kdcore.train(experiment):
    print(frame.step, frame.accuracy["hinton"].mean(), frame.gain["hinton"].mean())   # arrays over seeds, by arm name
frame.per_class_accuracy["hinton"][:, 3]                   # [seeds]: the digit it never saw

hinton = kdcore.methods.get("hinton")
terms = hinton(kdcore.Signal(logits=student_logits), kdcore.Signal(logits=teacher_logits), labels, temperature=4.0)
terms["soft"]                                              # [batch]: T^2 KL(teacher_T || student_T) per example
kdcore.methods.total(terms)                                # one number (per student)
"""


def code(text: str) -> list[str]:
    """Lines of code without comments, spacing and output."""
    lines = (re.sub(r"\s+#.*$", "", line).rstrip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def notebook() -> dict[str, Any]:
    random = torch.Generator().manual_seed(0)
    student, teacher = torch.randn(2, 7, 10, generator=random).unbind()
    names = {"student_logits": student, "teacher_logits": teacher, "labels": torch.arange(7)}
    exec(EXAMPLE, names)
    return names


def test_readme_shows_this_example() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    shown = [line for block in blocks for line in code(block)]
    assert [line for line in code(EXAMPLE) if line not in shown] == []


def test_students_recognise_a_digit_they_never_saw(notebook: dict[str, Any]) -> None:
    frame = notebook["frame"]
    threes = {arm: frame.per_class_accuracy[arm][:, 3] for arm in frame.arms}
    assert threes["hinton"].shape == (8,)
    assert (threes["hinton"] > 0.6).all()
    assert (threes["hard"] == 0).all()


def test_the_other_digits_are_learnt_by_both(notebook: dict[str, Any]) -> None:
    others = np.arange(10) != 3
    for arm in ("hinton", "hard"):
        assert notebook["frame"].per_class_accuracy[arm][:, others].mean() > 0.93


def test_gain_is_an_array_over_seeds(notebook: dict[str, Any]) -> None:
    frame = notebook["frame"]
    assert frame.gain["hinton"].shape == (8,)
    assert frame.gain["hinton"].mean() > 0.05
    assert frame.step == frame.steps == 60 * 15


def test_terms_are_hintons(notebook: dict[str, Any]) -> None:
    student, teacher = notebook["student_logits"] / 4, notebook["teacher_logits"] / 4
    expected = 16 * functional.kl_div(student.log_softmax(-1), teacher.softmax(-1), reduction="none").sum(-1)
    torch.testing.assert_close(notebook["terms"]["soft"], expected)
    torch.testing.assert_close(notebook["kdcore"].methods.total(notebook["terms"]), expected.mean())
