"""The one place where logits meet a temperature, and what else a signal is made of."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats
from torch.nn import functional

from kdcore.signal import (
    Signal,
    class_first,
    cross_entropy,
    entropy,
    kl_divergence,
    log_soft_labels,
    over_labelled,
    pairs,
    pool,
)

SIZE = 5
"""Students, examples and classes alike: where wrong broadcasting would be silent."""


def logits(*shape: int, seed: int = 0) -> torch.Tensor:
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0, 64.0])
def test_soft_labels_are_scipys_softmax_of_the_divided_logits(temperature: float) -> None:
    given = logits(4, 7)
    expected = special.log_softmax(given.numpy() / temperature, axis=-1)
    np.testing.assert_allclose(log_soft_labels(given, temperature).numpy(), expected, rtol=1e-12)


def test_temperature_per_student_acts_on_that_student_alone() -> None:
    given = logits(SIZE, SIZE, SIZE)
    temperatures = torch.tensor([0.5, 1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
    together = log_soft_labels(given, temperatures[:, None])
    for student in range(SIZE):
        torch.testing.assert_close(together[student], log_soft_labels(given[student], float(temperatures[student])))


def test_temperature_per_example_acts_on_that_example_alone() -> None:
    given = logits(SIZE, SIZE, SIZE)
    temperatures = torch.rand(SIZE, SIZE, dtype=torch.float64) + 0.5
    together = log_soft_labels(given, temperatures)
    for student in range(SIZE):
        for example in range(SIZE):
            alone = log_soft_labels(given[student, example][None], float(temperatures[student, example]))[0]
            torch.testing.assert_close(together[student, example], alone)


def test_class_first_changes_the_layout_and_no_number() -> None:
    given = logits(3, 4, 5)
    relaid = class_first(given)
    assert torch.equal(relaid, given)
    assert relaid.mT.is_contiguous()


def test_entropy_is_scipys_even_for_a_certain_answer() -> None:
    given = logits(6, 4)
    expected = stats.entropy(special.softmax(given.numpy(), axis=-1), axis=-1)
    np.testing.assert_allclose(entropy(log_soft_labels(given)).numpy(), expected, rtol=1e-12)
    certain = torch.tensor([[0.0, -torch.inf, -torch.inf]])
    assert entropy(certain).tolist() == [0.0]


def test_kl_is_scipys_and_never_negative() -> None:
    teacher, student = log_soft_labels(logits(6, 4)), log_soft_labels(logits(6, 4, seed=1))
    expected = special.rel_entr(teacher.exp().numpy(), student.exp().numpy()).sum(-1)
    np.testing.assert_allclose(kl_divergence(teacher, student).numpy(), expected, rtol=1e-10)
    assert (kl_divergence(teacher, student) >= 0).all()


@given(st.lists(st.integers(-1, 4), min_size=1, max_size=12))
def test_cross_entropy_is_torchs_mean_over_labelled_examples(heard: list[int]) -> None:
    labels = torch.tensor(heard)
    given = logits(len(heard), 5).requires_grad_()
    ours = cross_entropy(given, labels).mean(-1)
    if (labels >= 0).any():
        torch.testing.assert_close(ours, functional.cross_entropy(given, labels, ignore_index=-1))
    else:
        assert ours.item() == 0
    (gradient,) = torch.autograd.grad(ours, given)
    assert (gradient[labels < 0] == 0).all()
    assert gradient.isfinite().all()


def test_labels_belong_to_examples_when_there_are_as_many_students() -> None:
    given = logits(SIZE, SIZE, SIZE)
    labels = torch.tensor([4, 0, 2, -1, 1])
    together = cross_entropy(given, labels)
    for student in range(SIZE):
        torch.testing.assert_close(together[student], cross_entropy(given[student], labels))


def test_a_term_over_labelled_examples_averages_over_those() -> None:
    term = torch.tensor([[1.0, 2.0, 3.0, torch.nan], [1.0, 2.0, 3.0, 4.0]])
    labels = torch.tensor([[0, -1, 2, -1], [-1, -1, -1, -1]])
    assert over_labelled(term, labels).mean(-1).tolist() == [2.0, 0.0]


def test_pooling_averages_maps_whatever_stands_before() -> None:
    maps = logits(2, 3, 4, 5, 6, 7)
    torch.testing.assert_close(pool(maps), maps.flatten(-2).mean(-1))


def test_features_given_as_a_sequence_are_named_by_their_place() -> None:
    signal = Signal(logits(2, 3), [logits(2, 4), logits(2, 5)])  # type: ignore[arg-type]
    assert list(signal.features) == ["0", "1"]
    assert signal.penultimate.shape == (2, 5)


def test_a_signal_without_features_says_what_to_ask_for() -> None:
    with pytest.raises(ValueError, match="needs"):
        _ = Signal(logits(2, 3)).penultimate


@given(st.integers(1, 8), st.integers(1, 8))
def test_layers_are_paired_by_depth_the_last_with_the_last(ours: int, theirs: int) -> None:
    student, teacher = [f"s{i}" for i in range(ours)], [f"t{i}" for i in range(theirs)]
    together = pairs(student, teacher)
    assert len(together) == min(ours, theirs)
    assert together[-1] == (student[-1], teacher[-1])
    assert [a for a, _ in together] == sorted({a for a, _ in together}), "each layer once, in order of depth"
    assert [b for _, b in together] == sorted({b for _, b in together})
