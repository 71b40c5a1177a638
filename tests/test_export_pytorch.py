"""The loss that is copied out as plain torch is the one that the cohort trains with."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

import kdcore
from kdcore import methods
from kdcore.cohort import Cohort
from kdcore.export.pytorch import loss_code
from kdcore.export.written import obstacle
from kdcore.tasks import classification as task
from kdcore.training import prepare
from tests.small import experiment, known

PROGRESS = 0.4
COPIED = [n for n in methods.names() if n == "shuffled" or not obstacle(methods.get(n))]
CHOICES = [
    kdcore.Arm(name, alpha=0.5, knobs={knob.name: choice})
    for name in COPIED
    for knob in methods.get(name).knobs.values()
    for choice in knob.choices
]
ARMS = [
    kdcore.Arm("hard"),
    kdcore.Arm("hinton"),
    kdcore.Arm("hinton", temperature=0.25, alpha=1.0),
    kdcore.Arm("hinton", temperature=16.0, alpha=0.3, t_squared=False),
    kdcore.Arm("hinton", hard_weight=2.0, weight=1000.0),
    kdcore.Arm("label_smoothing", alpha=0.25),
    kdcore.Arm("answers", alpha=0.5),
    kdcore.Arm("smoothed", temperature=2.0),
    kdcore.Arm("shuffled", temperature=8.0, t_squared=False),
    *(
        kdcore.Arm(name, alpha=0.5, knobs={"standardise": switch} if "standardise" in methods.get(name).knobs else {})
        for name in COPIED
        for switch in (False, True)
    ),
    *CHOICES,
]


def run(code: str) -> dict[str, Any]:
    """The names that the code defines, run as in an empty notebook."""
    names: dict[str, Any] = {}
    exec(code, names)
    return names


def cohorts_own(arm: kdcore.Arm, transfer: kdcore.Transfer) -> tuple[Tensor, Tensor, Cohort]:
    """Loss `[seed]` of the first batch, its gradient at the logits `[seed, batch, class]`, and the cohort."""
    cohort = Cohort(prepare(experiment(arm, transfer=transfer)), torch.float64)
    batch = cohort.batch(0, PROGRESS)
    signal = cohort.answer(batch)
    logits = signal.logits.detach().requires_grad_()
    loss = arm.hard_weight * task.supervised_loss(logits, batch.labels).mean(-1)
    for _, terms in cohort.terms(kdcore.Signal(logits, signal.features), batch):
        loss = loss + arm.weight * methods.total(terms)
    return loss[0], torch.autograd.grad(loss.sum(), logits)[0][0], cohort


@pytest.mark.parametrize("labels", [None, 12, 0], ids=["all labels", "12 labels", "no labels"])
@pytest.mark.parametrize("arm", ARMS, ids=lambda arm: f"{arm.method} {arm.knobs} {arm.weight}")
def test_copied_loss_and_gradient_are_the_cohorts(arm: kdcore.Arm, labels: int | None) -> None:
    expected, gradient, cohort = cohorts_own(arm, kdcore.Transfer(per_class=3, labels=labels))
    batch = cohort.batch(0, 0.0)
    student = cohort.answer(batch).logits[0].detach()
    teacher = cohort.prepared.answers[cohort.prepared.experiment.teacher].signal.logits
    names = run(loss_code(arm))
    if "exchanged" in names:
        teacher = names["exchanged"](teacher)
    for seed in range(len(cohort.seeds)):
        logits = student[seed].clone().requires_grad_()
        time = [PROGRESS] if "progress" in inspect.signature(names["loss"]).parameters else []
        loss = names["loss"](logits, teacher[batch.ids[seed]].double(), batch.labels[seed], *time)
        torch.testing.assert_close(loss, expected[seed], atol=1e-6, rtol=1e-6)
        (own,) = torch.autograd.grad(loss, logits)
        torch.testing.assert_close(own, gradient[seed], atol=1e-6, rtol=1e-6)


def test_numbers_of_the_arm_stand_in_the_code() -> None:
    code = loss_code(kdcore.Arm("hinton", temperature=6.0, alpha=0.7))
    assert "T = 6.0" in code and "return 0.3 * hard + 0.7 * soft" in code and "T**2" in code
    assert "kdcore" not in code


def test_every_method_of_logits_and_labels_can_be_copied() -> None:
    plain = [m for m in map(methods.get, methods.names()) if set(m.needs) <= {"logits", "labels"}]
    assert len(COPIED) >= 24
    for method in plain:
        if not (method.side or method.prepare or method.view or method.trains) and set(method.supplied) <= {"progress"}:
            assert method.name in COPIED
            assert "loss" in run(loss_code(kdcore.Arm(method.name)))


@pytest.mark.parametrize("name", [name for name in methods.names() if name not in COPIED])
def test_a_method_that_cannot_be_copied_says_why(name: str) -> None:
    reason = obstacle(methods.get(name))
    assert reason and reason.startswith(f"{name} cannot be copied") and reason.endswith(".")
    with pytest.raises(ValueError) as raised:
        loss_code(kdcore.Arm(name))
    assert str(raised.value) == reason


def test_the_reasons_name_what_stands_in_the_way() -> None:
    assert "pieces beside the student" in (obstacle(methods.get("ctkd")) or "")
    assert "before they learnt" in (obstacle(methods.get("delta")) or "")
    assert "more of both networks" in (obstacle(methods.get("dynamic_objective")) or "")
    assert "works out constants" in (obstacle(methods.get("partial_teacher")) or "")
    assert "progress" in loss_code(kdcore.Arm("bias")) and "progress" not in loss_code(kdcore.Arm("dkd"))


def test_a_method_that_is_not_written_down_is_refused() -> None:
    @methods.method(needs=("labels",))
    def unheard_of(student: kdcore.Signal, teacher: kdcore.Signal, labels: Tensor) -> methods.Terms:
        """Nothing."""
        return {}

    with known(unheard_of), pytest.raises(ValueError, match="unheard_of is not written down"):
        loss_code(kdcore.Arm("unheard_of"))
