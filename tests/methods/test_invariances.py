"""What every method declares about itself is checked here, for all methods there are: a new file needs no new test."""

from __future__ import annotations

import inspect
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from kdcore import Signal
from kdcore.methods import Method
from kdcore.methods.declaration import identity
from tests.methods.worlds import Pieces, bounds_of, by_name, each, everyone, settings_of, world

SEEDS = st.integers(0, 10_000)
SIZES = st.integers(2, 6)
every_method = pytest.mark.parametrize("method", everyone(), ids=by_name)


def claiming(invariance: str) -> list[Method]:
    return [method for method in everyone() if invariance in method.invariant]


def source(method: Method) -> str:
    return inspect.getsource(inspect.getmodule(method.function))  # type: ignore[arg-type]


@pytest.mark.parametrize("method", claiming("zero at identity"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=10)
def test_nothing_is_left_to_learn_from_oneself(method: Method, seed: int, batch: int, classes: int) -> None:
    found = world(method, seed, batch, classes)
    assert abs(float(found.of_oneself().loss())) < 1e-12
    assert float(found.loss().detach()) >= 0


@pytest.mark.parametrize("method", claiming("batch permutation"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=10)
def test_order_of_the_batch_does_not_matter(method: Method, seed: int, batch: int, classes: int) -> None:
    found = world(method, seed, batch, classes, alike=False)
    order = torch.randperm(len(found.ids), generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(found.rows(order).loss(), found.loss(), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("method", claiming("batch duplication"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=10)
def test_a_batch_seen_twice_has_the_same_mean(method: Method, seed: int, batch: int, classes: int) -> None:
    found = world(method, seed, batch, classes, alike=False)
    twice = found.rows(found.ids.repeat(2))
    torch.testing.assert_close(twice.loss(), found.loss(), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("method", claiming("class permutation"), ids=by_name)
@given(seed=SEEDS, batch=SIZES, classes=SIZES)
@settings(max_examples=10)
def test_names_of_the_classes_do_not_matter(method: Method, seed: int, batch: int, classes: int) -> None:
    # A piece of one's own may have weights for each class; without one the claim is the method's alone.
    found = replace(world(method, seed, batch, classes), side=identity)
    order = torch.randperm(found.student.logits.shape[-1], generator=torch.Generator().manual_seed(seed))
    torch.testing.assert_close(found.renamed(order).loss(), found.loss(), rtol=1e-10, atol=1e-10)


@every_method
@given(seed=SEEDS, size=st.integers(3, 5))
@settings(max_examples=10)
def test_students_never_mix_when_there_are_as_many_as_examples_and_classes(
    method: Method, seed: int, size: int
) -> None:
    together = world(method, seed, size, size, (size,), alike=bool(seed % 2))
    random, knobs = torch.Generator().manual_seed(seed), {}
    for knob in method.knobs.values():
        if knob.kind == "number":
            share = torch.rand(size, 1, generator=random, dtype=torch.float64)
            knobs[knob.name] = knob.low + share * (min(knob.high, 20) - knob.low)
    ways = list(settings_of(method))
    chosen = ways[seed % len(ways)]
    terms, says = together.terms(**knobs, **chosen), together.says()
    for term in terms.values():
        assert term.shape in ((size, size), (size, 1))
    for number in range(size):
        alone = together.one(number)
        own = chosen | {name: float(values[number]) for name, values in knobs.items()}
        for name, term in (found := alone.terms(**own)).items():
            torch.testing.assert_close(terms[name][number], term, rtol=1e-10, atol=1e-10)
        assert found.keys() == terms.keys()
        if says is not None:
            torch.testing.assert_close(says[number], alone.says(), rtol=1e-10, atol=1e-10)


@every_method
def test_gradients_are_those_of_the_values(method: Method) -> None:
    if ".detach()" in source(method) or "no_grad" in source(method):
        pytest.skip("means to stop a gradient: its own test says what the gradient is")
    found = world(method, 3, 3, 4, alike=False)
    names = list(found.student.features)
    # Away from the rectifier's corner, where there are two slopes.
    layers = [feature + 0.1 for feature in found.student.features.values()]
    own = [found.student.logits, *layers]
    own += [] if found.student.input_gradient is None else [found.student.input_gradient]

    def value(logits: Tensor, *more: Tensor) -> Tensor:
        features = dict(zip(names, more, strict=False))
        student = Signal(logits, features, more[-1] if len(more) > len(names) else None)
        return replace(found, student=student).loss() + 0 * sum(part.sum() for part in (logits, *more))

    assert torch.autograd.gradcheck(value, [part.detach().clone().requires_grad_() for part in own])


@every_method
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_values_and_gradients_are_finite_in_single_precision_at_every_bound(method: Method, scale: float) -> None:
    found = world(method, 0, 8, 10, dtype=torch.float32, scale=scale, alike=False)
    # Scores that are only +scale and -scale, so that whole rows coincide.
    student = replace(found.student, logits=found.student.logits.sign() * scale)
    student = each(student, lambda tensor: tensor.clone().requires_grad_())
    parts = [student.logits, *student.features.values()]
    weights = [w for piece in getattr(found.side, "modules", []) for w in piece.parameters()]
    found = replace(found, student=student)
    for knobs in bounds_of(method):
        value = found.loss(**knobs)
        assert value.isfinite(), knobs
        if value.requires_grad:
            slopes = torch.autograd.grad(value, [*parts, *weights], allow_unused=True)
            assert all(slope is None or slope.isfinite().all() for slope in slopes), knobs


@every_method
def test_examples_that_coincide_leave_values_and_gradients_finite(method: Method) -> None:
    found = world(method, 1, 6, 4, dtype=torch.float32, alike=False).rows(torch.tensor([0, 0, 1, 1, 1, 2]))
    student = each(found.student, lambda tensor: tensor.clone().requires_grad_())
    for chosen in settings_of(method):
        value = replace(found, student=student).loss(**chosen)
        assert value.isfinite()
        if value.requires_grad:
            parts = [student.logits, *student.features.values()]
            slopes = torch.autograd.grad(value, parts, allow_unused=True)
            # Where examples are equal no direction can be large: the published forms divide by 1e-12.
            assert all(slope is None or slope.abs().max() < 1e4 for slope in slopes)


@pytest.mark.parametrize("method", [method for method in everyone() if method.side], ids=by_name)
def test_every_side_piece_is_reached_by_a_gradient_in_the_middle_of_training(method: Method) -> None:
    reached: set[str] = set()
    for seed in range(3):
        found = world(method, seed, 8, 4, alike=False)
        assert isinstance(found.side, Pieces)
        weights = dict(found.side.modules[0].named_parameters())
        with torch.no_grad():
            # What starts at zero, as a change of low rank does, hides what stands before it.
            for weight in weights.values():
                weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed)))
        # A method that trains its student block by block has a time for every piece.
        moments = [place / 10 for place in range(10)] if method.trains else [0.5]
        for progress, chosen in itertools.product(moments, settings_of(method)):
            found = replace(found, progress=progress)
            value = found.loss(**chosen)
            if (says := found.says()) is not None:
                value = value + functional.cross_entropy(says, found.labels)
            if not value.requires_grad:
                continue
            slopes = torch.autograd.grad(value, list(weights.values()), allow_unused=True)
            pairs = zip(weights, slopes, strict=True)
            reached |= {name for name, slope in pairs if slope is not None and (slope != 0).any()}
    assert reached == set(weights), f"never trained: {set(weights) - reached}"


@pytest.mark.parametrize("method", [method for method in everyone() if method.answer], ids=by_name)
def test_an_answer_of_its_own_is_one_number_for_each_class(method: Method) -> None:
    found = world(method, 2, 6, 4, (3,), alike=False)
    says = found.says()
    assert says is not None and says.shape == (3, 6, 4) and says.isfinite().all()


@every_method
@pytest.mark.parametrize("withheld", [1, 4])
def test_a_withheld_label_teaches_nothing_and_breaks_nothing(method: Method, withheld: int) -> None:
    found = world(method, 5, 4, 3)
    some = replace(found, labels=torch.where(found.ids < withheld, -1, found.labels))
    assert some.loss().isfinite()
    if set(method.needs) <= {"logits", "labels"} and withheld == 1:
        whole, fewer = found.terms(), found.rows(found.ids[withheld:]).terms()
        for name, term in some.terms().items():
            # What needs a label covers the labelled examples; what needs none covers all of them.
            over_labelled = torch.allclose(term.mean(-1), fewer[name].mean(-1), rtol=1e-12, atol=1e-12)
            assert over_labelled or torch.equal(term, whole[name])


@pytest.mark.parametrize("method", [method for method in everyone() if "logits" in method.needs], ids=by_name)
def test_standardised_logits_do_not_feel_an_affine_map(method: Method) -> None:
    if "base" in method.supplied:
        pytest.skip("hears two more networks, whose logits are not standardised by the same map")
    found = world(method, 7, 5, 6)
    scale = 1 + torch.rand(5, 1, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    student = replace(found.student, logits=scale * found.student.logits + 7)
    teacher = replace(found.teacher, logits=found.teacher.logits / scale - 3)
    moved = replace(found, student=student, teacher=teacher)
    # Up to the guard in the division, which is 1e-7 of a deviation.
    torch.testing.assert_close(moved.loss(standardise=True), found.loss(standardise=True), rtol=1e-5, atol=1e-6)
    assert not method.knobs["standardise"].default


@every_method
def test_a_method_says_what_it_does_and_where_it_is_from(method: Method) -> None:
    assert method.about.endswith(".") or method.about.endswith(":")
    assert method.source
    assert method.needs
    for knob in method.knobs.values():
        assert knob.check(knob.default) == knob.default
        assert knob.kind != "number" or knob.low <= float(knob.default) <= knob.high


@every_method
def test_a_method_that_claims_less_says_why(method: Method) -> None:
    declared = source(method).lower()
    for claim in ("zero at identity", "batch permutation", "batch duplication", "class permutation"):
        assert claim in method.invariant or all(word in declared for word in claim.split())


TOY = '''"""A toy (nobody, nowhere)."""

from typing import Annotated

from kdcore.methods import Range, method
from kdcore.signal import kl_divergence, log_soft_labels


# Not zero at identity, and so on: no batch duplication and no class permutation is claimed.
@method(needs=("logits",), invariant=("batch permutation",))
def toy(student, teacher, labels, *, strength: Annotated[float, Range(0, 3)] = 1.0):
    """Listens a little."""
    return {"soft": strength * kl_divergence(log_soft_labels(teacher.logits), log_soft_labels(student.logits))}
'''
WITH_TOY = """
import importlib.util, sys
spec = importlib.util.find_spec("kdcore.methods")
spec.submodule_search_locations.append(sys.argv[1])
methods = sys.modules["kdcore.methods"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(methods)
import hypothesis, kdcore
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")
from tests.methods import test_invariances as tests
toy = methods.get("toy")
assert methods.names() == sorted(methods.names())
assert kdcore.Arm("toy", strength=2).knobs == {"strength": 2.0, "standardise": False}
try:
    kdcore.Arm("toy", strength=4)
except ValueError as error:
    assert "strength must lie in [0, 3]; got 4" in str(error)
else:
    raise AssertionError("a knob out of bounds was taken")
for name, test in list(vars(tests).items()):
    marks = getattr(test, "pytestmark", [])
    if any(mark.args[0] == "method" and toy in mark.args[1] for mark in marks):
        if len(marks) == 1:
            test(method=toy)
        print(name)
"""


def test_one_file_is_a_method_with_knobs_and_property_tests(tmp_path: Path) -> None:
    (tmp_path / "toy.py").write_text(TOY)
    root = Path(__file__).parents[2]
    run: Any = subprocess.run(
        [sys.executable, "-c", WITH_TOY, str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stdout + run.stderr
    heard = set(run.stdout.split())
    claimed = {"test_nothing_is_left_to_learn_from_oneself", "test_order_of_the_batch_does_not_matter"}
    assert claimed & heard == {"test_order_of_the_batch_does_not_matter"}, "tests follow what is claimed"
    assert len(heard) >= 9 and "test_gradients_are_those_of_the_values" in heard
