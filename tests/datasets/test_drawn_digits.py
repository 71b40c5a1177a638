"""Distorted digits are still those digits, only the train part is distorted, and every machine makes the same bytes."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from kdcore import datasets
from kdcore.datasets import digits, drawn_digits

PLAIN = datasets.load("digits", 3)
DRAWN = datasets.load("drawn_digits", 3)


def random() -> np.random.RandomState:
    return np.random.RandomState(0)


def test_validation_and_test_are_the_plain_pictures_of_the_same_split() -> None:
    for drawn, plain in ((DRAWN.validation, PLAIN.validation), (DRAWN.test, PLAIN.test)):
        assert torch.equal(DRAWN.inputs[drawn], PLAIN.inputs[plain])
        assert torch.equal(DRAWN.labels[drawn], PLAIN.labels[plain])


def test_every_train_picture_has_its_copies_under_its_own_label() -> None:
    labels = DRAWN.labels[DRAWN.train].reshape(drawn_digits.COPIES, -1)
    assert torch.equal(labels, PLAIN.labels[PLAIN.train].expand_as(labels))
    copies = DRAWN.inputs[DRAWN.train].reshape(drawn_digits.COPIES, -1, 64)
    assert (copies[0] != copies[1]).any(-1).all()
    originals = PLAIN.inputs[PLAIN.train].flatten(1)
    alike = torch.nn.functional.cosine_similarity(copies, originals[None], -1)
    strangers = torch.nn.functional.cosine_similarity(copies, originals.roll(1, 0)[None], -1)
    assert alike.median() > strangers.median() + 0.1


def test_pictures_stay_in_the_seventeen_grey_levels() -> None:
    levels = DRAWN.inputs * digits.GREY_LEVELS
    assert torch.equal(levels, levels.round())
    assert levels.min() == 0 and levels.max() == 16


def test_no_distortion_leaves_a_picture_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ROTATION", "SCALE", "SHIFT", "SHEAR", "GAIN"):
        monkeypatch.setattr(drawn_digits, name, 0.0)
    pictures = PLAIN.inputs[:50, 0].numpy().astype(np.float64)
    np.testing.assert_array_equal(drawn_digits._distorted(pictures, random()), pictures)


def test_ink_between_pixels_is_shared_and_outside_there_is_none() -> None:
    picture = np.zeros((1, 8, 8))
    picture[0, 2, 5] = 1.0

    def at(row: float, column: float) -> float:
        return float(drawn_digits._between(picture, np.array([[row]]), np.array([[column]]))[0, 0])

    assert at(2, 5) == pytest.approx(1) and at(2.5, 5) == pytest.approx(0.5) and at(1.75, 5.5) == pytest.approx(0.375)
    assert at(3, 5) == pytest.approx(0) and at(-4, 5) == pytest.approx(0) and at(2, 40) == pytest.approx(0)


def test_a_turned_stroke_is_turned_about_the_middle(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SCALE", "SHIFT", "SHEAR", "GAIN"):
        monkeypatch.setattr(drawn_digits, name, 0.0)
    upright = np.zeros((200, 8, 8))
    upright[:, :, 3:5] = 1.0
    turned = drawn_digits._distorted(upright, random())
    angle = random().normal(0, drawn_digits.ROTATION, 200)
    columns = np.arange(8)
    middle = (turned * columns).sum(-1) / turned.sum(-1)
    slope = np.degrees(np.arctan((middle[:, 5] - middle[:, 2]) / 3))
    assert np.corrcoef(slope, angle)[0, 1] < -0.9
    assert_allclose(middle.mean(), 3.5, atol=0.1)


def test_split_zero_never_changes() -> None:
    """The shipped teacher of the pad is found by these bytes."""
    pictures = datasets.load("drawn_digits").inputs
    assert hashlib.sha256((pictures * 16).to(torch.uint8).numpy().tobytes()).hexdigest() == CONTENT


CONTENT = "ad72acc4c72f9e71cd66d070ab780d6eb3f34cde11e5a4b4675326fffaa1f493"
