"""Families of networks: one made wider or deeper, and steps between two, so that a gap in capacity can be dialled."""

import math
from collections.abc import Sequence
from itertools import pairwise

from kdcore.kinds import KINDS, deepest
from kdcore.parts import Network

WIDEST = 4096
PICTURE, CLASSES = (1, 8, 8), 10
"""What networks are weighed on where no data are named."""


def weights_of(network: Network, input_shape: Sequence[int] = PICTURE, classes: int = CLASSES) -> int:
    """About how many weights a network has for such data, biases left out."""
    return KINDS[network.kind].parameters(network.widths, input_shape, classes)


def scaled(network: Network, width: float = 1.0, depth: int | None = None) -> Network:
    """The network with every width times `width` (rounded, at least 1) and with `depth` layers.

    More layers repeat those there are at the same relative depth. Of a `vit` the width stays a multiple of its heads.
    Raises ValueError for a kind that has no widths, and where the result could not be.
    """
    _known(network)
    if not width > 0 or not math.isfinite(width):
        raise ValueError(f"a width can be multiplied by a number above 0; got {width}")
    wide, heads = _profile(network)
    if depth is None:
        depth = len(wide)
    if depth < 0 or (depth and not wide):
        raise ValueError(f"{network.name} has no layers to repeat; got depth {depth}")
    layers = [wide[min(len(wide) - 1, place * len(wide) // depth)] for place in range(depth)]
    return _made(network, [layer * width for layer in layers], heads)


def between(larger: Network, smaller: Network, count: int) -> tuple[Network, ...]:
    """`count` networks from large to small, geometric in widths and in depth, strictly between in number of weights.

    They are of the smaller one's kind. Between networks of different families (a `vit` and an `mlp`), or where such
    steps would not shrink, the smaller one is made wider until the numbers of weights are geometric.
    Raises ValueError where `larger` is not larger, or there is no room for so many.
    """
    for network in (larger, smaller):
        _known(network)
    most, least = weights_of(larger), weights_of(smaller)
    if count < 0:
        raise ValueError(f"the number of networks between must be at least 0; got {count}")
    if most <= least:
        raise ValueError(f"{larger.name} with {most:,} weights is not larger than {smaller.name} with {least:,}")
    shares = [(place + 1) / (count + 1) for place in range(count)]
    steps = [_towards(larger, smaller, share) for share in shares] if _family(larger) == _family(smaller) else []
    if not steps or not _shrinking([larger, *steps, smaller]):
        steps = [_of_size(smaller, round(math.exp(_mix(math.log(most), math.log(least), share)))) for share in shares]
    if not _shrinking([larger, *steps, smaller]):
        raise ValueError(f"there is no room for {count} networks between {larger.name} and {smaller.name}")
    return tuple(steps)


def _known(network: Network) -> None:
    if network.kind not in KINDS:
        raise ValueError(f"{network.name} has no widths to change")


def _family(network: Network) -> str:
    return network.kind.removeprefix("res").removeprefix("plain")


def _profile(network: Network) -> tuple[list[int], int]:
    """The width of each layer, and by how many heads it must be divided."""
    if network.kind != "vit":
        return list(network.widths), 1
    width, depth, heads = network.widths
    return [width] * depth, heads


def _made(network: Network, layers: Sequence[float], heads: int) -> Network:
    """The network with these widths, rounded to what its kind can be."""
    rounded = [min(max(1, round(layer / heads)), WIDEST // heads) * heads for layer in layers]
    widths = (rounded[0], len(rounded), heads) if network.kind == "vit" and rounded else tuple(rounded)
    return Network(**{**network.model_dump(), "widths": widths})


def _mix(first: float, second: float, share: float) -> float:
    return first + share * (second - first)


def _towards(larger: Network, smaller: Network, share: float) -> Network:
    """The network at this share of the way down, on the logarithm of every width and of the depth."""
    (wide, _), (narrow, heads) = _profile(larger), _profile(smaller)
    # One is added to the depth, the head's layer, so that a network without hidden layers has a logarithm too.
    depth = round(math.exp(_mix(math.log(len(wide) + 1), math.log(len(narrow) + 1), share))) - 1
    depth = min(max(depth, 0 if smaller.kind == "mlp" and not narrow else 1), deepest(smaller.kind))

    def at(layers: list[int], place: int) -> float:
        return math.log(layers[min(len(layers) - 1, place * len(layers) // depth)]) if layers else 0.0

    layers = [math.exp(_mix(at(wide, place), at(narrow, place), share)) for place in range(depth)]
    return _made(smaller, layers, heads)


def _of_size(network: Network, weights: int) -> Network:
    """The network made wider until it has about so many weights."""
    if not network.widths:
        network = Network(**{**network.model_dump(), "widths": (1,)})
    low, high = 0.0, math.log(WIDEST)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if weights_of(scaled(network, math.exp(middle))) < weights else (low, middle)
    return scaled(network, math.exp(high))


def _shrinking(networks: Sequence[Network]) -> bool:
    sizes = [weights_of(network) for network in networks]
    return all(before > after for before, after in pairwise(sizes))
