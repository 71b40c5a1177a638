"""Whether a method can work with an experiment's networks, batches and classes: said before anything is trained."""

from collections.abc import Collection
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

import torch

from kdcore import methods, modules, networks
from kdcore.kinds import KINDS
from kdcore.methods import Method
from kdcore.methods.declaration import LAYERS, Shapes
from kdcore.parts import Network
from kdcore.signal import pairs

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

WIDE = 3_000_000
"""Of how many weights a network is not built just to see its shapes."""


def shown(is_map: bool, is_last: bool, wanted: Collection[str]) -> Literal["whole", "pooled", "not"]:
    """How a method that asked for these kinds of layers is shown one of them."""
    if is_map and "maps" in wanted:
        return "whole"
    if "features" in wanted or ("penultimate" in wanted and is_last):
        return "pooled" if is_map else "whole"
    return "not"


def shapes(network: Network, input_shape: tuple[int, ...], classes: int) -> Shapes:
    """The network's layers from input to output, name to shape without the batch axis."""
    return _shapes(network, input_shape, classes, modules.revision(network.kind))


@lru_cache(maxsize=64)
def _shapes(network: Network, input_shape: tuple[int, ...], classes: int, revision: int) -> Shapes:
    # On the device "meta" nothing is computed or held, however wide the network. But its first use imports for seconds,
    # and a module of one's own may not know it.
    kind = KINDS.get(network.kind)
    wide = kind is not None and kind.parameters(network.widths, input_shape, classes) > WIDE
    with torch.device("meta" if wide else "cpu"), torch.no_grad():
        signal = networks.build(network, input_shape, classes)(torch.zeros(2, *input_shape))
    return {name: tuple(feature.shape[1:]) for name, feature in signal.features.items()}


def paired(method: Method, student: Shapes, teacher: Shapes) -> tuple[Shapes, Shapes]:
    """Of both networks' layers the shapes that the method is shown, paired, under the student's names."""
    wanted = LAYERS & set(method.needs)

    def kept(layers: Shapes) -> dict[str, tuple[int, ...]]:
        last = list(layers)[-1:]
        ways = {name: shown(len(shape) == 3, [name] == last, wanted) for name, shape in layers.items()}
        return {n: s if ways[n] == "whole" else s[:1] for n, s in layers.items() if ways[n] != "not"}

    ours, theirs = kept(student), kept(teacher)
    together = pairs(list(ours), list(theirs))
    return {a: ours[a] for a, _ in together}, {a: theirs[b] for a, b in together}


def check(experiment: "Experiment") -> None:
    """ValueError with a sentence where an arm's method cannot work with this experiment."""
    facts = experiment.facts
    classes, size = len(facts.classes), experiment.transfer_size or experiment.batch_size
    # The last batch of an epoch holds what is left.
    smallest = min(experiment.batch_size, size % experiment.batch_size or experiment.batch_size)
    for arm in experiment.arms:
        method = methods.get(arm.method)
        if classes < method.least_classes:
            raise ValueError(
                f"{method.name} needs at least {method.least_classes} classes; {experiment.dataset} has {classes}"
            )
        if smallest < method.least_batch:
            raise ValueError(
                f"{method.name} compares examples of a batch and needs at least {method.least_batch}; {size} inputs in "
                f"steps of {experiment.batch_size} leave a batch of {smallest}. Another batch size would help"
            )
        teacher = (arm.teacher or experiment.teacher).network
        if LAYERS & set(method.needs) and teacher.kind != "table":
            ours, theirs = (shapes(each, facts.input_shape, classes) for each in (experiment.student, teacher))
            _check_layers(method, experiment.student, teacher, ours, theirs)


def _check_layers(method: Method, student: Network, teacher: Network, ours: Shapes, theirs: Shapes) -> None:
    for role, network, layers in (("student", student, ours), ("teacher", teacher, theirs)):
        if "maps" in method.needs and not any(len(shape) == 3 for shape in layers.values()):
            raise ValueError(
                f"{method.name} needs maps, channels with positions; the {role} {network.name} has none. A "
                "convolutional network for both, such as cnn, would help"
            )
        if not layers:
            raise ValueError(f"{method.name} compares features; the {role} {network.name} has no layer but its logits")
    if method.fits and (reason := method.fits(*paired(method, ours, theirs))):
        raise ValueError(f"{method.name} cannot pair {student.name} with {teacher.name}: {reason}")
