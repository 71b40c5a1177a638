"""A tiny vision transformer (Dosovitskiy et al., ICLR 2021, arXiv:2010.11929)."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.kinds import patch_size, patches
from kdcore.signal import Signal, class_first


class Embedding(nn.Module):
    """Cuts pictures `[batch, channel, height, width]` into patches, and gives each a place: `[batch, patch, width]`."""

    def __init__(self, input_shape: tuple[int, ...], width: int) -> None:
        super().__init__()
        self.size = patch_size(input_shape)
        self.grid = tuple(math.ceil(side / self.size) for side in input_shape[1:])
        self.patch = nn.Linear(input_shape[0] * self.size**2, width)
        # The usual start of 0.02 is drowned by the patches: on small pictures, where a stroke is says most of it.
        self.places = nn.Parameter(0.5 * torch.randn(patches(input_shape), width))

    def forward(self, pictures: Tensor) -> Tensor:
        """Sides that patches do not divide are filled up with zeros, right and below."""
        (down, across), size = self.grid, self.size
        filled = functional.pad(pictures, (0, across * size - pictures.shape[-1], 0, down * size - pictures.shape[-2]))
        cut = filled.unflatten(-1, (across, size)).unflatten(-3, (down, size))
        # [batch, channel, down, size, across, size] becomes [batch, down, across, channel, size, size].
        together = cut.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)
        embedded: Tensor = self.patch(together) + self.places
        return embedded


class Attending(nn.Module):
    """A block: patches attend to each other, then each is thought over by itself; both are added to what went in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before_attention, self.before_thought = nn.LayerNorm(width), nn.LayerNorm(width)
        self.asked = nn.Linear(width, 3 * width)
        self.answered = nn.Linear(width, width)
        self.wide, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        """`[batch, patch, width]` to the same shape."""
        together = self.asked(self.before_attention(tokens)).unflatten(-1, (3, self.heads, -1))
        question, key, value = together.movedim(-2, 1).unbind(-2)
        share = (question @ key.mT / math.sqrt(key.shape[-1])).softmax(-1)
        tokens = tokens + self.answered((share @ value).movedim(1, -2).flatten(-2))
        thought: Tensor = self.narrow(functional.gelu(self.wide(self.before_thought(tokens))))
        return tokens + thought


class ViT(nn.Module):
    """Patches, blocks in which they attend to each other, their mean, and a linear head.

    widths: the width of a patch's vector, how many blocks there are, and how many heads share the width.

    Forward: inputs `[batch, channel, height, width]` give the maps `embedded`, `block1`, `block2`, ... on the grid of
    patches, their normalised mean `pooled [batch, width]`, and from it logits `[batch, class]`.
    """

    takes_stacked_weights = False

    def __init__(
        self, input_shape: tuple[int, ...], widths: Sequence[int], classes: int, *, dropout: float = 0.0
    ) -> None:
        super().__init__()
        width, depth, heads = widths
        self.mask_widths = (width,) if dropout else ()
        # The first number in a weight's name is its block's: the embedding is block 0.
        self.blocks = nn.ModuleList([Embedding(input_shape, width), *(Attending(width, heads) for _ in range(depth))])
        self.head = nn.Linear(width, classes)

    def forward(self, inputs: Tensor, masks: Sequence[Tensor] = ()) -> Signal:
        """masks: one `[batch, width]` for the pooled layer while training with dropout; none otherwise."""
        embedding, tokens, features = self.blocks[0], inputs, {}
        assert isinstance(embedding, Embedding)
        for number, block in enumerate(self.blocks):
            tokens = block(tokens)
            name = f"block{number}" if number else "embedded"
            features[name] = tokens.mT.unflatten(-1, embedding.grid)
        # A scale and a shift of its own would say nothing that the head cannot.
        pooled = functional.layer_norm(tokens.mean(-2), tokens.shape[-1:])
        if masks:
            pooled = pooled * masks[0]
        features["pooled"] = pooled
        return Signal(class_first(self.head(pooled)), features)
