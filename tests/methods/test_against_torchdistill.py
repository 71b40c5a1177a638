"""Our losses against torchdistill 1.1.5: equal where it follows the paper, and where it does not, why we do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional
from torchdistill.losses import mid_level

from kdcore import Signal, methods

SHAPES = [(batch, width) for batch in (2, 7, 32) for width in (3, 10, 64)]
SCALES = [0.1, 1.0, 10.0, 100.0]
TEMPERATURES = [1.0, 2.0, 4.0, 20.0]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)
scales = pytest.mark.parametrize("scale", SCALES)
temperatures = pytest.mark.parametrize("temperature", TEMPERATURES)


def drawn(*shape: int, scale: float = 1.0, seed: int = 0) -> tuple[Tensor, Tensor]:
    """The student's numbers, with a gradient, and the teacher's."""
    random = torch.Generator().manual_seed(seed)
    student, teacher = (scale * torch.randn(2, *shape, generator=random, dtype=torch.float64)).unbind()
    return student.requires_grad_(), teacher


def on_logits(name: str, student: Tensor, teacher: Tensor, **knobs: Any) -> Tensor:
    """Our loss, labels 0, 1, 2, ..."""
    labels = torch.arange(len(student)) % student.shape[-1]
    return methods.total(methods.get(name)(Signal(student), Signal(teacher), labels, **knobs))


def on_layers(name: str, student: Tensor, teacher: Tensor, **knobs: Any) -> Tensor:
    """Our loss on one layer of each, nothing trained between them."""
    silent = torch.zeros(len(student), 3, dtype=student.dtype)
    ours, theirs = Signal(silent, {"layer": student}), Signal(silent, {"layer": teacher})
    return methods.total(methods.get(name)(ours, theirs, torch.zeros(len(student), dtype=torch.long), **knobs))


def said(loss: Any, student: Any, teacher: Any, *labels: Tensor) -> Tensor:
    """What torchdistill's loss says to a layer, or logits, of each."""
    answer: Tensor = loss({"here": {"output": student}}, {"here": {"output": teacher}}, *labels)
    return answer


def same(found: Tensor, expected: Tensor, student: Tensor, tolerance: float = 1e-10) -> None:
    """Equal, with equal gradients at the student's numbers."""
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance)
    slopes = [torch.autograd.grad(value, student, retain_graph=True)[0] for value in (found, expected)]
    torch.testing.assert_close(*slopes, rtol=tolerance, atol=tolerance)


@shapes
@scales
@temperatures
def test_hinton(shape: tuple[int, int], scale: float, temperature: float) -> None:
    student, teacher = drawn(*shape, scale=scale)
    labels = torch.arange(shape[0]) % shape[1]
    both = said(
        mid_level.KDLoss("here", "output", "here", "output", temperature=temperature, alpha=0.5),
        student,
        teacher,
        labels,
    )
    expected = 2 * both - functional.cross_entropy(student, labels)
    same(on_logits("hinton", student, teacher, temperature=temperature), expected, student)


@shapes
@scales
@temperatures
def test_standardised_logits(shape: tuple[int, int], scale: float, temperature: float) -> None:
    student, teacher = drawn(*shape, scale=scale)
    labels = torch.arange(shape[0]) % shape[1]
    theirs = mid_level.LogitStdKDLoss("here", "output", "here", "output", temperature=temperature, alpha=0.5)
    expected = 2 * said(theirs, student, teacher, labels) - functional.cross_entropy(student, labels)
    found = on_logits("hinton", student, teacher, temperature=temperature, standardise=True)
    same(found, expected, student)


@pytest.mark.parametrize("shape", [(7, 3), (7, 10), (32, 3), (32, 10), (32, 64)], ids=str)
@pytest.mark.parametrize("temperature", [1.0, 2.0, 4.0])
def test_correlations_up_to_where_the_guard_stands(shape: tuple[int, int], temperature: float) -> None:
    student, teacher = drawn(*shape)
    theirs = mid_level.DISTLoss("here", "output", "here", "output", tau=temperature)
    found = on_logits("dist", student, teacher, temperature=temperature)
    # The paper's own code adds 1e-8 to the product of the lengths; torchdistill puts it under each of the two.
    same(found, said(theirs, student, teacher), student, tolerance=3e-5 * temperature**2)


@shapes
@scales
@pytest.mark.parametrize("weights", [(25.0, 50.0), (1.0, 0.0), (0.0, 2.0)], ids=str)
def test_relations(shape: tuple[int, int], scale: float, weights: tuple[float, float]) -> None:
    student, teacher = drawn(*shape, scale=scale)
    expected = said(mid_level.RKDLoss("here", "here", *weights, reduction="mean"), student, teacher)
    found = on_layers("rkd", student, teacher, distance_weight=weights[0], angle_weight=weights[1])
    same(found, expected, student)


@shapes
@scales
def test_neighbourhoods(shape: tuple[int, int], scale: float) -> None:
    student, teacher = drawn(*shape, scale=scale)
    same(
        on_layers("pkt", student, teacher),
        said(mid_level.PKTLoss("here", "output", "here", "output"), student, teacher),
        student,
    )


@pytest.mark.parametrize("shape", [(2, 4, 3, 3), (7, 5, 4, 6)], ids=str)
@scales
def test_attention(shape: tuple[int, ...], scale: float) -> None:
    student, teacher = drawn(*shape, scale=scale)
    pair = {"student": {"path": "here", "io": "output"}, "teacher": {"path": "here", "io": "output"}}
    expected = said(mid_level.ATLoss({"pair": pair}, mode="code"), student, teacher)
    same(on_layers("attention", student, teacher), expected, student)


