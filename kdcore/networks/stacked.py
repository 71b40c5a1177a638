"""Many networks of one shape as one: weights stacked along a leading axis, one forward for all."""

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from kdcore.signal import Signal, class_first


class Stacked:
    """A cohort of networks. Calling it with inputs `[student, batch, ...]` gives a Signal with leading students."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        weights, buffers = stack_module_state(list(networks))
        if buffers:
            raise ValueError(f"networks with buffers cannot be stacked; found {', '.join(buffers)}")
        self.mask_widths: tuple[int, ...] = getattr(networks[0], "mask_widths", ())
        self.module = copy.deepcopy(networks[0]).requires_grad_(False)
        # The weights live in a module, for one that works with stacked weights needs no putting in of others.
        self._together = copy.deepcopy(networks[0])
        for name, weight in weights.items():
            place, _, leaf = name.rpartition(".")
            setattr(self._together.get_submodule(place), leaf, nn.Parameter(weight.detach().clone()))

    @property
    def weights(self) -> dict[str, Tensor]:
        """The stacked weights by name, in the order of the layers."""
        return dict(self._together.named_parameters())

    def to(self, dtype: torch.dtype) -> "Stacked":
        """Change the number type of all weights, in place."""
        self._together.to(dtype)
        return self

    def __call__(
        self,
        inputs: Tensor,
        masks: Sequence[Tensor] = (),
        *,
        weights: Mapping[str, Tensor] | None = None,
        shared: bool = False,
    ) -> Signal:
        """masks: `[student, batch, unit]` for each dropout layer while training; weights: others than its own;
        shared: the inputs are `[batch, ...]`, the same for all students."""
        if getattr(self.module, "takes_stacked_weights", False):
            return _called(self._together, dict(weights or {}), inputs, masks)
        weights = dict(self.weights if weights is None else weights)

        def one(
            weights: dict[str, Tensor], inputs: Tensor, masks: Sequence[Tensor]
        ) -> tuple[Tensor, dict[str, Tensor]]:
            signal = _called(self.module, weights, inputs, masks)
            return signal.logits, dict(signal.features)

        logits, features = vmap(one, in_dims=(0, None if shared else 0, 0))(weights, inputs, tuple(masks))
        return Signal(class_first(logits), features)

    def member(self, number: int) -> nn.Module:
        """One student as an ordinary module of its own."""
        module = copy.deepcopy(self.module).to(next(iter(self.weights.values())).dtype)
        module.load_state_dict({name: weight[number].detach().clone() for name, weight in self.weights.items()})
        return module.eval()


def _called(module: nn.Module, weights: dict[str, Tensor], *inputs: Any) -> Signal:
    """The module's answer with these weights; with its own where none are given, which is quicker."""
    signal: Signal = functional_call(module, weights, inputs) if weights else module(*inputs)
    return signal
