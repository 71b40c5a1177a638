"""Later logit methods against closed forms written anew, scipy, torch.distributions and their papers' identities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.distributions import kl_divergence as torch_kl
from torch.nn import functional

from kdcore import Signal, methods
from tests.methods.batches import Case, at, law, scales, shapes, squared_kl, temperatures


@shapes
@scales
def test_learnt_temperature_starts_where_its_authors_start_it(shape: tuple[int, int], scale: float) -> None:
    case = Case(shape, scale)
    start = 1 + 20 / (1 + np.exp(-1))
    assert start == pytest.approx(15.6, abs=0.05)
    found = case.terms("ctkd", progress=0.5)["soft"]
    case.same(found, start**2 * torch_kl(at(case.teacher, start), at(case.student, start)))


@pytest.mark.parametrize("progress", [0.0, 0.01, 0.02, 0.04, 0.5])
def test_gradient_reaches_the_temperature_reversed_and_grows_by_a_cosine(progress: float) -> None:
    case, piece = Case((7, 10)), nn.PReLU(init=1.0).double()
    (slope,) = torch.autograd.grad(
        case.terms("ctkd", progress=progress, side=piece)["soft"].mean(), list(piece.parameters())
    )
    free = torch.ones((), dtype=torch.float64, requires_grad=True)
    hot = 1 + 20 * torch.sigmoid(free)
    (plain,) = torch.autograd.grad((hot**2 * torch_kl(at(case.teacher, hot), at(case.student, hot))).mean(), free)
    share = min(progress / 0.04, 1)
    torch.testing.assert_close(slope, -(1 - np.cos(np.pi * share)) / 2 * plain.reshape(1), rtol=1e-10, atol=1e-12)


def test_a_step_of_the_temperature_raises_the_loss() -> None:
    case, piece = Case((32, 10)), nn.PReLU(init=1.0).double()
    before = case.terms("ctkd", progress=1.0, side=piece)["soft"].mean()
    (slope,) = torch.autograd.grad(before, piece.weight)
    with torch.no_grad():
        piece.weight.sub_(0.1 * slope / slope.norm())
    assert case.terms("ctkd", progress=1.0, side=piece)["soft"].mean() > before


@shapes
@pytest.mark.parametrize("only_unsure", [False, True])
def test_three_levels_are_sums_over_five_temperatures(shape: tuple[int, int], only_unsure: bool) -> None:
    case = Case(shape)
    expected: dict[str, Any] = {"instance": 0.0, "batch": 0.0, "class": 0.0}
    sure = at(case.teacher).probs.numpy()
    heard, named = np.ones(shape[0]), np.ones(shape[1])
    if only_unsure:
        heard = sure.max(1) <= np.percentile(sure.max(1), 50) + 1e-15
        named = sure.sum(0) <= np.percentile(sure.sum(0), 50) + 1e-15
    for temperature in (2.0, 3.0, 4.0, 5.0, 6.0):
        q, p = at(case.student, temperature).probs, at(case.teacher, temperature).probs
        examples = torch.einsum("ik,jk->ij", q, q) - torch.einsum("ik,jk->ij", p, p)
        classes = torch.einsum("ik,il->kl", q, q) - torch.einsum("ik,il->kl", p, p)
        kl = squared_kl(case, p, temperature)
        expected["instance"] = expected["instance"] + kl * torch.tensor(heard)
        expected["batch"] = expected["batch"] + (examples**2).sum(1) * torch.tensor(heard)
        of_classes = (classes**2).sum(1) * torch.tensor(named)
        expected["class"] = expected["class"] + of_classes.sum().reshape(1) / shape[1]
    found = case.terms("mlld", only_unsure=only_unsure)
    for name, term in expected.items():
        case.same(found[name], term)


@temperatures
@shapes
def test_divergence_falls_into_right_strong_and_weak(shape: tuple[int, int], temperature: float) -> None:
    case = Case(shape)
    found = case.terms("cakd", temperature=temperature, strong_weight=1.0, weak_weight=1.0)
    right = at(case.teacher, temperature).probs.gather(1, case.labels[:, None])[:, 0]
    strong = torch.zeros_like(right)
    for row, (logits, label) in enumerate(zip(case.teacher, case.labels, strict=True)):
        wrong = [int(k) for k in logits.argsort(descending=True) if int(k) != int(label)]
        few, rest = wrong[:3], wrong[3:]
        laws = [at(signal[row], temperature).probs for signal in (case.teacher, case.student)]
        near = [torch.cat([one[few], one[rest].sum()[None]]) if rest else one[few] for one in laws]
        expected = torch_kl(law(near[0]), law(near[1])) * temperature**2
        case.same(found["strong"][row], expected)
        if rest:
            case.same(found["weak"][row], torch_kl(*(law(one[rest]) for one in laws)) * temperature**2)
        strong[row] = laws[0][few].sum() / laws[0][wrong].sum()
    whole = found["target"] + (1 - right) * (found["strong"] + (1 - strong) * found["weak"])
    case.same(whole, case.terms("hinton", temperature=temperature)["soft"])


def test_with_every_wrong_class_strong_it_is_the_decoupled_loss() -> None:
    case = Case((7, 10))
    found, plain = case.terms("cakd", strong=9.0), case.terms("dkd")
    case.same(found["target"], plain["target"])
    case.same(found["strong"], plain["non_target"])
    assert found["weak"].tolist() == [0.0] * 7


@scales
def test_parts_are_finite_and_at_least_zero(scale: float) -> None:
    for classes in (2, 3, 4, 10):
        case = Case((7, classes), scale)
        for strong in (1.0, 2.0, 64.0):
            parts = case.terms("cakd", strong=strong)
            assert all((part >= -1e-12).all() for part in parts.values())
            assert torch.autograd.grad(methods.total(parts), case.student)[0].isfinite().all()


@shapes
@pytest.mark.parametrize("top", [2, 5])
def test_sharp_ranks_are_scipys_spearman_on_the_union(shape: tuple[int, int], top: int) -> None:
    case = Case(shape)
    found = case.terms("rank", top=float(top), softness=1e-9)["rank"]
    for row in range(shape[0]):
        ours, theirs = case.student[row].detach().numpy(), case.teacher[row].numpy()
        union = sorted({*np.argsort(-ours)[:top], *np.argsort(-theirs)[:top]})
        assert found[row].item() == pytest.approx(1 - stats.spearmanr(ours[union], theirs[union])[0], abs=1e-9)


@shapes
@pytest.mark.parametrize("softness", [0.1, 1.0])
def test_soft_ranks_count_by_sigmoids(shape: tuple[int, int], softness: float) -> None:
    case = Case(shape)
    found = case.terms("rank", softness=softness, rank_weight=2.0)
    expected = []
    for ours, theirs in zip(case.student, case.teacher, strict=True):
        union = sorted({*ours.argsort(descending=True)[:5].tolist(), *theirs.argsort(descending=True)[:5].tolist()})
        ranks = stats.rankdata(-theirs[union].numpy())
        soft = [0.5 + sum(torch.sigmoid((ours[j] - ours[i]) / softness) for j in union) for i in union]
        squares = sum((rank - own) ** 2 for rank, own in zip(ranks, soft, strict=True))
        expected.append(2 * 6 * squares / (len(union) * (len(union) ** 2 - 1)))
    case.same(found["rank"], torch.stack(expected))
    case.same(found["soft"], case.terms("hinton")["soft"])


@temperatures
@shapes
def test_sorted_shares_are_scipys_wasserstein_distance_times_the_classes(
    shape: tuple[int, int], temperature: float
) -> None:
    case = Case(shape)
    found = case.terms("uld", temperature=temperature)["sorted"]
    q, p = at(case.student, temperature).probs, at(case.teacher, temperature).probs
    own = [shape[1] * stats.wasserstein_distance(a, b) for a, b in zip(q.detach().numpy(), p.numpy(), strict=True)]
    np.testing.assert_allclose(found.detach().numpy(), own, rtol=1e-9, atol=1e-12)
    place = case.student.argsort(1)
    case.same(found, (q.gather(1, place) - p.sort(1).values).abs().sum(1))


def test_sorted_shares_cannot_tell_whose_they_are() -> None:
    case = Case((7, 10))
    before = case.terms("uld")["sorted"]
    case.teacher = case.teacher[:, torch.randperm(10, generator=torch.Generator().manual_seed(1))]
    torch.testing.assert_close(case.terms("uld")["sorted"], before, rtol=0, atol=1e-12)


@temperatures
@shapes
@pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
def test_the_target_is_where_the_student_began_moved_as_the_teacher_moved(
    shape: tuple[int, int], temperature: float, shift: float
) -> None:
    case = Case(shape)
    base = {"student": Signal(case.student0), "teacher": Signal(case.teacher0)}
    found = case.terms("delta", base=base, temperature=temperature, shift=shift)["soft"]
    q0, p1, p0 = (at(z, temperature).probs for z in (case.student0, case.teacher, case.teacher0))
    target = q0 * (p1 / p0) ** shift
    case.same(found, squared_kl(case, target / target.sum(1, keepdim=True), temperature))


def test_where_both_began_alike_the_shift_is_plain_distillation() -> None:
    case = Case((7, 10))
    base = {"student": Signal(case.teacher0), "teacher": Signal(case.teacher0)}
    case.same(case.terms("delta", base=base)["soft"], case.terms("hinton")["soft"])


@shapes
@pytest.mark.parametrize("alpha", [0.1, 0.7, 1.0])
def test_gradient_of_distillation_is_a_control_variate(shape: tuple[int, int], alpha: float) -> None:
    case = Case(shape)
    hard = functional.cross_entropy(case.student, case.labels, reduction="sum")
    soft = case.terms("hinton", temperature=1.0)["soft"].sum()
    (found,) = torch.autograd.grad((1 - alpha) * hard + alpha * soft, case.student)
    truth = functional.one_hot(case.labels, shape[1]).double()
    students, teachers = (at(z).probs.detach() - truth for z in (case.student, case.teacher))
    torch.testing.assert_close(found, students - alpha * teachers, rtol=1e-10, atol=1e-12)


@shapes
@pytest.mark.parametrize("alpha", [0.1, 0.7])
def test_gradient_at_the_label_is_damped_where_the_teacher_finds_it_hard(shape: tuple[int, int], alpha: float) -> None:
    case = Case(shape)
    rows = torch.arange(shape[0])
    hard = functional.cross_entropy(case.student, case.labels, reduction="sum")
    soft = case.terms("hinton", temperature=1.0)["soft"].sum()
    (plain,) = torch.autograd.grad(hard, case.student, retain_graph=True)
    (both,) = torch.autograd.grad((1 - alpha) * hard + alpha * soft, case.student)
    p, q = (at(z).probs.detach()[rows, case.labels] for z in (case.teacher, case.student))
    ratio = both[rows, case.labels] / plain[rows, case.labels]
    torch.testing.assert_close(ratio, 1 - alpha * (1 - p) / (1 - q), rtol=1e-7, atol=1e-9)