def test_contrast_given_the_same_numbers() -> None:
    student, teacher = drawn(6, 8)
    labels = torch.tensor([0, 0, 1, 1, 2, 2])
    silent = torch.zeros(6, 3, dtype=torch.float64)
    crd = methods.get("crd")(Signal(silent, {"last": student}), Signal(silent, {"last": teacher}), labels)
    ours, theirs = (functional.normalize(layer, dim=-1) for layer in (student, teacher))
    negatives = torch.tensor([[j for j in range(6) if labels[j] != labels[i]] for i in range(6)])
    order = torch.cat([torch.arange(6)[:, None], negatives], 1)
    theirs_loss = mid_level.CRDLoss.__new__(mid_level.CRDLoss)
    torch.nn.Module.__init__(theirs_loss)
    theirs_loss.num_samples, theirs_loss.eps = 6, 0.0
    # Ours takes the mean over pictures that know nothing of each other where the released code takes its first batch's.
    constant = 6 * np.exp(1 / (2 * 8 * 0.07**2))
    for name, anchor, other in (("from_student", ours, theirs), ("from_teacher", theirs, ours)):
        shares = ((anchor @ other.mT / 0.07).exp() / constant).gather(1, order)
        # It takes the log of a share that may be nearly one, where we stay in logs.
        same(crd[name].mean(), theirs_loss.compute_contrast_loss(shares).squeeze(), student, tolerance=1e-8)


def test_soft_loss_of_torchdistill_forgets_t_squared_where_nothing_else_is_heard() -> None:
    student, teacher = drawn(7, 10)
    sizes = []
    for temperature in (4.0, 8.0, 16.0):
        theirs = said(
            mid_level.KDLoss("here", "output", "here", "output", temperature=temperature, alpha=0.0), student, teacher
        )
        ours = on_logits("hinton", student, teacher, temperature=temperature)
        same(ours, temperature**2 * theirs, student)
        sizes.append([torch.autograd.grad(value, student)[0].norm() for value in (ours, theirs)])
    # The factor is there so that the temperature does not change how much the teacher counts.
    assert sizes[0][0] / sizes[-1][0] < 2 and sizes[0][1] / sizes[-1][1] > 10


def test_similarities_of_torchdistill_have_rows_whose_sum_is_one_not_their_length() -> None:
    student, teacher = drawn(7, 10)
    theirs = said(mid_level.SPKDLoss("here", "here", "batchmean"), student, teacher)

    def by_hand(power: int) -> float:
        rows = [part @ part.T for part in (student.detach().numpy(), teacher.numpy())]
        gap = np.subtract(*(row / np.linalg.norm(row, power, axis=1, keepdims=True) for row in rows))
        return float((gap**2).mean())

    ours = on_layers("sp", student, teacher)
    assert float(ours.detach()) == pytest.approx(by_hand(2), rel=1e-12), "each row has length one, as the paper says"
    assert float(theirs.detach()) == pytest.approx(by_hand(1), rel=1e-12)
    assert float(theirs.detach()) < 0.5 * float(ours.detach())


def test_congruence_of_torchdistill_is_not_squared() -> None:
    student, teacher = (functional.normalize(part, dim=-1) for part in drawn(7, 10))
    kernel = {"type": "gaussian", "gamma": 0.4, "max_p": 2}
    theirs = said(mid_level.CCKDLoss("here", "here", kernel, "batchmean"), student, teacher)
    ours = on_layers("cc", student, teacher, variant="paper")
    # The paper's loss is the squared norm of the difference over the squared batch; theirs the norm over it.
    torch.testing.assert_close(ours, (theirs * 49) ** 2 / 49, rtol=1e-12, atol=0)
    # So ours does not change with the size of the batch, and theirs does.
    twice = [part.repeat(2, 1) for part in (student, teacher)]
    torch.testing.assert_close(on_layers("cc", *twice, variant="paper"), ours, rtol=1e-12, atol=0)
    again = said(mid_level.CCKDLoss("here", "here", kernel, "batchmean"), *twice)
    torch.testing.assert_close(again, theirs / 2, rtol=1e-12, atol=0)


def test_contrast_of_torchdistill_cannot_draw_its_negatives() -> None:
    broken = mid_level.CRDLoss.__new__(mid_level.CRDLoss)
    torch.nn.Module.__init__(broken)
    broken.probs, broken.alias = torch.ones(4), torch.zeros(4, dtype=torch.long)
    with pytest.raises(AttributeError, match="prob"):
        broken.draw(2)


def test_channels_of_torchdistills_dist_plus_are_rewarded_for_saying_the_opposite() -> None:
    layer, _ = drawn(2, 5, 3, 3)
    likeness = mid_level.DISTPlusLoss.__new__(mid_level.DISTPlusLoss)
    torch.nn.Module.__init__(likeness)
    likeness.eps = 1e-8
    same_said, opposite = (float(likeness.channel_relation(layer, sign * layer).detach()) for sign in (1, -1))
    assert same_said == pytest.approx(1, abs=1e-6) and opposite == pytest.approx(-1, abs=1e-6)
    logits, _ = drawn(7, 10)
    assert float(on_logits("dist", logits, logits.detach()).detach()) < 1e-3 < same_said
