"""Optimisers over stacked weights with a learning rate for each student (torch's have one for a whole tensor)."""

from collections.abc import Sequence

import torch
from torch import Tensor


class Adam:
    """Adam (Kingma, Ba 2015, arXiv:1412.6980, algorithm 1): torch's fused kernel, once for each run of equal rates."""

    def __init__(self, weights: Sequence[Tensor], *, decay: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8):
        self.weights, self.decay, self.eps = list(weights), decay, eps
        self.steps = 0
        self.moments = [torch.zeros_like(w) for w in weights]
        self.squares = [torch.zeros_like(w) for w in weights]

    @torch.no_grad()
    def step(self, gradients: Sequence[Tensor], learning_rates: Sequence[Tensor]) -> None:
        """learning_rates: for each weight `[student]`, its leading axis; weights that share the tensor go together."""
        self.steps += 1
        # The kernel reads memory straight through, whatever the strides say.
        slopes = [gradient.contiguous() for gradient in gradients]
        together: dict[int, list[int]] = {}
        for number, rates in enumerate(learning_rates):
            together.setdefault(id(rates), []).append(number)
        for numbers in together.values():
            values, lengths = learning_rates[numbers[0]].unique_consecutive(return_counts=True)
            start = 0
            for rate, length in zip(values.tolist(), lengths.tolist(), strict=True):
                weight, gradient, moment, square = (
                    [tensors[n] if len(values) == 1 else tensors[n][start : start + length] for n in numbers]
                    for tensors in (self.weights, slopes, self.moments, self.squares)
                )
                # Not through torch.optim, whose preparations take longer than the kernel does for a few small students.
                torch._fused_adam_(
                    weight,
                    gradient,
                    moment,
                    square,
                    [],
                    [torch.tensor(float(self.steps))] * len(numbers),
                    lr=rate,
                    beta1=self.decay[0],
                    beta2=self.decay[1],
                    eps=self.eps,
                    weight_decay=0.0,
                    amsgrad=False,
                    maximize=False,
                )
                start += length

    def forget(self, number: int, members: Tensor) -> None:
        """Let nothing that was remembered move these members of a weight again; `members` lines up with it."""
        for memory in (self.moments[number], self.squares[number]):
            memory.masked_fill_(members, 0.0)

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

    def forget(self, number: int, members: Tensor) -> None:
        """Nothing to forget."""

    def state(self) -> dict[str, Tensor]:
        """Nothing: descent without momentum remembers nothing."""
        return {}

    def load(self, state: dict[str, Tensor], steps: int) -> None:
        """Nothing to go on from."""


OPTIMIZERS = {"adam": Adam, "sgd": SGD}
