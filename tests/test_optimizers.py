"""Adam with a rate per student against torch's own, which has one for a whole tensor."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kdcore.optimizers import OPTIMIZERS, Adam

RATES = [0.1, 0.1, 0.003, 0.1, 1e-5]


def numbers(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def gradients(step: int, *, turned: bool) -> list[Tensor]:
    """One for each weight; `turned` as a convolution or a transposed product leaves them in memory."""
    wide = numbers(5, 7, 3, seed=step) if turned else numbers(5, 3, 7, seed=step)
    return [wide.mT if turned else wide, numbers(5, 3, seed=100 + step)]


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "turned in memory"])
@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_each_member_moves_as_under_torchs_optimiser_with_its_own_rate(name: str, turned: bool) -> None:
    weights = [numbers(5, 3, 7, seed=1), numbers(5, 3, seed=2)]
    solo = [[weight[member].clone().requires_grad_() for weight in weights] for member in range(5)]
    torchs = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[name]
    theirs = [torchs(own, lr=rate) for own, rate in zip(solo, RATES, strict=True)]
    ours = OPTIMIZERS[name](weights)
    for step in range(60):
        given = gradients(step, turned=turned)
        ours.step(given, [torch.tensor(RATES, dtype=torch.float64)] * 2)
        for member, optimizer in enumerate(theirs):
            for weight, gradient in zip(solo[member], given, strict=True):
                weight.grad = gradient[member].contiguous()
            optimizer.step()
    for member in range(5):
        for together, alone in zip(weights, solo[member], strict=True):
            torch.testing.assert_close(together[member], alone.detach(), rtol=0, atol=1e-12)


def test_a_rate_may_change_between_steps() -> None:
    weight, alone = numbers(2, 4, seed=0), numbers(2, 4, seed=0)[1].requires_grad_()
    ours, theirs = Adam([weight]), torch.optim.Adam([alone], lr=0.1)
    for step in range(10):
        gradient = numbers(2, 4, seed=step)
        rate = 0.1 / (step + 1)
        ours.step([gradient], [torch.tensor([1.0, rate], dtype=torch.float64)])
        theirs.param_groups[0]["lr"], alone.grad = rate, gradient[1]
        theirs.step()
    torch.testing.assert_close(weight[1], alone.detach(), rtol=0, atol=1e-12)


def test_a_kept_state_goes_on_as_if_nothing_had_happened() -> None:
    rates = [torch.tensor([0.1, 0.2], dtype=torch.float64)]
    weight = numbers(2, 4, seed=0)
    first = Adam([weight])
    for step in range(5):
        first.step([numbers(2, 4, seed=step)], rates)
    again = weight.clone()
    second = Adam([again])
    second.load({name: tensor.clone() for name, tensor in first.state().items()}, 5)
    for step in range(5, 9):
        first.step([numbers(2, 4, seed=step)], rates)
        second.step([numbers(2, 4, seed=step)], rates)
    assert torch.equal(weight, again)


def test_a_member_that_is_forgotten_stays_where_it_is_and_moves_no_other() -> None:
    weight, undisturbed = numbers(3, 5, seed=0), numbers(3, 5, seed=0)
    first, second = Adam([weight]), Adam([undisturbed])
    gone = torch.tensor([[False], [True], [False]])
    rates = [torch.full((3,), 0.1, dtype=torch.float64)]
    for step in range(20):
        gradient = numbers(3, 5, seed=step)
        second.step([gradient], rates)
        if step >= 10:
            first.forget(0, gone)
            gradient = gradient.masked_fill(gone, 0.0)
        if step == 10:
            rest = weight[1].clone()
        first.step([gradient], rates)
    assert torch.equal(weight[1], rest)
    assert torch.equal(weight[[0, 2]], undisturbed[[0, 2]])
