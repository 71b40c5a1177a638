"""Methods that compare examples with each other: closed forms, what they do not feel, and a short training of each."""

from __future__ import annotations

import math
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import distance as scipy_distance
from torch import Tensor
from torchdistill.losses import mid_level

import kdcore
from kdcore import Arm, Network, Signal, methods
from kdcore.layers import once
from kdcore.methods.relations import Embedding, directions
from tests.small import experiment

RELATIONS = ["sp", "cc", "rkd", "pkt", "crd"]
SEEDS = st.integers(0, 10_000)
LABELS = torch.tensor([0, 1, 2, 0, 1, 2, 0])


def layers(seed: int = 0, *, batch: int = 7, widths: tuple[int, int] = (4, 6)) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(seed)
    student, teacher = (torch.randn(batch, width, generator=random, dtype=torch.float64) for width in widths)
    return student.requires_grad_(), teacher


def terms(name: str, student: Tensor, teacher: Tensor, labels: Tensor = LABELS, **inputs: Any) -> dict[str, Tensor]:
    silent = torch.zeros(*student.shape[:-1], 3, dtype=student.dtype)
    ours, theirs = Signal(silent, {"last": student}), Signal(silent, {"last": teacher})
    return methods.get(name)(ours, theirs, labels, **inputs)


def loss(name: str, student: Tensor, teacher: Tensor, labels: Tensor = LABELS, **inputs: Any) -> Tensor:
    return methods.total(terms(name, student, teacher, labels, **inputs))


def turned(layer: Tensor, seed: int) -> Tensor:
    """The same points in another position: turned, mirrored perhaps."""
    drawn = torch.randn(layer.shape[-1], layer.shape[-1], generator=torch.Generator().manual_seed(seed))
    moved: Tensor = layer @ torch.linalg.qr(drawn.to(layer.dtype))[0]
    return moved


@given(seed=SEEDS, stretch=st.floats(0.1, 10))
@settings(max_examples=25)
def test_turning_and_stretching_all_examples_changes_nothing(seed: int, stretch: float) -> None:
    student, teacher = layers(seed)
    for name in ("sp", "rkd", "pkt"):
        moved = loss(name, stretch * turned(student, seed), turned(teacher, seed + 1) / stretch)
        # PKT's guard of 1e-7 stands beside a length.
        torch.testing.assert_close(
            moved, loss(name, student, teacher), rtol=1e-4 if name == "pkt" else 1e-9, atol=1e-12
        )
    moved = loss("cc", stretch * turned(student, seed), turned(teacher, seed), variant="paper")
    torch.testing.assert_close(moved, loss("cc", student, teacher, variant="paper"), rtol=1e-9, atol=1e-12)


