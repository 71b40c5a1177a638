"""Every method there is, in the loop: it trains, its students keep to themselves, and its teacher hears nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from kdcore import Arm, Network, Teacher
from kdcore.cohort import Cohort
from kdcore.experiment import Experiment
from kdcore.methods import Method
from kdcore.training import prepare
from tests.methods.worlds import by_name, everyone
from tests.small import TEACHER, experiment, trained, weights_of

CNN = Network("cnn", widths=(3, 4))
CNN_TEACHER = Teacher(network=Network("cnn", widths=(4, 5, 6)), steps=30)
every_method = pytest.mark.parametrize("method", everyone(), ids=by_name)


def with_arms(method: Method, *arms: Arm, **fields: Any) -> Experiment:
    """A quick experiment on networks that have what the method needs."""
    if "maps" in method.needs:
        fields = {"student": CNN, "teacher": CNN_TEACHER, **fields}
    return experiment(*arms, **{"steps": 4, **fields})


@every_method
def test_it_trains_beside_others_as_it_does_alone(method: Method) -> None:
    arm = Arm(method.name, name="one")
    company = with_arms(method, Arm("hard", name="labels"), arm, Arm(method.name, name="two"), seeds=(5, 2))
    together, alone = (trained(given, dtype=torch.float64) for given in (company, with_arms(method, arm, seeds=(2,))))
    assert not together.cohort.stopped.any() and not together.cohort.raised
    # What is asked in the loop is answered in single precision, whose last digit may depend on the batch.
    tolerance = 1e-6 if {"live_teacher", "maps", "input_gradient"} & set(method.needs) or method.view else 1e-9
    for name, weight in weights_of(alone, "one").items():
        assert weight.isfinite().all()
        for other in ("one", "two"):
            found = weights_of(together, other)[name][1:]
            torch.testing.assert_close(found, weight, rtol=0, atol=tolerance)


@every_method
def test_its_teacher_hears_nothing(method: Method) -> None:
    cohort = Cohort(prepare(with_arms(method, Arm(method.name))), torch.float32)
    batch = cohort.batch(0, 0.5)
    signal = cohort.answer(batch)
    for group in cohort.groups:
        _, teacher = group.views(signal, batch)
        heard = [teacher.logits, *teacher.features.values(), teacher.input_gradient]
        assert not any(tensor is not None and tensor.requires_grad for tensor in heard)


def test_a_small_teacher_is_shared_by_these_tests() -> None:
    assert TEACHER.steps == 150
