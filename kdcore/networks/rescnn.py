"""A convolutional network of residual blocks, and the very same one without its skip connections."""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional

from kdcore.kinds import halves
from kdcore.signal import Signal, class_first, pool


class Block(nn.Module):
    """Two 3x3 convolutions, each normalised in groups of channels and rectified; `skip` leads round both."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        groups = channels // 4 if channels % 4 == 0 else 1
        self.first, self.second = nn.Conv2d(inputs, channels, 3, padding=1), nn.Conv2d(channels, channels, 3, padding=1)
        self.first_norm, self.second_norm = nn.GroupNorm(groups, channels), nn.GroupNorm(groups, channels)
        self.skip: nn.Conv2d | None = None

    def forward(self, maps: Tensor, skips: bool) -> Tensor:
        """`[batch, inputs, height, width]` becomes `[batch, channels, height, width]`."""
        said = functional.relu(self.first_norm(self.first(maps)))
        said = self.second_norm(self.second(said))
        if skips:
            said = said + (maps if self.skip is None else self.skip(maps))
        return functional.relu(said)


class ResCNN(nn.Module):
    """Blocks of two convolutions, each added to what went in (He et al., CVPR 2016, arXiv:1512.03385), and a head.

    skips: without them a block replaces what went in; nothing else changes, initial weights included. Where channels
    differ, the way round is a 1x1 convolution. Maps are halved before a block of another width, and while they have 16
    positions or more on a side.

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
        skips: bool,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.skips, self.mask_widths = skips, (widths[-1],) if dropout else ()
        steps = list(pairwise([input_shape[0], *widths]))
        self.blocks = nn.ModuleList(Block(a, b) for a, b in steps)
        self.head = nn.Linear(widths[-1], classes)
        if skips:
            # Made last, so that the plain network draws the same initial weights.
            for block, (a, b) in zip(self.blocks, steps, strict=True):
                if a != b:
                    block.skip = nn.Conv2d(a, b, 1)

    def forward(self, inputs: Tensor, masks: Sequence[Tensor] = ()) -> Signal:
        """masks: one `[batch, channel]` for the pooled layer while training with dropout; none otherwise."""
        activity, features = inputs, {}
        for number, block in enumerate(self.blocks):
            assert isinstance(block, Block)
            changes = block.first.in_channels != block.first.out_channels
            if number and halves(min(activity.shape[-2:]), changes):
                activity = functional.max_pool2d(activity, 2)
            activity = block(activity, self.skips)
            features[f"block{number + 1}"] = activity
        pooled = pool(activity)
        if masks:
            pooled = pooled * masks[0]
        features["pooled"] = pooled
        return Signal(class_first(self.head(pooled)), features)
