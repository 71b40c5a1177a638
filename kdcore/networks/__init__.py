"""The networks that teach and learn: ordinary modules whose forward returns a Signal."""

import torch
from torch import nn

from kdcore import modules
from kdcore.experiment import Network
from kdcore.networks.cnn import CNN
from kdcore.networks.mlp import MLP
from kdcore.networks.own import Own
from kdcore.networks.stacked import Stacked
from kdcore.randomness import stream

__all__ = ["CNN", "MLP", "Own", "Stacked", "build", "cohort"]


def build(network: Network, input_shape: tuple[int, ...], classes: int, *, seed: int = 0) -> nn.Module:
    """A network with torch's default initial weights, fixed by the seed alone; the global generator is not touched."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(stream("initial weights", seed).initial_seed() % 2**63)
        if network.kind == "mlp":
            return MLP(input_shape, network.widths, classes, dropout=network.dropout, norm=network.norm)
        if network.kind != "cnn":
            return modules.build(network.kind, input_shape, classes)
        return CNN(input_shape, network.widths, classes, dropout=network.dropout, norm=network.norm)


def cohort(network: Network, input_shape: tuple[int, ...], classes: int, *, seeds: tuple[int, ...]) -> Stacked:
    """The same network once for each seed, stacked; a seed that stands twice gives the same weights twice."""
    once = {seed: build(network, input_shape, classes, seed=seed) for seed in dict.fromkeys(seeds)}
    own = [member.module for member in once.values() if isinstance(member, Own)]
    if len({id(module) for module in own}) < len(own):
        raise ValueError(f"{network.kind} must make a new module each time; it returned the same one twice")
    return Stacked([once[seed] for seed in seeds])
