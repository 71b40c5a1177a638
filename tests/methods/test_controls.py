"""The control and the null arms: the same softness, the same numbers, or the same answers, without the opinions."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from kdcore import Signal, methods
from kdcore.methods.shuffled import wrong_places
from kdcore.methods.smoothed import uniform_rest
from kdcore.signal import entropy, log_soft_labels


def logits(*shape: int, seed: int = 0, scale: float = 4.0) -> Tensor:
    return scale * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def no_teacher() -> Signal:
    return Signal(torch.zeros(1, 0))


def test_hard_says_nothing_beyond_the_labels() -> None:
    hard = methods.get("hard")
    assert hard(Signal(logits(3, 4)), no_teacher(), torch.zeros(3, dtype=torch.long)) == {}
    assert methods.total({}).item() == 0
    assert not hard.hears_teacher
    assert hard.alpha is None
    assert (hard.hard_weight, hard.weight) == (1.0, 0.0)


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.5, 1.0])
def test_label_smoothing_is_torchs(spread: float) -> None:
    student, labels = logits(6, 5).requires_grad_(), torch.tensor([0, 1, 2, 3, 4, 0])
    terms = methods.get("label_smoothing")(Signal(student), no_teacher(), labels)
    ours = (1 - spread) * functional.cross_entropy(student, labels) + spread * methods.total(terms)
    theirs = functional.cross_entropy(student, labels, label_smoothing=spread)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=0)
    slopes = [torch.autograd.grad(loss, student)[0] for loss in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=1e-11, atol=1e-15)


def test_label_smoothing_is_silent_where_the_label_is_withheld() -> None:
    student, labels = logits(6, 5).requires_grad_(), torch.tensor([0, -1, 2, -1, 4, 0])
    uniform = methods.total(methods.get("label_smoothing")(Signal(student), no_teacher(), labels))
    heard = labels >= 0
    torch.testing.assert_close(uniform, -student[heard].log_softmax(-1).mean())
    assert (torch.autograd.grad(uniform, student)[0][~heard] == 0).all()


def test_answers_are_the_teachers_first_choice_as_a_hard_label() -> None:
    student, teacher = logits(2, 6, 5), logits(6, 5, seed=1)
    withheld = torch.full((6,), -1)
    found = methods.get("answers")(Signal(student), Signal(teacher), withheld)["answer"]
    for one, expected in zip(found, student, strict=True):
        torch.testing.assert_close(one, functional.cross_entropy(expected, teacher.argmax(-1), reduction="none"))


@given(
    seed=st.integers(0, 1000), classes=st.integers(2, 12), scale=st.floats(0.01, 30), temperature=st.floats(0.25, 64)
)
def test_smoothed_keeps_entropy_and_first_choice_and_no_opinion(
    seed: int, classes: int, scale: float, temperature: float
) -> None:
    teacher = log_soft_labels(logits(8, classes, seed=seed, scale=scale), temperature)
    flat = log_soft_labels(uniform_rest(teacher))
    torch.testing.assert_close(entropy(flat), entropy(teacher), rtol=0, atol=1e-4)
    first = teacher.argmax(-1, keepdim=True)
    rest = flat.exp().scatter(-1, first, torch.nan)
    others = rest[~rest.isnan()].view(8, classes - 1)
    torch.testing.assert_close(others, others[:, :1].expand_as(others), rtol=1e-12, atol=0)
    chosen = flat.gather(-1, first)
    assert (chosen >= flat.amax(-1, keepdim=True)).all(), "the first choice stays first"


def test_smoothed_meets_the_entropy_of_a_certain_and_of_an_undecided_teacher() -> None:
    certain = torch.tensor([[1e4, 0.0, 0.0]])
    undecided = torch.tensor([[2.0, 2.0, 2.0]])
    for teacher in (certain, undecided):
        log_teacher = log_soft_labels(teacher)
        flat = log_soft_labels(uniform_rest(log_teacher))
        torch.testing.assert_close(entropy(flat), entropy(log_teacher), rtol=0, atol=1e-4)


def exchanged(teacher: Tensor) -> Tensor:
    places = wrong_places(Signal(teacher), torch.zeros(len(teacher), dtype=torch.long))
    return teacher.gather(-1, places)


@given(seed=st.integers(0, 1000), classes=st.integers(2, 12))
def test_shuffled_has_the_teachers_numbers_and_its_first_choice(seed: int, classes: int) -> None:
    teacher = logits(8, classes, seed=seed)
    moved = exchanged(teacher)
    assert torch.equal(moved.sort(-1).values, teacher.sort(-1).values), "the same numbers"
    assert torch.equal(moved.argmax(-1), teacher.argmax(-1)), "the same first choice"


def test_shuffled_moves_most_opinions_about_the_wrong_classes() -> None:
    teacher = logits(500, 10)
    stayed = exchanged(teacher) == teacher
    assert stayed.double().mean() == pytest.approx(2 / 10, abs=0.02), "the first choice, and one of nine by chance"


def test_shuffled_order_belongs_to_the_example_not_to_its_place_in_a_batch() -> None:
    shuffled, teacher, student = methods.get("shuffled"), logits(20, 10), logits(20, 10, seed=1)
    labels = torch.zeros(20, dtype=torch.long)
    assert shuffled.prepare is not None
    prepared = shuffled.prepare(Signal(teacher), labels)
    whole = shuffled(Signal(student), Signal(teacher), labels, ids=torch.arange(20), prepared=prepared)["soft"]
    some = torch.tensor([17, 3, 3, 9])
    part = shuffled(Signal(student[some]), Signal(teacher[some]), labels[some], ids=some, prepared=prepared)["soft"]
    torch.testing.assert_close(part, whole[some])
    assert torch.equal(prepared, shuffled.prepare(Signal(teacher), labels)), "the same in every process"


@pytest.mark.parametrize("name", ["smoothed", "shuffled"])
def test_null_arms_without_t_squared_are_that_much_smaller(name: str) -> None:
    null, teacher, student = methods.get(name), Signal(logits(6, 5)), Signal(logits(6, 5, seed=1))
    labels = torch.zeros(6, dtype=torch.long)
    more = {"ids": torch.arange(6), "prepared": null.prepare(teacher, labels)} if null.prepare else {}
    with_it = null(student, teacher, labels, temperature=3.0, **more)["soft"]
    without = null(student, teacher, labels, temperature=3.0, t_squared=False, **more)["soft"]
    torch.testing.assert_close(with_it, 9 * without)
