"""What every method declares about itself is checked here, for all methods there are: a new file needs no new test."""

from __future__ import annotations

import inspect
import itertools
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from kdcore import Signal, methods

SEEDS = st.integers(0, 10_000)
SIZES = st.integers(2, 6)


class Case:
    """A batch with everything that a method may ask for; row i of the data is example i."""

    def __init__(self, seed: int, batch: int, classes: int, students: tuple[int, ...] = ()) -> None:
        self.random = torch.Generator().manual_seed(seed)
        self.students, self.batch, self.classes = students, batch, classes
        self.student, self.teacher = self._signal(students), self._signal(())
        self.labels = torch.randint(0, classes, (batch,), generator=self.random)
        self.ids = torch.arange(batch)

    def _numbers(self, *shape: int) -> Tensor:
        return 2 * torch.randn(*shape, generator=self.random, dtype=torch.float64)

    def _signal(self, students: tuple[int, ...]) -> Signal:
        layers = {f"layer{i}": self._numbers(*students, self.batch, 5) for i in range(2)}
        return Signal(
            self._numbers(*students, self.batch, self.classes), layers, self._numbers(*students, self.batch, 3)
        )

    def supplied(self, method: methods.Method) -> dict[str, Any]:
        """What the loop would supply."""
        everything = {
            "ids": self.ids,
            "progress": 0.5,
            "generator": torch.Generator().manual_seed(1),
            "prepared": method.prepare(self.teacher, self.labels) if method.prepare else None,
            "base": {"student": self.student, "teacher": self.teacher},
        }
        return {name: everything[name] for name in method.supplied if name != "side"}


def rows(signal: Signal, order: Tensor) -> Signal:
    gradient = signal.input_gradient
    features = {name: feature[..., order, :] for name, feature in signal.features.items()}
    return Signal(signal.logits[..., order, :], features, None if gradient is None else gradient[..., order, :])


def columns(signal: Signal, order: Tensor) -> Signal:
    return Signal(signal.logits[..., order], signal.features, signal.input_gradient)


def loss(method: methods.Method, student: Signal, teacher: Signal, labels: Tensor, **inputs: Any) -> Tensor:
    return methods.total(method(student, teacher, labels, **inputs))


def claiming(invariance: str) -> list[methods.Method]:
    return [methods.get(name) for name in methods.names() if invariance in methods.get(name).invariant]


def by_name(method: methods.Method) -> str:
    return method.name


everyone = pytest.mark.parametrize("method", [methods.get(name) for name in methods.names()], ids=by_name)


