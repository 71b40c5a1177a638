"""Optimisers over stacked weights with a learning rate for each student (torch's have one for a whole tensor)."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Adam:
    """Adam (Kingma, Ba 2015, arXiv:1412.6980, algorithm 1), element by element as in `torch.optim.Adam`."""

    def __init__(self, weights: Sequence[Tensor], *, decay: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8):
        self.weights, self.decay, self.eps = list(weights), decay, eps
        self.steps = 0
        self.moments = [torch.zeros_like(w) for w in weights]
        self.squares = [torch.zeros_like(w) for w in weights]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], learning_rates: Sequence[Tensor]) -> None:
        """learning_rates: for each weight `[student]`, its leading axis."""
        self.steps += 1
        first, second = self.decay
        slopes = list(gradients)
        root = (1 - second**self.steps) ** 0.5
        torch._foreach_lerp_(self.moments, slopes, 1 - first)
        torch._foreach_mul_(self.squares, second)
        torch._foreach_addcmul_(self.squares, slopes, slopes, 1 - second)
        scale = torch._foreach_sqrt(self.squares)
        torch._foreach_div_(scale, root)
        torch._foreach_add_(scale, self.eps)
        for weight, moment, divisor, rate in zip(self.weights, self.moments, scale, learning_rates, strict=True):
            size = -rate / (1 - first**self.steps)
            weight.addcdiv_(moment * size.view(-1, *[1] * (weight.ndim - 1)), divisor)

    def state(self) -> dict[str, Tensor]:
        """What `load` needs to go on from here."""
        named = {f"moment.{i}": m for i, m in enumerate(self.moments)}
        return named | {f"square.{i}": s for i, s in enumerate(self.squares)}

    def load(self, state: dict[str, Tensor], steps: int) -> None:
        """Go on from a stored state after `steps` steps."""
        self.steps = steps
        for i in range(len(self.weights)):
            self.moments[i].copy_(state[f"moment.{i}"])
            self.squares[i].copy_(state[f"square.{i}"])


class SGD:
    """Stochastic gradient descent without momentum."""

    def __init__(self, weights: Sequence[Tensor]):
        self.weights = list(weights)

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], learning_rates: Sequence[Tensor]) -> None:
        """learning_rates: for each weight `[student]`, its leading axis."""
        for weight, gradient, rate in zip(self.weights, gradients, learning_rates, strict=True):
            weight.sub_(gradient * rate.view(-1, *[1] * (weight.ndim - 1)))

    def state(self) -> dict[str, Tensor]:
        """Nothing: descent without momentum remembers nothing."""
        return {}

    def load(self, state: dict[str, Tensor], steps: int) -> None:
        """Nothing to go on from."""


OPTIMIZERS = {"adam": Adam, "sgd": SGD}
