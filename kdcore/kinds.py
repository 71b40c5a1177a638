"""The kinds of network there are: what they are called, which widths they take, how large they are. No torch here."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Widths = Sequence[int]
Shape = Sequence[int]
DEEPEST = 32


@dataclass(frozen=True)
class Kind:
    """A kind of network.

    title: how people call it; about: one sentence; pictures: whether its inputs must be pictures;
    wrong: what is wrong with these widths, in words that follow the kind's name, or None;
    parameters: about how many weights it has, biases left out; units: how many numbers each layer holds for an example.
    """

    title: str
    about: str
    pictures: bool
    wrong: Callable[[Widths], str | None]
    parameters: Callable[[Widths, Shape, int], int]
    units: Callable[[Widths, Shape], tuple[int, ...]]


def halves(side: int, wider: bool) -> bool:
    """Whether a block of rescnn or plaincnn sees its maps halved: where the width changes, and while they are large."""
    return side >= 16 or (wider and side >= 4)


def patch_size(shape: Shape) -> int:
    """How many pixels a side of one patch has, so that a picture has at most eight by eight patches."""
    return max(2, math.ceil(max(shape[1:]) / 8))


def patches(shape: Shape) -> int:
    """How many patches a picture is cut into; one that does not divide is filled up with zeros."""
    return math.prod(math.ceil(side / patch_size(shape)) for side in shape[1:])


def _no_wrong(widths: Widths) -> str | None:
    return None


def _some(what: str) -> Callable[[Widths], str | None]:
    return lambda widths: None if widths else f"needs {what}; got no widths"


def _wrong_vit(widths: Widths) -> str | None:
    if len(widths) != 3:
        return f"needs three numbers, its width, its depth and its heads, such as 32-2-4; got {len(widths)}"
    width, depth, heads = widths
    if width % heads:
        return f"needs a width that its heads divide; got width {width} and {heads} heads"
    if depth > DEEPEST:
        return f"can be at most {DEEPEST} blocks deep; got {depth}"
    return None


def _mlp_parameters(widths: Widths, shape: Shape, classes: int) -> int:
    return sum(a * b for a, b in pairwise([math.prod(shape), *widths, classes]))


def _resmlp_parameters(widths: Widths, shape: Shape, classes: int) -> int:
    return _mlp_parameters(widths, shape, classes) + sum(a * b for a, b in pairwise(widths) if a != b)


def _cnn_parameters(widths: Widths, shape: Shape, classes: int) -> int:
    return sum(9 * a * b for a, b in pairwise([shape[0], *widths]))


def _plaincnn_parameters(widths: Widths, shape: Shape, classes: int) -> int:
    return sum(9 * b * (a + b) for a, b in pairwise([shape[0], *widths])) + widths[-1] * classes


def _rescnn_parameters(widths: Widths, shape: Shape, classes: int) -> int:
    across = sum(a * b for a, b in pairwise([shape[0], *widths]) if a != b)
    return _plaincnn_parameters(widths, shape, classes) + across


def _vit_parameters(widths: Widths, shape: Shape, classes: int) -> int:
    width, depth, _ = widths
    embedding = width * (shape[0] * patch_size(shape) ** 2 + patches(shape))
    # A block: questions, keys, values and the way out are four squares; its two-layer part, twice as wide, four more.
    return embedding + 8 * width**2 * depth + width * classes


def _mlp_units(widths: Widths, shape: Shape) -> tuple[int, ...]:
    return tuple(widths)


def _cnn_units(widths: Widths, shape: Shape) -> tuple[int, ...]:
    # Every pooling leaves a quarter of the positions.
    return tuple(width * max(1, math.prod(shape[1:]) // 4**depth) for depth, width in enumerate(widths))


def _block_units(widths: Widths, shape: Shape) -> tuple[int, ...]:
    sides, found = list(shape[1:]), []
    for number, width in enumerate(widths):
        if number and halves(min(sides), widths[number - 1] != width):
            sides = [side // 2 for side in sides]
        # Two convolutions, where a layer of a cnn has one.
        found.append(2 * width * math.prod(sides))
    return tuple(found)


def _vit_units(widths: Widths, shape: Shape) -> tuple[int, ...]:
    width, depth, heads = widths
    count = patches(shape)
    # As many as makes the memory that is measured, counted as a cnn's; who attends to whom is the second part.
    return (width * count, *(2 * width * count + heads * count**2 // 2,) * depth)


_channels = _some("the channels of at least one convolution")
_blocks = _some("the channels of at least one block")
_hidden = _some("the width of at least one hidden layer")

KINDS: dict[str, Kind] = {
    "mlp": Kind(
        "MLP",
        "Layers of rectified units, each connected with all of the layer before; the widths are the hidden layers.",
        False,
        _no_wrong,
        _mlp_parameters,
        _mlp_units,
    ),
    "cnn": Kind(
        "CNN",
        "Convolutions of 3x3 with pooling between them; the widths are their channels.",
        True,
        _channels,
        _cnn_parameters,
        _cnn_units,
    ),
    "resmlp": Kind(
        "Residual MLP",
        "An MLP in which every layer adds to the one before it; the widths are the hidden layers.",
        False,
        _hidden,
        _resmlp_parameters,
        _mlp_units,
    ),
    "plainmlp": Kind(
        "Plain MLP",
        "The residual MLP with the same initial weights and without its skip connections.",
        False,
        _hidden,
        _mlp_parameters,
        _mlp_units,
    ),
    "rescnn": Kind(
        "Residual CNN",
        "Blocks of two 3x3 convolutions that add to what went in; the widths are the channels of the blocks.",
        True,
        _blocks,
        _rescnn_parameters,
        _block_units,
    ),
    "plaincnn": Kind(
        "Plain CNN",
        "The residual CNN with the same initial weights and without its skip connections.",
        True,
        _blocks,
        _plaincnn_parameters,
        _block_units,
    ),
    "vit": Kind(
        "ViT",
        "A vision transformer: a picture's patches attend to each other; the widths are its width, depth and heads.",
        True,
        _wrong_vit,
        _vit_parameters,
        _vit_units,
    ),
}
"""All kinds by name, besides `table` (stored logits) and modules of one's own."""


def deepest(kind: str) -> int:
    """How many widths a kind may have."""
    return DEEPEST if kind in ("resmlp", "plainmlp", "rescnn", "plaincnn") else 8
