"""The networks that teach and learn: ordinary modules whose forward returns a Signal."""

import torch
from torch import nn

from kdcore import kinds, modules
from kdcore.networks.cnn import CNN
from kdcore.networks.mlp import MLP
from kdcore.networks.own import Own
from kdcore.networks.rescnn import ResCNN
from kdcore.networks.resmlp import ResMLP
from kdcore.networks.stacked import Stacked
from kdcore.networks.vit import ViT
from kdcore.parts import Network
from kdcore.randomness import stream

__all__ = ["CNN", "KINDS", "MLP", "Own", "ResCNN", "ResMLP", "Stacked", "ViT", "build", "cohort"]

KINDS: dict[str, str] = {name: kind.about for name, kind in kinds.KINDS.items()}
"""The kinds of network one can ask for, with a sentence each."""


def build(network: Network, input_shape: tuple[int, ...], classes: int, *, seed: int = 0) -> nn.Module:
    """A network with torch's default initial weights, fixed by the seed alone; the global generator is not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream("initial weights", seed).initial_seed() % 2**63)
        return _new(network, input_shape, classes)


def _new(network: Network, shape: tuple[int, ...], classes: int) -> nn.Module:
    widths, dropout = network.widths, network.dropout
    match network.kind:
        case "mlp":
            return MLP(shape, widths, classes, dropout=dropout, norm=network.norm)
        case "cnn":
            return CNN(shape, widths, classes, dropout=dropout, norm=network.norm)
        case "resmlp" | "plainmlp":
            return ResMLP(shape, widths, classes, skips=network.kind == "resmlp", dropout=dropout)
        case "rescnn" | "plaincnn":
            return ResCNN(shape, widths, classes, skips=network.kind == "rescnn", dropout=dropout)
        case "vit":
            return ViT(shape, widths, classes, dropout=dropout)
    return modules.build(network.kind, shape, classes)


def cohort(network: Network, input_shape: tuple[int, ...], classes: int, *, seeds: tuple[int, ...]) -> Stacked:
    """The same network once for each seed, stacked; a seed that stands twice gives the same weights twice."""
    once = {seed: build(network, input_shape, classes, seed=seed) for seed in dict.fromkeys(seeds)}
    own = [member.module for member in once.values() if isinstance(member, Own)]
    if len({id(module) for module in own}) < len(own):
        raise ValueError(f"{network.kind} must make a new module each time; it returned the same one twice")
    return Stacked([once[seed] for seed in seeds])