@pytest.mark.parametrize("method", claiming("zero at identity"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=25)
def test_nothing_is_left_to_learn_from_oneself(method: methods.Method, seed: int, batch: int, classes: int) -> None:
    case = Case(seed, batch, classes)
    assert abs(float(loss(method, case.teacher, case.teacher, case.labels, **case.supplied(method)))) < 1e-12
    assert float(loss(method, case.student, case.teacher, case.labels, **case.supplied(method))) >= 0


@pytest.mark.parametrize("method", claiming("batch permutation"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=25)
def test_order_of_the_batch_does_not_matter(method: methods.Method, seed: int, batch: int, classes: int) -> None:
    case = Case(seed, batch, classes)
    inputs = case.supplied(method)
    expected = loss(method, case.student, case.teacher, case.labels, **inputs)
    order = torch.randperm(batch, generator=case.random)
    if "ids" in inputs:
        inputs["ids"] = case.ids[order]
    found = loss(method, rows(case.student, order), rows(case.teacher, order), case.labels[order], **inputs)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", claiming("batch duplication"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=25)
def test_a_batch_seen_twice_has_the_same_mean(method: methods.Method, seed: int, batch: int, classes: int) -> None:
    case = Case(seed, batch, classes)
    inputs = case.supplied(method)
    expected = loss(method, case.student, case.teacher, case.labels, **inputs)
    twice = torch.arange(batch).repeat(2)
    if "ids" in inputs:
        inputs["ids"] = case.ids[twice]
    found = loss(method, rows(case.student, twice), rows(case.teacher, twice), case.labels[twice], **inputs)
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", claiming("class permutation"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=25)
def test_names_of_the_classes_do_not_matter(method: methods.Method, seed: int, batch: int, classes: int) -> None:
    case = Case(seed, batch, classes)
    inputs = case.supplied(method)
    expected = loss(method, case.student, case.teacher, case.labels, **inputs)
    order = torch.randperm(classes, generator=case.random)
    labels = order.argsort()[case.labels]
    found = loss(method, columns(case.student, order), columns(case.teacher, order), labels, **inputs)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@everyone
@given(seed=SEEDS, size=st.integers(3, 5))
@settings(max_examples=15)
def test_students_never_mix_when_there_are_as_many_as_examples_and_classes(
    method: methods.Method, seed: int, size: int
) -> None:
    case = Case(seed, size, size, (size,))
    knobs: dict[str, Any] = {}
    for knob in method.knobs.values():
        if knob.kind == "number":
            share = torch.rand(size, 1, generator=case.random, dtype=torch.float64)
            knobs[knob.name] = knob.low + share * (min(knob.high, 20) - knob.low)
    switches = {knob.name: bool(seed % 2) for knob in method.knobs.values() if knob.kind == "bool"}
    together = method(case.student, case.teacher, case.labels, **knobs, **switches, **case.supplied(method))
    for term in together.values():
        assert term.shape in ((size, size), (size, 1))
    for student in range(size):
        one = Signal(case.student.logits[student], {n: f[student] for n, f in case.student.features.items()})
        own = switches | {name: float(values[student]) for name, values in knobs.items()}
        alone = method(one, case.teacher, case.labels, **own, **case.supplied(method))
        assert alone.keys() == together.keys()
        for name, term in alone.items():
            torch.testing.assert_close(together[name][student], term, rtol=1e-10, atol=1e-10)


@everyone
def test_gradients_are_those_of_the_values(method: methods.Method) -> None:
    if ".detach()" in inspect.getsource(method.function):
        pytest.skip("means to stop a gradient: its own test says what the gradient is")
    case = Case(3, 4, 5)
    inputs = case.supplied(method)

    def value(logits: Tensor) -> Tensor:
        student = Signal(logits, case.student.features, case.student.input_gradient)
        return loss(method, student, case.teacher, case.labels, **inputs) + 0 * logits.sum()

    assert torch.autograd.gradcheck(value, case.student.logits.clone().requires_grad_())


@everyone
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_values_and_gradients_are_finite_in_single_precision(method: methods.Method, scale: float) -> None:
    random = torch.Generator().manual_seed(0)
    signs = torch.randint(0, 2, (2, 8, 10), generator=random) * 2 - 1
    student, teacher = (scale * signs).float().unbind()
    student.requires_grad_()
    case = Case(0, 8, 10)
    case.teacher = Signal(teacher, {n: f.float() for n, f in case.teacher.features.items()})
    for end, switch in itertools.product(("low", "high"), (False, True)):
        knobs = {knob.name: switch if knob.kind == "bool" else getattr(knob, end) for knob in method.knobs.values()}
        value = loss(method, Signal(student), case.teacher, case.labels, **knobs, **case.supplied(method))
        assert value.isfinite()
        if value.requires_grad:
            assert torch.autograd.grad(value, student)[0].isfinite().all()


@everyone
@pytest.mark.parametrize("withheld", [1, 4])
def test_a_withheld_label_teaches_nothing_and_breaks_nothing(method: methods.Method, withheld: int) -> None:
    case = Case(5, 4, 3)
    labels, heard = case.labels.clone(), torch.arange(4) >= withheld
    labels[:withheld] = -1
    found = loss(method, case.student, case.teacher, labels, **case.supplied(method))
    assert found.isfinite()
    if "labels" in method.needs and withheld == 1:
        order = torch.arange(4)[heard]
        fewer = loss(method, rows(case.student, order), rows(case.teacher, order), labels[heard])
        torch.testing.assert_close(found, fewer, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("method", [m for m in map(methods.get, methods.names()) if "logits" in m.needs], ids=by_name)
def test_standardised_logits_do_not_feel_an_affine_map(method: methods.Method) -> None:
    case = Case(7, 5, 6)
    inputs = case.supplied(method) | {"standardise": True}
    expected = loss(method, case.student, case.teacher, case.labels, **inputs)
    scale = 1 + torch.rand(5, 1, generator=case.random, dtype=torch.float64)
    student, teacher = Signal(scale * case.student.logits + 7), Signal(case.teacher.logits / scale - 3)
    # Up to the guard in the division, which is 1e-7 of a deviation.
    found = loss(method, student, teacher, case.labels, **inputs)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert not method.knobs["standardise"].default


@everyone
def test_a_method_says_what_it_does_and_where_it_is_from(method: methods.Method) -> None:
    assert method.about.endswith(".") or method.about.endswith(":")
    assert method.source
    assert method.needs
    for knob in method.knobs.values():
        assert knob.kind == "bool" or knob.low <= float(knob.default) <= knob.high


@everyone
def test_a_method_that_claims_less_says_why(method: methods.Method) -> None:
    declared = inspect.getsource(inspect.getmodule(method.function))  # type: ignore[arg-type]
    if "zero at identity" not in method.invariant:
        assert "# Not zero at identity" in declared
