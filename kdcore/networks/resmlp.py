"""A multi-layer perceptron with skip connections, and the very same one without them."""

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from kdcore.networks.mlp import affine
from kdcore.signal import Signal


class Layer(nn.Module):
    """One hidden layer: its product and, where the widths differ and there are skips, the way round it."""

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__()
        self.linear = nn.Linear(inputs, units)
        self.skip: nn.Linear | None = None


class ResMLP(nn.Module):
    """Hidden layers of rectified units, each added to the one before it, and a linear head.

    skips: without them each layer replaces the one before it; nothing else changes, initial weights included. Where
    two widths differ, the layer before passes through a linear projection. The first layer has nothing to be added to.
    Both start with torch's own weights, as all networks here do. He's larger ones (arXiv:1502.01852) would help the
    plain one and harm the other, whose sum they make grow from layer to layer; with the start that suits each of them
    best, sixteen layers of 32 units still learn digits worse without skips.

    Forward, as in MLP: inputs `[batch, ...]`, or with stacked weights `[student, batch, ...]`, give logits
    `[..., batch, class]` and features `hidden1`, `hidden2`, ... `[..., batch, unit]`.
    """

    takes_stacked_weights = True

    def __init__(
        self,
        input_shape: tuple[int, ...],
        widths: Sequence[int],
        classes: int,
        *,
        skips: bool,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.input_axes, self.skips = len(input_shape), skips
        self.mask_widths = tuple(widths) if dropout else ()
        steps = list(pairwise([math.prod(input_shape), *widths]))
        self.blocks = nn.ModuleList(Layer(a, b) for a, b in steps)
        self.head = nn.Linear(widths[-1], classes)
        if skips:
            # Made last, so that the plain network draws the same initial weights.
            for layer, (a, b) in list(zip(self.blocks, steps, strict=True))[1:]:
                if a != b:
                    layer.skip = nn.Linear(a, b)

    def forward(self, inputs: Tensor, masks: Sequence[Tensor] = ()) -> Signal:
        """masks: one `[..., batch, unit]` for each hidden layer while training with dropout; none otherwise."""
        activity = inputs.flatten(-self.input_axes).mT
        features = {}
        for number, layer in enumerate(self.blocks):
            assert isinstance(layer, Layer)
            said = functional.relu(affine(layer.linear, activity))
            if masks:
                said = said * masks[number].mT
            if self.skips and number:
                said = said + (activity if layer.skip is None else affine(layer.skip, activity))
            activity = said
            features[f"hidden{number + 1}"] = activity.mT
        return Signal(affine(self.head, activity).mT, features)
