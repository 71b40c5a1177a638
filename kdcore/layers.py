"""Layers of two networks side by side: what the methods that compare features have in common."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.methods.declaration import Shapes
from kdcore.signal import Signal


def matched(student: Signal, teacher: Signal) -> list[tuple[Tensor, Tensor]]:
    """The layers of both that stand at the same depth, from input to output: `[..., batch, unit]`, or maps.

    Maps are averaged over positions to the smaller height and width of the two.
    """
    found = []
    for name, ours in student.features.items():
        theirs = once(teacher.features[name], student.logits.ndim - 2)
        if ours.ndim == student.logits.ndim + 2:
            size = (min(ours.shape[-2], theirs.shape[-2]), min(ours.shape[-1], theirs.shape[-1]))
            ours, theirs = resized(ours, size), resized(theirs, size)
        found.append((ours, theirs))
    return found


def resized(maps: Tensor, size: tuple[int, int]) -> Tensor:
    """Maps `[..., channel, height, width]` averaged to a smaller `(height, width)`."""
    if maps.shape[-2:] == size:
        return maps
    # Torch's own pooling refuses five axes.
    pooled: Tensor = functional.adaptive_avg_pool2d(maps.flatten(0, -4), size)
    return pooled.view(*maps.shape[:-3], *pooled.shape[1:])


def once(layer: Tensor, leading: int) -> Tensor:
    """The same layer with size 1 for every one of its leading axes along which it only repeats itself.

    What all arms share is so worked out once, and what comes of it broadcasts again.
    """
    for axis in range(leading):
        if layer.stride(axis) == 0 and layer.shape[axis] > 1:
            layer = layer.narrow(axis, 0, 1)
    return layer


def numbers(layer: Tensor, signal: Signal) -> Tensor:
    """An example's numbers in one row: vectors as they are, maps flattened, `[..., batch, number]`.

    signal: the one whose logits have as many leading axes as the layer.
    """
    return layer.flatten(signal.logits.ndim - 1)


def along(knob: float | Tensor, axes: int) -> float | Tensor:
    """A knob that lines up with `[..., batch]`, with more axes behind it."""
    return knob.reshape(*knob.shape, *[1] * axes) if isinstance(knob, Tensor) else knob


def own_axes(layer: Tensor, signal: Signal) -> int:
    """How many axes of a layer belong to one example: 1 for a vector, 3 for maps."""
    return layer.ndim - signal.logits.ndim + 1


def layers_of(shapes: Shapes) -> list[tuple[int, ...]]:
    """The shapes of the layers alone."""
    return [shape for name, shape in shapes.items() if name != "logits"]


def written(shape: Sequence[int]) -> str:
    """A shape for people: "8 x 4 x 4"."""
    return " x ".join(map(str, shape))


def one_position(student: Shapes, teacher: Shapes) -> str | None:
    """Why maps cannot be compared by position, in a sentence, where every pair of them shares only one."""
    both = list(zip(layers_of(student), layers_of(teacher), strict=True))
    if any(min(a[1], b[1]) * min(a[2], b[2]) > 1 for a, b in both):
        return None
    ours, theirs = both[0]
    return (
        f"it compares positions, and the student's maps {written(ours)} and the teacher's {written(theirs)} share one "
        "only. Larger pictures or fewer poolings would help"
    )


class Connector(nn.Module):
    """A trained linear map of the channels, alike at all positions: `[batch, in]` to `[batch, out]`, or maps."""

    def __init__(self, channels: int, wanted: int, *, bias: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, wanted, bias=bias)

    def forward(self, layer: Tensor) -> Tensor:
        """Vectors or maps, with as many channels as it was made for."""
        if layer.ndim == 2:
            answer: Tensor = self.linear(layer)
            return answer
        # For many students at once a product is three times as quick as a convolution of 1x1.
        together: Tensor = self.linear.weight @ layer.flatten(2)
        if self.linear.bias is not None:
            together = together + self.linear.bias.unsqueeze(-1)
        return together.view(*together.shape[:2], *layer.shape[2:])


class Connectors(nn.Module):
    """A connector for each pair of layers, from the student's channels to the teacher's: a list to a list."""

    def __init__(self, student: Shapes, teacher: Shapes) -> None:
        super().__init__()
        both = zip(layers_of(student), layers_of(teacher), strict=True)
        self.each = nn.ModuleList(self.one(a[0], b[0]) for a, b in both)

    def one(self, ours: int, theirs: int) -> nn.Module:
        """What stands between a pair with so many channels."""
        return Connector(ours, theirs)

    def forward(self, layers: Sequence[Tensor]) -> list[Tensor]:
        """As many layers as there are pairs, in their order."""
        return [connector(layer) for connector, layer in zip(self.each, layers, strict=True)]


def gaussian_negative_mean(values: Tensor) -> Tensor:
    """What rectified units `[example, ...]` were on average below zero, had they been Gaussian before: `[...]`.

    With the share of examples at which a unit speaks and what it says on average, mean and deviation of a Gaussian are
    known, and so is its mean below zero.
    """
    share = (values > 0).to(values.dtype).mean(0).clamp(1e-3, 1 - 1e-3)
    standard = torch.distributions.Normal(torch.zeros((), dtype=values.dtype), 1.0)
    height = standard.icdf(share)
    bell = standard.log_prob(height).exp()
    deviation = values.clamp_min(0).mean(0) / (height * share + bell)
    below: Tensor = deviation * (height - bell / (1 - share))
    return below
