"""Measures against SciPy and against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torch import Tensor

from kdcore import measures


def logits(*shape: int, seed: int = 0) -> Tensor:
    return 2 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def labels(count: int, classes: int, seed: int = 0) -> Tensor:
    return torch.randint(0, classes, (count,), generator=torch.Generator().manual_seed(seed))


@given(st.integers(0, 1000), st.integers(3, 12))
def test_agreement_about_the_wrong_classes_is_scipys_spearman_over_them(seed: int, classes: int) -> None:
    student, teacher, true = logits(9, classes, seed=seed), logits(9, classes, seed=seed + 1), labels(9, classes, seed)
    expected = []
    for ours, theirs, label in zip(student.numpy(), teacher.numpy(), true.tolist(), strict=True):
        wrong = [number for number in range(classes) if number != label]
        expected.append(stats.spearmanr(ours[wrong], theirs[wrong]).statistic)
    found = measures.wrong_class_agreement(student, teacher, true)
    assert float(found) == pytest.approx(np.mean(expected), abs=1e-5)


def test_agreement_about_the_wrong_classes_does_not_look_at_the_true_one() -> None:
    student, teacher, true = logits(20, 10), logits(20, 10, seed=1), labels(20, 10)
    changed = student.scatter(-1, true[:, None], 50.0)
    same = measures.wrong_class_agreement(student, teacher, true)
    assert torch.equal(measures.wrong_class_agreement(changed, teacher, true), same)


def test_agreement_about_the_wrong_classes_is_one_with_oneself_and_minus_one_with_the_opposite() -> None:
    teacher, true = logits(20, 10), labels(20, 10)
    assert float(measures.wrong_class_agreement(3 * teacher + 1, teacher, true)) == pytest.approx(1)
    assert float(measures.wrong_class_agreement(-teacher, teacher, true)) == pytest.approx(-1)


def test_two_classes_leave_nothing_to_agree_about() -> None:
    assert measures.wrong_class_agreement(logits(3, 4, 2), logits(4, 2), labels(4, 2)).isnan().tolist() == [True] * 3


def test_calibration_error_is_that_of_a_plain_loop() -> None:
    said, true = logits(400, 5), labels(400, 5)
    probabilities = said.softmax(-1).numpy()
    error = 0.0
    for number in range(15):
        low, high = number / 15, (number + 1) / 15
        members = [i for i in range(400) if low < probabilities[i].max() <= high]
        if members:
            right = np.mean([probabilities[i].argmax() == true[i].item() for i in members])
            sure = np.mean([probabilities[i].max() for i in members])
            error += len(members) / 400 * abs(right - sure)
    assert float(measures.expected_calibration_error(said, true)) == pytest.approx(error, abs=1e-6)


def test_sure_and_right_is_calibrated_and_sure_and_wrong_is_not() -> None:
    true = labels(50, 4)
    sure = 100 * torch.nn.functional.one_hot(true, 4).float()
    assert float(measures.expected_calibration_error(sure, true)) == pytest.approx(0)
    assert float(measures.expected_calibration_error(sure, (true + 1) % 4)) == pytest.approx(1)


def test_accuracy_is_a_count() -> None:
    said = torch.tensor([[[3.0, 1, 0], [0, 1, 0], [0, 1, 2], [5, 1, 0]]])
    assert measures.accuracy(said, torch.tensor([0, 1, 1, 0])).tolist() == [0.75]
    assert measures.per_class_accuracy(said, torch.tensor([0, 1, 1, 0])).tolist()[0][:2] == [1.0, 0.5]


def test_accuracy_of_each_class_is_that_of_a_plain_loop_and_nan_without_examples() -> None:
    said, true = logits(2, 60, 5), labels(60, 4)
    found = measures.per_class_accuracy(said, true)
    for student in range(2):
        right = said[student].argmax(-1) == true
        for number in range(4):
            assert float(found[student, number]) == pytest.approx(float(right[true == number].float().mean()))
    assert found[:, 4].isnan().all()


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
def test_an_answer_that_is_no_number_is_wrong(number: float) -> None:
    said = torch.tensor([[1.0, 0.0], [number, 0.0], [number, number]])
    for label in (0, 1):
        assert measures.accuracy(said[1:], torch.tensor([label, label])).item() == 0
    assert measures.accuracy(said, torch.tensor([0, 0, 0])).item() == pytest.approx(1 / 3)


def test_withheld_labels_are_left_out_of_accuracy() -> None:
    said = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert measures.accuracy(said, torch.tensor([0, -1, 0])).item() == 0.5
    assert measures.accuracy(said, torch.tensor([-1, -1, -1])).isnan()


def test_ties_are_counted_and_the_lower_class_answers() -> None:
    said = torch.tensor([[1.0, 1.0, 0.0], [1.0, 2.0, 2.0], [3.0, 2.0, 2.0], [0.0, 0.0, 0.0]])
    assert measures.ties(said).item() == 0.75
    assert measures.accuracy(said, torch.tensor([0, 1, 0, 0])).item() == 1


def test_agreement_is_the_share_of_equal_first_choices() -> None:
    student, teacher = logits(3, 50, 4), logits(50, 4, seed=1)
    expected = (student.numpy().argmax(-1) == teacher.numpy().argmax(-1)).mean(-1)
    np.testing.assert_allclose(measures.agreement(student, teacher).numpy(), expected, rtol=1e-6)


def test_class_similarity_is_the_mean_soft_label_of_each_class() -> None:
    said, true = logits(2, 80, 5), labels(80, 4)
    found = measures.class_similarity(said, true)
    for number in range(4):
        expected = (said[:, true == number] / 4).softmax(-1).mean(1)
        torch.testing.assert_close(found[:, number], expected)
    assert found[:, 4].isnan().all()
    torch.testing.assert_close(found[:, :4].sum(-1), torch.ones(2, 4))
