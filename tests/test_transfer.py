"""What each seed's students see and hear."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from kdcore import Transfer, datasets
from kdcore.transfer import TransferSet, draw

DIGITS = datasets.load("digits")
TRUE = DIGITS.labels


def drawn(seeds: tuple[int, ...] = (0, 1, 2), batch_size: int = 64, **fields: Any) -> TransferSet:
    return draw(Transfer(**fields), DIGITS, seeds, batch_size)


def counts(ids: Tensor) -> list[int]:
    return torch.bincount(TRUE[ids], minlength=10).tolist()


def test_all_train_examples_with_their_labels_are_the_default() -> None:
    everything = drawn()
    for ids, labels in zip(everything.ids, everything.labels, strict=True):
        assert torch.equal(ids.sort().values, DIGITS.train.sort().values)
        assert torch.equal(labels, TRUE[ids])


def test_so_many_a_class_are_so_many_of_each_and_another_draw_for_each_seed() -> None:
    three = drawn(per_class=3)
    assert three.size == 30
    assert [counts(ids) for ids in three.ids] == [[3] * 10] * 3
    assert torch.isin(three.ids, DIGITS.train).all()
    assert len(three.ids.unique()) > 60
    assert (three.labels == TRUE[three.ids]).all()


def test_the_first_pictures_show_every_class() -> None:
    assert counts(drawn(per_class=3).ids[0][:10]) == [1] * 10


def test_one_draw_for_all_is_the_same_for_every_seed() -> None:
    same = drawn(n=40, same_for_all=True)
    assert (same.ids == same.ids[0]).all()


def test_a_seeds_draw_does_not_depend_on_the_others() -> None:
    few, many = drawn((4,), n=25, labels=5), drawn((7, 4, 1), n=25, labels=5)
    assert torch.equal(few.ids[0], many.ids[1])
    assert torch.equal(few.labels[0], many.labels[1])


def test_omitted_classes_are_never_shown() -> None:
    kinds: list[dict[str, Any]] = [{}, {"n": 50}, {"per_class": 5}]
    for fields in kinds:
        left = drawn(omit=(3, 8), **fields)
        for ids in left.ids:
            assert counts(ids)[3] == counts(ids)[8] == 0


def test_withheld_labels_are_minus_one_and_the_rest_true() -> None:
    some = drawn(n=40, labels=12)
    for ids, labels in zip(some.ids, some.labels, strict=True):
        heard = labels >= 0
        assert heard.sum() == 12
        assert torch.equal(labels[heard], TRUE[ids][heard])
        assert (labels[~heard] == -1).all()
    assert not torch.equal(some.labels[0] >= 0, some.labels[1] >= 0), "other ones for each seed"


def test_no_label_at_all_may_be_kept() -> None:
    assert (drawn(labels=0).labels == -1).all()


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_the_share_of_wrong_labels_is_exact(share: float) -> None:
    noisy = drawn(n=200, wrong=share)
    for ids, labels in zip(noisy.ids, noisy.labels, strict=True):
        assert (labels != TRUE[ids]).sum() == round(200 * share)
        assert ((labels >= 0) & (labels < 10)).all()


def test_the_share_of_wrong_labels_is_that_of_the_labels_that_are_kept() -> None:
    noisy = drawn(n=200, labels=40, wrong=0.25)
    for ids, labels in zip(noisy.ids, noisy.labels, strict=True):
        heard = labels >= 0
        assert (labels != TRUE[ids])[heard].sum() == 10


def test_every_seed_meets_the_same_errors() -> None:
    noisy = drawn(wrong=0.3)
    pairs = zip(noisy.ids.tolist(), noisy.labels.tolist(), strict=True)
    first, second, _ = (dict(zip(ids, labels, strict=True)) for ids, labels in pairs)
    assert first == second


def test_a_small_set_is_one_batch_in_one_order() -> None:
    thirty = drawn(per_class=3)
    ids, labels = thirty.batch(0)
    assert torch.equal(ids, thirty.ids) and torch.equal(labels, thirty.labels)
    assert torch.equal(thirty.batch(599)[0], ids)


def test_an_epoch_shows_every_example_once_in_a_fresh_order() -> None:
    hundred = drawn(n=100, batch_size=32, labels=60)
    orders = []
    for epoch in range(2):
        parts = [hundred.batch(4 * epoch + number) for number in range(4)]
        assert [part[0].shape[1] for part in parts] == [32, 32, 32, 4]
        ids, labels = (torch.cat(part, 1) for part in zip(*parts, strict=True))
        for seed in range(3):
            told = dict(zip(hundred.ids[seed].tolist(), hundred.labels[seed].tolist(), strict=True))
            assert dict(zip(ids[seed].tolist(), labels[seed].tolist(), strict=True)) == told
        orders.append(ids)
    assert not torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[0][0], orders[0][1])


def test_a_batch_depends_on_its_step_and_seed_alone() -> None:
    first, second = drawn((0, 5), n=100, batch_size=32), drawn((5, 6, 7), n=100, batch_size=32)
    for step in range(9):
        first.batch(step)
    assert torch.equal(first.batch(2)[0][1], second.batch(2)[0][0])


def test_more_than_is_left_is_refused_with_the_numbers() -> None:
    with pytest.raises(ValueError, match="950 inputs were asked for"):
        drawn(n=950, omit=(3,))
    with pytest.raises(ValueError, match="980 labels cannot be kept"):
        drawn(labels=980, omit=(3,))


def test_points_are_drawn_as_pictures_are() -> None:
    spirals = datasets.load("spirals")
    three = draw(Transfer(per_class=3), spirals, (0, 1), 64)
    assert torch.bincount(spirals.labels[three.ids[0]]).tolist() == [3] * 5
