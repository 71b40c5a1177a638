"""A small convolutional network."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from kdcore.signal import Signal, class_first, pool


class CNN(nn.Module):
    """Blocks of a 3x3 convolution, optional normalisation in groups of four channels, rectifier and 2x2 pooling.

    Forward: inputs `[batch, channel, height, width]` give the maps `block1`, `block2`, ..., their average over
    positions, `pooled [batch, channel]`, and from it, by a linear head, logits `[batch, class]`.
    """

    takes_stacked_weights = False

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
        self.mask_widths = (widths[-1],) if dropout else ()
        channels = [input_shape[0], *widths]
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(channels))
        grouped = norm == "group"
        self.norms = nn.ModuleList(
            nn.GroupNorm(width // 4 if width % 4 == 0 else 1, width) if grouped else nn.Identity() for width in widths
        )
        self.head = nn.Linear(channels[-1], classes)

    def forward(self, inputs: Tensor, masks: Sequence[Tensor] = ()) -> Signal:
        """masks: one `[batch, channel]` for the pooled layer while training with dropout; none otherwise."""
        activity, features = inputs, {}
        for number, (convolution, norm) in enumerate(zip(self.convolutions, self.norms, strict=True)):
            activity = functional.relu(norm(convolution(activity)))
            if min(activity.shape[-2:]) >= 4:
                activity = functional.max_pool2d(activity, 2)
            features[f"block{number + 1}"] = activity
        pooled = pool(activity)
        if masks:
            pooled = pooled * masks[0]
        features["pooled"] = pooled
        return Signal(class_first(self.head(pooled)), features)