@given(seed=SEEDS)
@settings(max_examples=25)
def test_distances_and_angles_do_not_feel_a_shift_and_neighbourhoods_no_length_of_one(seed: int) -> None:
    student, teacher = layers(seed)
    torch.testing.assert_close(loss("rkd", student + 5, teacher - 3), loss("rkd", student, teacher), rtol=1e-9, atol=0)
    lengths = 0.5 + torch.rand(7, 1, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    torch.testing.assert_close(
        loss("pkt", lengths * student, teacher), loss("pkt", student, teacher), rtol=1e-4, atol=0
    )


def test_similarities_are_numpys() -> None:
    student, teacher = layers()
    rows = [np.asarray(part.detach()) @ np.asarray(part.detach()).T for part in (student, teacher)]
    ours, theirs = (row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows)
    found = terms("sp", student, teacher)["similarity"]
    np.testing.assert_allclose(found.detach(), ((ours - theirs) ** 2).mean(1), rtol=1e-12)


def test_similarities_of_all_layers_are_summed_and_maps_are_vectors_of_all_their_numbers() -> None:
    random = torch.Generator().manual_seed(0)
    first, second, third, fourth = torch.randn(4, 7, 3, 2, 2, generator=random, dtype=torch.float64).unbind()
    silent = torch.zeros(7, 3, dtype=torch.float64)
    ours, theirs = Signal(silent, {"a": first, "b": second}), Signal(silent, {"a": third, "b": fourth})
    sp = methods.get("sp")
    apart = [loss("sp", a.flatten(1), b.flatten(1)) for a, b in ((first, third), (second, fourth))]
    torch.testing.assert_close(methods.total(sp(ours, theirs, LABELS)), apart[1])
    torch.testing.assert_close(methods.total(sp(ours, theirs, LABELS, layers="all")), apart[0] + apart[1])


def test_orthogonal_examples_against_equal_ones_have_the_similarity_loss_of_the_formula() -> None:
    batch = 5
    apart, equal = torch.eye(batch, dtype=torch.float64), torch.ones(batch, 3, dtype=torch.float64)
    # Rows (1, 0, ...) against rows of 1 / sqrt(B).
    expected = ((1 - batch**-0.5) ** 2 + (batch - 1) / batch) / batch
    assert float(loss("sp", apart, equal, LABELS[:5])) == pytest.approx(expected, rel=1e-12)
    # Shares of (2, 1, 1, ...) / (B + 1) against equal ones.
    p, q = np.full(batch, 1 / batch), np.array([2, *[1] * (batch - 1)]) / (batch + 1)
    found = float(loss("pkt", apart, equal, LABELS[:5]))
    assert found == pytest.approx(float((p * np.log((p + 1e-7) / (q + 1e-7))).mean()), rel=1e-6)


def test_distances_are_scipys_and_angles_those_of_the_triangle() -> None:
    student, teacher = layers()
    found = terms("rkd", student, teacher, distance_weight=1.0, angle_weight=1.0)
    distances, cosines = [], []
    for points in (student.detach().numpy(), teacher.numpy()):
        far = scipy_distance.squareform(scipy_distance.pdist(points))
        distances.append(far / scipy_distance.pdist(points).mean())
        between = points[None] - points[:, None]
        both = far[:, :, None] * far[:, None, :]
        cosines.append(np.einsum("jid,jkd->jik", between, between) / np.where(both == 0, 1, both))

    def huber(gap: np.ndarray) -> np.ndarray:
        return np.where(np.abs(gap) < 1, gap**2 / 2, np.abs(gap) - 0.5)

    np.testing.assert_allclose(found["distance"].detach(), huber(np.subtract(*distances)).mean(1), rtol=1e-10)
    np.testing.assert_allclose(found["angle"].detach(), huber(np.subtract(*cosines)).mean((1, 2)), rtol=1e-10)


def test_an_equilateral_triangle_against_three_points_on_a_line() -> None:
    triangle = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.5, math.sqrt(3) / 2]], dtype=torch.float64)
    line = torch.tensor([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]], dtype=torch.float64)
    found = terms("rkd", triangle, line, LABELS[:3], distance_weight=1.0, angle_weight=1.0)
    # Distances 1, 1, 1 against 3/4, 3/4, 3/2; cosines 1/2 against 1, -1, 1.
    assert float(found["distance"].mean()) == pytest.approx(2 * (2 * 0.25**2 + 0.5**2) / 2 / 9, rel=1e-12)
    assert float(found["angle"].mean()) == pytest.approx(2 * (0.125 + 1.0 + 0.125) / 27, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_examples_that_coincide_have_finite_gradients_where_the_published_form_has_none(dtype: torch.dtype) -> None:
    base, teacher = (layer.detach().to(dtype) for layer in layers(widths=(4, 4)))
    order = torch.tensor([0, 0, 1, 2, 2, 2, 3])
    for name in RELATIONS:
        student = base[order].clone().requires_grad_()
        value = loss(name, student, teacher)
        slope = torch.autograd.grad(value, student)[0]
        assert value.isfinite() and slope.isfinite().all() and slope.abs().max() < 1e3, name
    student = base[order].clone().requires_grad_()
    published = mid_level.RKDLoss("here", "here", 25, 50, reduction="mean")
    value = published(*({"here": {"output": layer}} for layer in (student, teacher)))
    assert torch.autograd.grad(value, student)[0].abs().max() > 1e6


def test_all_examples_equal_and_all_zero_are_finite() -> None:
    _, teacher = layers(widths=(4, 4))
    for name in RELATIONS:
        for value in (0.0, 1.0):
            student = torch.full((7, 4), value, dtype=torch.float64, requires_grad=True)
            for first, second in ((student, teacher), (student, student.detach())):
                found = loss(name, first, second)
                assert found.isfinite() and torch.autograd.grad(found, student)[0].isfinite().all(), name


def test_congruence_of_the_paper_is_the_gaussian_kernel_up_to_the_third_order() -> None:
    student, teacher = (directions(part) for part in layers())
    exact = [(-0.01 * torch.cdist(part, part).square()).exp() for part in (student, teacher)]
    expected = (exact[0] - exact[1]).square().mean()
    found = loss("cc", student, teacher, variant="paper", gamma=0.01)
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=0)


def test_released_congruence_depends_on_the_order_and_the_papers_does_not() -> None:
    student, teacher = layers(widths=(4, 4))
    order = torch.tensor([3, 0, 5, 1, 6, 2, 4])
    for variant, changes in (("released code", True), ("paper", False)):
        before, after = (
            float(loss("cc", a, b, variant=variant).detach())
            for a, b in ((student, teacher), (student[order], teacher[order]))
        )
        assert (abs(before - after) > 1e-3 * before) == changes


