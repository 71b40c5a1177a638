"""Feature methods against implementations that are not ours, against closed forms, and what must not change them."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.distributions import Normal
from torch.distributions import kl_divergence as torch_kl
from torch.nn import functional
from torchdistill.losses import mid_level

from kdcore import Signal, methods
from kdcore.methods import total

LABELS = torch.zeros(5, dtype=torch.long)
batches = pytest.mark.parametrize("batch", [1, 2, 7, 32])
random = torch.Generator()


@pytest.fixture(autouse=True)
def same_numbers() -> None:
    random.manual_seed(0)


def draw(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=random, dtype=dtype)


def signal(*layers: Tensor, classes: int = 4, logits: Tensor | None = None, axes: int = 3) -> Signal:
    """A signal of layers that have so many axes an example; its logits are drawn where none are given."""
    leading = layers[0].shape[:-axes]
    said = draw(*leading, classes, dtype=layers[0].dtype) if logits is None else logits
    return Signal(said, {f"layer{number}": layer for number, layer in enumerate(layers)})


def loss(name: str, student: Signal, teacher: Signal, **inputs: Any) -> Tensor:
    method = methods.get(name)
    supplied: dict[str, Any] = {"progress": 0.5} if "progress" in method.supplied else {}
    if "prepared" in method.supplied:
        assert method.prepare is not None
        supplied["prepared"] = method.prepare(teacher, LABELS)
    return total(method(student, teacher, LABELS, **supplied | inputs))


def same(ours: Tensor, theirs: Tensor, *layers: Tensor) -> None:
    """Equal in value, and in the gradient with respect to layers."""
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    slopes = [torch.autograd.grad(value, layers, retain_graph=True) for value in (ours, theirs)]
    torch.testing.assert_close(*slopes, rtol=1e-10, atol=1e-10)


def places(*names: str) -> dict[str, Any]:
    """How torchdistill names an output of a module."""
    return {name: {"io": "output", "path": name} for name in names}


def held(**outputs: Any) -> dict[str, Any]:
    return {name: {"output": output} for name, output in outputs.items()}


@pytest.mark.parametrize(("variant", "mode", "share"), [("released code", "code", 1.0), ("paper", "paper", 0.5)])
@pytest.mark.parametrize("size", [(1, 6, 8, 8), (7, 3, 2, 3), (32, 2, 4, 4)])
def test_attention_is_torchdistills(variant: str, mode: str, share: float, size: tuple[int, ...]) -> None:
    ours, others, theirs, more = draw(*size).requires_grad_(), draw(*size).requires_grad_(), draw(*size), draw(*size)
    pairs = {n: {"student": places(n)[n], "teacher": places(n)[n], "weight": 1} for n in ("a", "b")}
    expected = mid_level.ATLoss(pairs, mode=mode)(held(a=ours, b=others), held(a=theirs, b=more))
    found = loss("attention", signal(ours, others), signal(theirs, more), variant=variant)
    # The paper halves the length of the difference.
    same(found, share * expected, ours, others)


@batches
def test_information_is_torchdistills(batch: int) -> None:
    ours, theirs, variance = draw(batch, 6, 4, 4).requires_grad_(), draw(batch, 6, 4, 4), draw(1, 6, 1, 1).exp()
    pairs = {"a": {"student": places("a")["a"], "teacher": places("a")["a"], "weight": 1}}
    expected = mid_level.VIDLoss(pairs)(held(a=(ours, variance)), held(a=theirs))
    found = loss("vid", signal(ours), signal(theirs), side=lambda means, fixed: (means, [variance]))
    same(found, expected, ours)
    without = loss("vid", signal(ours), signal(theirs))
    constant = functional.gaussian_nll_loss(ours, theirs, torch.full_like(theirs, 5.0))
    torch.testing.assert_close(without, constant)


@batches
@pytest.mark.parametrize("margin", [0.3, 1.0])
def test_boundaries_are_torchdistills(margin: float, batch: int) -> None:
    ours = [draw(batch, *shape).requires_grad_() for shape in ((6,), (3, 4, 4), (8,))]
    theirs = [functional.relu(draw(*layer.shape)) for layer in ours]
    names = ("a", "b", "c")
    pairs = {
        n: {"student": places(n)[n], "teacher": places(n)[n], "weight": 0.5 ** (2 - i)} for i, n in enumerate(names)
    }
    engine = mid_level.AltActTransferLoss(pairs, margin=margin, reduction="mean")
    named = [held(**dict(zip(names, layers, strict=True))) for layers in (ours, theirs)]
    student, teacher = signal(*ours, logits=draw(batch, 4)), signal(*theirs, logits=draw(batch, 4))
    same(loss("ab", student, teacher, margin=margin), engine(*named), *ours)


@batches
def test_factors_are_compared_as_by_torchdistill(batch: int) -> None:
    ours, theirs = draw(batch, 6, 4, 4).requires_grad_(), draw(batch, 6, 4, 4)
    expected = mid_level.FTLoss(p=1)(held(translator=ours), held(paraphraser=theirs))
    same(loss("factor", signal(ours), signal(theirs)), expected, ours)


@pytest.mark.parametrize("size", [(1, 6, 8, 8), (2, 6, 4, 4), (7, 6, 3, 3), (32, 6, 1, 1)])
def test_review_is_torchdistills(size: tuple[int, ...]) -> None:
    ours, theirs = draw(*size).requires_grad_(), draw(*size)
    engine = mid_level.HierarchicalContextLoss("a", "output", "a", "output")
    expected = engine(held(a=(ours * 1, None)), held(a=theirs))
    same(loss("reviewkd", signal(ours), signal(theirs)), expected, ours)


@pytest.mark.parametrize("size", [(1, 6), (2, 6, 3, 3), (7, 6), (32, 6, 3, 3)])
def test_a_hint_is_a_mean_squared_error_of_the_middle_layer(size: tuple[int, ...]) -> None:
    ours, theirs = ([draw(*size).requires_grad_() for _ in range(3)] for _ in range(2))
    student, teacher = (signal(*layers, logits=draw(size[0], 4)) for layers in (ours, theirs))
    same(loss("fitnets", student, teacher), functional.mse_loss(ours[1], theirs[1]), ours[1])


def test_selectivity_is_the_discrepancy_worked_out_pair_by_pair() -> None:
    ours, theirs = draw(2, 3, 2, 2).requires_grad_(), draw(2, 5, 2, 2)

    def kernel(first: Tensor, second: Tensor) -> Tensor:
        rows = [functional.normalize(maps.flatten(1), dim=1) for maps in (first, second)]
        return torch.stack([torch.dot(a, b) ** 2 for a in rows[0] for b in rows[1]]).mean()

    both = zip(ours, theirs, strict=True)
    expected = torch.stack([kernel(t, t) + kernel(s, s) - 2 * kernel(s, t) for s, t in both]).mean()
    same(loss("nst", signal(ours), signal(theirs)), expected, ours)


def test_flow_is_the_mean_product_of_channels() -> None:
    first, second, third = draw(5, 3, 4, 4).requires_grad_(), draw(5, 2, 2, 2).requires_grad_(), draw(5, 4, 2, 2)
    theirs = [torch.randn_like(layer) for layer in (first, second, third)]

    def matrices(a: Tensor, b: Tensor, c: Tensor) -> list[Tensor]:
        a = functional.avg_pool2d(a, 2)
        return [torch.einsum("bihw,bjhw->bij", *pair) / 4 for pair in ((a, b), (b, c))]

    both = zip(matrices(first, second, third), matrices(*theirs), strict=True)
    expected = sum(functional.mse_loss(ours, them) for ours, them in both)
    assert isinstance(expected, Tensor)
    same(loss("fsp", signal(first, second, third), signal(*theirs)), expected, first, second)


def test_overhauled_distance_is_the_papers_case_by_case() -> None:
    ours, theirs = draw(5, 6).requires_grad_(), draw(5, 6)
    margin = torch.stack([column[column < 0].mean() for column in theirs.T])
    expected = torch.zeros((), dtype=torch.float64)
    for s, t, m in zip(ours.flatten(), theirs.flatten(), margin.expand(5, 6).flatten(), strict=True):
        target = torch.maximum(t, m)
        if not s <= target <= 0:
            expected = expected + (s - target) ** 2 / 5
    student, teacher = signal(ours, logits=draw(5, 4)), signal(theirs, logits=draw(5, 4))
    same(loss("ofd", student, teacher), expected, ours)


def test_margins_behind_a_rectifier_are_those_before_it() -> None:
    before = 1.5 * draw(20_000, 3) + torch.tensor([-1.0, 0.0, 0.7])
    before[:100] = 1000.0  # not of the train split: their labels are withheld, and they count nothing
    labels = torch.cat([torch.full((100,), -1), torch.zeros(19_900, dtype=torch.long)])
    prepare = methods.get("ofd").prepare
    assert prepare is not None
    seen = [
        prepare(signal(layer, logits=draw(len(layer), 4)), labels)["layer0"]
        for layer in (before, functional.relu(before))
    ]
    torch.testing.assert_close(*seen, rtol=0.02, atol=0.02)


def test_divergence_of_distributions_is_torchs() -> None:
    ours, theirs = ((draw(5, 6).requires_grad_(), draw(5, 6).exp()) for _ in range(2))
    expected = torch_kl(Normal(theirs[0].detach(), theirs[1].sqrt()), Normal(ours[0], ours[1].sqrt())).sum(-1).mean()
    logits = draw(5, 4)
    one, other = (signal(draw(5, 6), logits=logits) for _ in range(2))
    terms = methods.get("unikd")(one, other, LABELS, side=lambda *_: (ours, theirs, logits), distribution_weight=1.0)
    same(terms["distribution"].mean(), expected, ours[0])
    assert terms["soft"].abs().max() < 1e-12
    slope = torch.autograd.grad(terms["distribution"].sum(), theirs[0], allow_unused=True)[0]
    assert slope is None, "the teacher's Gaussian does not come to meet the student's"


def test_input_gradients_are_compared_by_their_angle() -> None:
    ours, theirs = draw(5, 1, 4, 4).requires_grad_(), draw(5, 1, 4, 4)
    logits, labels = draw(5, 4), torch.tensor([0, 1, -1, 2, 3])
    terms = methods.get("input_gradient")(Signal(logits, {}, ours), Signal(logits, {}, theirs), labels)
    angle = functional.cosine_similarity(ours.flatten(1), theirs.flatten(1))
    same(terms["gradient"].mean(), (2 - 2 * angle)[labels >= 0].mean(), ours)
    assert terms["soft"].abs().max() < 1e-12


def test_what_the_mimic_leaves_over_is_the_assistants_alone() -> None:
    mimic, rest, theirs = (draw(5, 6).requires_grad_() for _ in range(3))
    student, teacher = (signal(layer, logits=draw(5, 4)) for layer in (draw(5, 6), theirs))
    terms = methods.get("residual")(student, teacher, LABELS, side=lambda *_: (mimic, rest, None))
    same(terms["mimic"].mean(), functional.mse_loss(mimic, theirs), mimic)
    same(terms["residual"].mean(), functional.mse_loss(rest, (theirs - mimic).detach()), rest)
    assert torch.autograd.grad(terms["residual"].sum(), mimic, allow_unused=True)[0] is None


def test_simkd_speaks_with_the_teachers_own_classifier() -> None:
    head = nn.Linear(6, 4).double()
    layer = functional.relu(draw(50, 6)) * torch.tensor([1, 1, 0, 1, 1, 1])  # one unit is silent always
    teacher, other = signal(layer, logits=head(layer).detach()), signal(draw(5, 6), logits=draw(5, 4))
    simkd = methods.get("simkd")
    assert simkd.prepare is not None and simkd.answer is not None
    weight, bias = simkd.prepare(teacher, LABELS)
    alive = [0, 1, 3, 4, 5]
    torch.testing.assert_close((weight[:, alive], bias), (head.weight[:, alive].detach(), head.bias.detach()))
    said = simkd.answer(other, side=lambda layer: layer, prepared=(weight, bias))
    torch.testing.assert_close(said, functional.linear(other.penultimate, weight, bias))
    noisy = signal(layer, logits=teacher.logits + draw(50, 4))
    with pytest.raises(ValueError, match=r"layer of 6 units to its 4 logits: \d+% of them are left over"):
        simkd.prepare(noisy, LABELS)


def test_channels_may_change_places_for_selectivity_and_attention_but_not_for_a_hint() -> None:
    student, theirs = signal(draw(5, 6, 3, 3)), draw(5, 6, 3, 3)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    for name, moves in (("nst", False), ("attention", False), ("fitnets", True)):
        before, after = (loss(name, student, signal(layer)) for layer in (theirs, theirs[:, order]))
        assert torch.isclose(before, after, rtol=1e-12) != moves, name


def test_a_flow_does_not_feel_where_things_are() -> None:
    layers, teacher = [draw(5, 3, 4, 4), draw(5, 2, 4, 4)], signal(draw(5, 3, 4, 4), draw(5, 2, 4, 4))
    order = torch.randperm(16, generator=random)
    moved = [layer.flatten(-2)[..., order].view_as(layer) for layer in layers]
    torch.testing.assert_close(loss("fsp", signal(*moved), teacher), loss("fsp", signal(*layers), teacher))
    once = [layer[..., torch.randperm(4, generator=random), :] for layer in layers]
    assert not torch.isclose(loss("fsp", signal(*once), teacher), loss("fsp", signal(*layers), teacher))


def test_only_the_side_of_a_boundary_counts() -> None:
    theirs = functional.relu(draw(5, 6))
    student, louder = signal(draw(5, 6), axes=1), theirs * (1 + 3 * torch.rand(5, 6, generator=random))
    torch.testing.assert_close(
        loss("ab", student, signal(theirs, axes=1)), loss("ab", student, signal(louder, axes=1)), rtol=0, atol=0
    )
    clear = torch.where(theirs > 0, 1.0 + theirs, -1.0 - draw(5, 6).abs())
    assert loss("ab", signal(clear, axes=1), signal(theirs, axes=1)) == 0


def test_a_student_may_be_more_silent_than_a_silent_teacher() -> None:
    theirs = functional.relu(draw(5, 6))
    teacher, quiet = signal(theirs, axes=1), torch.where(theirs > 0, theirs, -50.0)
    assert loss("ofd", signal(quiet, axes=1), teacher) == 0
    assert loss("ofd", signal(torch.where(theirs > 0, theirs, 0.5), axes=1), teacher) > 0


@pytest.mark.parametrize("name", ["attention", "fsp", "nst"])
def test_maps_of_other_sizes_are_averaged_to_the_smaller(name: str) -> None:
    small, large = [draw(5, 3, 2, 2), draw(5, 4, 2, 2)], [draw(5, 3, 4, 6), draw(5, 4, 4, 6)]
    pooled = [functional.adaptive_avg_pool2d(layer, 2) for layer in large]
    for student, teacher in ((small, large), (large, small)):
        found = loss(name, signal(*student), signal(*teacher))
        both = [pooled if layers is large else layers for layers in (student, teacher)]
        torch.testing.assert_close(found, loss(name, signal(*both[0]), signal(*both[1])))


def test_a_staged_method_speaks_in_its_time() -> None:
    student, teacher = (signal(draw(5, 6, 2, 2), draw(5, 6, 2, 2)) for _ in range(2))
    fitnets = methods.get("fitnets")
    early, late = (fitnets(student, teacher, LABELS, schedule="staged", progress=at) for at in (0.5, 0.51))
    assert early["hint"].min() > 0 and early["soft"].abs().max() == 0
    assert late["hint"].abs().max() == 0 and late["soft"].min() > 0
    hinton = methods.get("hinton")(student, teacher, LABELS)["soft"]
    torch.testing.assert_close(fitnets.weight * late["soft"], hinton)
    for name in ("ab", "fsp"):
        until = torch.tensor([[0.2], [0.8]])
        term = next(iter(methods.get(name)(student, teacher, LABELS, progress=0.5, until=until).values()))
        assert term[0].abs().max() == 0 and term[1].min() > 0
    grown = [loss("reviewkd", student, teacher, progress=at, warm_up=0.5) for at in (0.0, 0.25, 0.5, 1.0)]
    torch.testing.assert_close(torch.stack(grown) / grown[-1], torch.tensor([0, 0.5, 1, 1], dtype=torch.float64))


def test_variance_of_what_cannot_be_told_grows() -> None:
    method, known = methods.get("vid"), draw(256, 6, dtype=torch.float32)
    theirs = torch.cat([known @ draw(6, 4, dtype=torch.float32), 3 * draw(256, 4, dtype=torch.float32)], 1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        piece = method.piece({"layer0": (6,)}, {"layer0": (8,)}, nn.Identity)
    assert piece is not None
    optimizer = torch.optim.Adam(piece.parameters(), 0.02)
    for _ in range(400):
        chosen = torch.randint(0, 256, (64,), generator=random)
        value = total(method(signal(known[chosen], axes=1), signal(theirs[chosen], axes=1), LABELS, side=piece))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
    variance = functional.softplus(piece.get_parameter("each.0.scale"))
    assert variance[4:].min() > 4 * variance[:4].max(), "what is noise is let go"
    assert math.isfinite(value.item())
