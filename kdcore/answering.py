"""What teachers say: every example asked once, by id; ensembles; what is done to their answers afterwards."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kdcore import networks
from kdcore.datasets import Dataset
from kdcore.parts import Teacher
from kdcore.randomness import stream
from kdcore.signal import Signal, class_first, log_soft_labels, pool
from kdcore.tasks import classification as task

CHUNK = 4096
CHECKED = 64


@dataclass(eq=False)
class Answers:
    """What a trained teacher says about every example of a data set; row = example id.

    signal: logits `[example, class]`, laid out class-first, and pooled features, an ensemble's those of its first
    member; the teacher is in eval mode and gets no gradient. network: None where the answers are stored with the data;
    then nothing else can be asked, and an experiment whose methods want to is refused beforehand.
    members: logits `[member, example, class]` of those whose mean an ensemble says; one, itself, where it is none.
    """

    teacher: Teacher
    network: nn.Module | None
    signal: Signal
    dataset: Dataset = field(repr=False)
    members: Tensor = field(repr=False)
    _noise: Tensor | None = field(default=None, repr=False)

    @cached_property
    def before(self) -> Signal:
        """What the same network said about every example before it learnt anything."""
        network = initial(self.dataset, self.teacher)
        with torch.no_grad():
            return Signal(torch.cat([network(chunk).logits for chunk in self.dataset.inputs.split(CHUNK)]))

    def input_gradient(self, inputs: Tensor, labels: Tensor) -> Tensor:
        """Gradient of the labels' log-probability with respect to `inputs [..., batch, *input]`, same shape."""
        assert self.network is not None
        flat = inputs.float().flatten(0, labels.ndim - 1).detach().requires_grad_()
        score = task.label_score(log_soft_labels(self.network(flat).logits), labels.flatten()).sum()
        return torch.autograd.grad(score, flat)[0].view_as(inputs)

    def live(self, inputs: Tensor, ids: Tensor, *, differentiable: bool = False) -> Signal:
        """Answers to a batch that is asked now: inputs `[..., batch, *input]`, ids `[..., batch]`.

        differentiable: let gradients reach the inputs.
        """
        if self.network is None:
            return Signal(self.signal.logits[ids])
        flat = inputs.flatten(0, ids.ndim - 1)
        with torch.set_grad_enabled(differentiable):
            signal = self.network(flat)
        logits = _distorted(signal.logits, self.teacher, self._noise, ids.flatten())
        return Signal(
            logits.unflatten(0, ids.shape), {n: f.unflatten(0, ids.shape) for n, f in signal.features.items()}
        )


class Ensemble(nn.Module):
    """Networks that are asked together: the mean of their logits, each's classes swapped; the first's features."""

    def __init__(self, networks: Sequence[nn.Module], members: Sequence[Teacher]) -> None:
        super().__init__()
        self.networks, self.members = nn.ModuleList(networks), tuple(members)

    def forward(self, inputs: Tensor) -> Signal:
        """inputs `[batch, *input]` give logits `[batch, class]`."""
        said: list[Signal] = [network(inputs) for network in self.networks]
        own = [swapped(each.logits, member) for each, member in zip(said, self.members, strict=True)]
        return Signal(class_first(torch.stack(own).mean(0)), said[0].features)


def initial(dataset: Dataset, teacher: Teacher) -> nn.Module:
    """The teacher's network before it learnt anything, in eval mode."""
    if teacher.members:
        return Ensemble([initial(dataset, member) for member in teacher.members], teacher.members).eval()
    facts = dataset.facts
    network = networks.build(teacher.network, facts.input_shape, len(facts.classes), seed=teacher.seed)
    return network.eval().requires_grad_(False)


def together(teacher: Teacher, parts: Sequence[Answers], dataset: Dataset) -> Answers:
    """The answers of an ensemble from those of its members, who keep the noise on their own logits."""
    said = torch.stack([part.signal.logits for part in parts])
    noise = _noise(teacher, said[0])
    members = class_first(_distorted(said, teacher, noise, torch.arange(len(dataset.labels))))
    for part in parts:
        if part._noise is not None:
            theirs = swapped(part._noise, teacher) / len(parts)
            noise = theirs if noise is None else noise + theirs
    network = Ensemble([part.network for part in parts if part.network is not None], teacher.members).eval()
    return Answers(
        teacher, network, Signal(class_first(members.mean(0)), parts[0].signal.features), dataset, members, noise
    )


def _noise(teacher: Teacher, logits: Tensor) -> Tensor | None:
    """The fixed noise on a teacher's logits `[example, class]`; None where it has none."""
    if not teacher.logit_noise:
        return None
    return teacher.logit_noise * torch.randn(logits.shape, generator=stream("logit noise", teacher.seed))


def noted(teacher: Teacher, network: nn.Module | None, signal: Signal, dataset: Dataset) -> Answers:
    """The answers with what is done to them afterwards: noise, and classes exchanged."""
    noise = _noise(teacher, signal.logits)
    logits = _distorted(signal.logits, teacher, noise, torch.arange(len(dataset.labels)))
    return Answers(teacher, network, Signal(logits, signal.features), dataset, logits.unsqueeze(0), noise)


def swapped(logits: Tensor, teacher: Teacher) -> Tensor:
    """Logits `[..., class]` with the answers of those classes exchanged that this teacher exchanges."""
    order = list(range(logits.shape[-1]))
    for a, b in teacher.swap:
        order[a], order[b] = order[b], order[a]
    return logits[..., order]


def _distorted(logits: Tensor, teacher: Teacher, noise: Tensor | None, ids: Tensor) -> Tensor:
    return swapped(logits, teacher) + (0.0 if noise is None else noise[ids])


def asked(network: nn.Module, dataset: Dataset, file: Path) -> Signal:
    """Ask for every example once and keep the answers; kept ones are checked on a random sample of ids."""
    sample = torch.randperm(len(dataset.labels), generator=stream("check", len(dataset.labels)))[:CHECKED]
    with torch.no_grad():
        kept = _stored(file)
        if "logits" in kept and len(kept["logits"]) == len(dataset.labels):
            now = _vectors(network(dataset.inputs[sample]))
            if now.keys() == kept.keys() and all(_near(kept[name][sample], now[name]) for name in now):
                return Signal(kept.pop("logits"), {name: kept[name] for name in now if name != "logits"})
        parts = [_vectors(network(chunk)) for chunk in dataset.inputs.split(CHUNK)]
    answers = {name: torch.cat([part[name] for part in parts]).contiguous() for name in parts[0]}
    file.parent.mkdir(parents=True, exist_ok=True)
    save(answers, file)
    return Signal(answers.pop("logits"), answers)


def _vectors(signal: Signal) -> dict[str, Tensor]:
    """Logits and features by name, maps pooled."""
    features = {name: pool(feature) if feature.ndim == 4 else feature for name, feature in signal.features.items()}
    return {"logits": signal.logits, **features}


def _near(kept: Tensor, asked: Tensor) -> bool:
    return kept.shape == asked.shape and torch.allclose(kept, asked, atol=1e-4)


def _stored(file: Path) -> dict[str, Tensor]:
    """What a file of answers holds; nothing where there is none or it is damaged."""
    try:
        return load_file(file)
    except (OSError, SafetensorError):
        return {}


def save(tensors: dict[str, Tensor], file: Path) -> None:
    """Write beside and move: a reader never meets half a file."""
    beside = file.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, beside)
    beside.chmod(0o644)
    beside.replace(file)