def test_contrast_is_the_two_way_decision_of_scipys_logistic() -> None:
    student, teacher = layers(widths=(5, 5))
    found = terms("crd", student, teacher, contrast_temperature=0.2)
    likeness = (directions(student) @ directions(teacher).mT / 0.2).detach().numpy()
    for i in range(7):
        others = [j for j in range(7) if LABELS[j] != LABELS[i]]
        noise = len(others) * math.exp(1 / (2 * 5 * 0.2**2))
        for name, row in (("from_student", likeness[i]), ("from_teacher", likeness[:, i])):
            share = np.exp(row) / (np.exp(row) + noise)
            expected = -np.log(share[i]) - np.log(1 - share[others]).sum()
            assert float(found[name][i].detach()) == pytest.approx(expected, rel=1e-10)


def test_contrast_takes_all_others_where_labels_are_withheld_and_none_of_the_same_class() -> None:
    student, teacher = layers(widths=(5, 5))
    far = student.detach().clone()
    far[3] = -student[3].detach()
    alone = torch.tensor([0, 1, 2, 0, 1, 2, 1])
    base, moved = (
        terms("crd", layer, teacher, alone, contrast_temperature=0.5)["from_teacher"] for layer in (student, far)
    )
    torch.testing.assert_close(base[0], moved[0])
    assert (base[1] - moved[1]).abs() > 1e-6, "example 3 is of example 0's class, not of example 1's"
    unknown = torch.full((7,), -1)
    base, moved = (
        terms("crd", layer, teacher, unknown, contrast_temperature=0.5)["from_teacher"] for layer in (student, far)
    )
    assert (base[0] - moved[0]).abs() > 1e-6


def test_one_class_alone_leaves_nothing_to_contrast_with() -> None:
    student, teacher = layers(widths=(5, 5))
    found = loss("crd", student, teacher, torch.zeros(7, dtype=torch.long))
    assert found.isfinite() and torch.autograd.grad(found, student)[0].isfinite().all()


def test_what_a_teacher_says_to_all_arms_is_worked_out_once() -> None:
    teacher = torch.randn(1, 3, 7, 6)
    spread = teacher.expand(5, 3, 7, 6)
    assert once(spread, 2).shape == (1, 3, 7, 6) and once(teacher, 2).shape == teacher.shape
    assert once(torch.randn(5, 3, 7, 6), 2).shape == (5, 3, 7, 6)
    student = torch.randn(5, 3, 7, 4)
    for name in ("sp", "rkd", "pkt"):
        torch.testing.assert_close(loss(name, student, spread), loss(name, student, spread.contiguous()))


@pytest.mark.parametrize("room", [1, 200, 700])
def test_angles_in_parts_are_those_of_the_whole(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    student, teacher = torch.randn(2, 3, 7, 4, dtype=torch.float64, requires_grad=True), layers()[1]
    found = []
    for size in (10**9, room):
        monkeypatch.setattr(sys.modules["kdcore.methods.rkd"], "ROOM", size)
        value = loss("rkd", student, teacher.expand(2, 3, 7, 6))
        found.append((value, torch.autograd.grad(value.sum(), student)[0]))
    torch.testing.assert_close(found[1], found[0], rtol=1e-12, atol=1e-14)


def test_both_ways_of_an_embedding_are_trained() -> None:
    piece = Embedding({"last": (4,), "logits": (3,)}, {"last": (6,), "logits": (3,)}, 8)
    student, teacher = (part.float() for part in layers())
    ours, theirs = piece(student, teacher)
    assert ours.shape == theirs.shape == (7, 8)
    loss("crd", student, teacher, side=piece).backward()
    assert all(weight.grad is not None and (weight.grad != 0).any() for weight in piece.parameters())


@pytest.mark.parametrize("network", [Network("mlp", widths=(12,)), Network("cnn", widths=(4, 6))], ids=str)
def test_each_trains_beside_the_others_and_its_loss_falls(network: Network) -> None:
    arms = (*(Arm(name) for name in RELATIONS), Arm("cc", name="kernel", variant="paper", weight=100.0), Arm("hard"))
    first, last = kdcore.train(experiment(*arms, student=network, steps=40), frames_every=40)
    assert not last.stopped.any()
    assert (last.scalars["soft_loss"][:-1] < first.scalars["soft_loss"][:-1]).all()
    assert (last.scalars["hard_loss"] < first.scalars["hard_loss"]).all()


def test_a_relation_is_refused_where_a_batch_holds_one_example() -> None:
    for name in RELATIONS:
        with pytest.raises(ValueError, match=f"{name} compares examples of a batch and needs at least 2"):
            experiment(Arm(name), batch_size=1)
