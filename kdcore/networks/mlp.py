"""Multi-layer perceptron whose forward takes one set of weights or a stack of them."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.signal import Signal


class MLP(nn.Module):
    """Layers of rectified units and a linear head.

    Forward: inputs `[batch, ...]` give logits `[batch, class]` and features `hidden1`, `hidden2`, ... `[batch, unit]`.
    With every weight stacked along a leading axis, inputs `[student, batch, ...]`, or `[batch, ...]` where all
    students are asked the same, give `[student, batch, class]`: batched products are measurably faster than vmap.
    """

    takes_stacked_weights = True

    def __init__(
        self,
        input_shape: tuple[int, ...],
        widths: Sequence[int],
        classes: int,
        *,
        dropout: float = 0.0,
        norm: str = "none",
    ) -> None:
        super().__init__()
        if norm != "none":
            raise ValueError(f"an mlp has no normalisation; got norm={norm!r}")
        self.input_axes, inputs = len(input_shape), math.prod(input_shape)
        self.mask_widths = tuple(widths) if dropout else ()
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise([inputs, *widths]))
        self.head = nn.Linear([inputs, *widths][-1], classes)

    def forward(self, inputs: Tensor, masks: Sequence[Tensor] = ()) -> Signal:
        """masks: one `[..., batch, unit]` for each hidden layer while training with dropout; none otherwise."""
        # Units come before the batch in memory: so do the logits' classes, and no product needs a copy turned round.
        activity = inputs.flatten(-self.input_axes).mT
        features = {}
        for number, layer in enumerate(self.hidden):
            assert isinstance(layer, nn.Linear)
            activity = functional.relu(affine(layer, activity), inplace=True)
            if masks:
                activity = activity * masks[number].mT
            features[f"hidden{number + 1}"] = activity.mT
        return Signal(affine(self.head, activity).mT, features)


def affine(layer: nn.Linear, inputs: Tensor) -> Tensor:
    """A layer's `weight [..., out, in]` times `inputs [..., in, batch]` plus its `bias [..., out]`."""
    weight, bias = layer.weight, layer.bias.unsqueeze(-1)
    if weight.ndim == 2:
        return torch.addmm(bias, weight, inputs)
    if inputs.ndim == 3:
        return torch.baddbmm(bias, weight, inputs)
    together = torch.addmm(bias.flatten(0, 1), weight.flatten(0, 1), inputs)
    return together.view(*weight.shape[:2], -1)
