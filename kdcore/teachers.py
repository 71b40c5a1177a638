"""Teachers: trained by the same loop as students, kept by content, asked once for each example."""

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from kdcore import datasets, modules, networks
from kdcore.datasets import Dataset
from kdcore.experiment import Arm, Experiment, Teacher, Transfer
from kdcore.folders import ASSETS, data_folder
from kdcore.frame import Frame
from kdcore.randomness import stream
from kdcore.signal import Signal, class_first, log_soft_labels, pool
from kdcore.tasks import classification as task

CHUNK = 4096
CHECKED = 64


@dataclass(eq=False)
class Answers:
    """What a trained teacher says about every example of a data set; row = example id.

    signal: logits `[example, class]`, laid out class-first, and pooled features; the teacher is in eval mode and
    gets no gradient. network: None where the answers are stored with the data; then nothing else can be asked, and an
    experiment whose methods want to is refused beforehand.
    """

    teacher: Teacher
    network: nn.Module | None
    signal: Signal
    dataset: Dataset = field(repr=False)
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

    def live(self, inputs: Tensor, ids: Tensor) -> Signal:
        """Answers to a batch that is asked now: inputs `[..., batch, *input]`, ids `[..., batch]`."""
        if self.network is None:
            return Signal(self.signal.logits[ids])
        flat = inputs.flatten(0, ids.ndim - 1)
        with torch.no_grad():
            signal = self.network(flat)
        logits = _distorted(signal.logits, self.teacher, self._noise, ids.flatten())
        return Signal(
            logits.unflatten(0, ids.shape), {n: f.unflatten(0, ids.shape) for n, f in signal.features.items()}
        )


def experiment_of(experiment: Experiment, teacher: Teacher | None = None) -> Experiment:
    """The teacher's own training, as an experiment with one arm and one seed."""
    teacher = teacher or experiment.teacher
    return Experiment(
        dataset=experiment.dataset,
        split=experiment.split,
        teacher=teacher,
        student=teacher.network,
        transfer=Transfer(wrong=teacher.wrong_labels),
        arms=(Arm("hard"),),
        seeds=(teacher.seed,),
        steps=teacher.steps,
        epochs=teacher.epochs,
        learning_rate=teacher.learning_rate,
    )


def is_cached(dataset: str, split: int, teacher: Teacher) -> bool:
    """Whether this teacher is trained already, here or among the shipped ones."""
    return not _learns(teacher) or _found(_key(datasets.load(dataset, split), teacher)) is not None


def train(experiment: Experiment, teacher: Teacher | None = None, *, keep: Path | None = None) -> Iterator[Frame]:
    """Train a teacher with the one loop, yielding its frames, and keep its weights at the end.

    keep: the folder for the weights, by default `teachers` under the data folder.
    """
    from kdcore.training import Training

    own = experiment_of(experiment, teacher)
    training = Training(own, frames_every=0.1, solo=True)
    yield from training
    folder = keep or data_folder() / "teachers"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{_key(datasets.load(own.dataset, own.split), own.teacher)}.safetensors"
    _save({name: w.contiguous() for name, w in training.cohort.students.member(0).state_dict().items()}, file)


def trained(experiment: Experiment, teacher: Teacher | None = None) -> nn.Module | None:
    """A teacher's network with what it learnt, in eval mode; None where it is not trained yet, or where there are
    only its stored logits. Trains nothing."""
    chosen = teacher or experiment.teacher
    if chosen.network.kind == "table":
        return None
    return _loaded(datasets.load(experiment.dataset, experiment.split), chosen)


def _loaded(dataset: Dataset, teacher: Teacher) -> nn.Module | None:
    network = initial(dataset, teacher)
    if _learns(teacher):
        file = _found(_key(dataset, teacher))
        if file is None:
            return None
        network.load_state_dict(load_file(file))
    return network


def answers(experiment: Experiment, teacher: Teacher | None = None) -> Answers:
    """The teacher's answers to all examples; trains it first where it is not kept yet."""
    chosen = teacher or experiment.teacher
    revision = modules.revision(chosen.network.kind)
    return _answers(experiment.dataset, experiment.split, chosen, str(data_folder()), revision)


@lru_cache(maxsize=8)
def _answers(name: str, split: int, teacher: Teacher, folder: str, revision: int) -> Answers:
    dataset = datasets.load(name, split)
    if teacher.network.kind == "table":
        assert dataset.teacher_logits is not None
        return _noted(teacher, None, Signal(class_first(dataset.teacher_logits)), dataset)
    network = _loaded(dataset, teacher)
    if network is None:
        for _ in train(Experiment(dataset=name, split=split, teacher=teacher, transfer=Transfer())):
            pass
        network = _loaded(dataset, teacher)
        assert network is not None
    signal = _asked(network, dataset, Path(folder) / "teachers" / f"{_key(dataset, teacher)}.answers.safetensors")
    return _noted(teacher, network, signal, dataset)


def _noted(teacher: Teacher, network: nn.Module | None, signal: Signal, dataset: Dataset) -> Answers:
    """The answers with what is done to them afterwards: noise, and classes exchanged."""
    noise = None
    if teacher.logit_noise:
        generator = stream("logit noise", teacher.seed)
        noise = teacher.logit_noise * torch.randn(signal.logits.shape, generator=generator)
    everything = torch.arange(len(dataset.labels))
    logits = _distorted(signal.logits, teacher, noise, everything)
    return Answers(teacher, network, Signal(logits, signal.features), dataset, noise)


def initial(dataset: Dataset, teacher: Teacher) -> nn.Module:
    """The teacher's network before it learnt anything, in eval mode."""
    facts = dataset.facts
    network = networks.build(teacher.network, facts.input_shape, len(facts.classes), seed=teacher.seed)
    return network.eval().requires_grad_(False)


def _learns(teacher: Teacher) -> bool:
    """A budget of zero asks for an untrained teacher: initial weights, nothing to train or keep; a table has learnt."""
    return bool(teacher.steps or teacher.epochs) and teacher.network.kind != "table"


def swapped(logits: Tensor, teacher: Teacher) -> Tensor:
    """Logits `[..., class]` with the answers of those classes exchanged that this teacher exchanges."""
    order = list(range(logits.shape[-1]))
    for a, b in teacher.swap:
        order[a], order[b] = order[b], order[a]
    return logits[..., order]


def _distorted(logits: Tensor, teacher: Teacher, noise: Tensor | None, ids: Tensor) -> Tensor:
    return swapped(logits, teacher) + (0.0 if noise is None else noise[ids])


def _asked(network: nn.Module, dataset: Dataset, file: Path) -> Signal:
    """Ask for every example once and keep the answers; kept ones are checked on a random sample of ids."""
    sample = torch.randperm(len(dataset.labels), generator=stream("check", len(dataset.labels)))[:CHECKED]
    with torch.no_grad():
        kept = _stored(file)
        if "logits" in kept and len(kept["logits"]) == len(dataset.labels):
            asked = _vectors(network(dataset.inputs[sample]))
            if asked.keys() == kept.keys() and all(_near(kept[name][sample], asked[name]) for name in asked):
                return Signal(kept.pop("logits"), {name: kept[name] for name in asked if name != "logits"})
        parts = [_vectors(network(chunk)) for chunk in dataset.inputs.split(CHUNK)]
    answers = {name: torch.cat([part[name] for part in parts]).contiguous() for name in parts[0]}
    file.parent.mkdir(parents=True, exist_ok=True)
    _save(answers, file)
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


def _key(dataset: Dataset, teacher: Teacher) -> str:
    """Content of the data, network, seed and budget; what is done to its answers afterwards is not part of it."""
    trained = teacher.model_dump(exclude={"logit_noise", "swap"})
    content = hashlib.sha256(json.dumps([dataset.name, trained], sort_keys=True).encode())
    told = [dataset.inputs[dataset.train], dataset.labels[dataset.train]]
    if modules.revision(teacher.network.kind):
        # Under the name of a module of one's own there may have been another one, yesterday.
        content.update(repr(own := initial(dataset, teacher)).encode())
        told += list(own.state_dict().values())
    for tensor in told:
        content.update(tensor.contiguous().numpy().tobytes())
    return content.hexdigest()[:24]


def _found(key: str) -> Path | None:
    places = (data_folder() / "teachers", ASSETS / "teachers")
    return next((file for place in places if (file := place / f"{key}.safetensors").exists()), None)


def _save(tensors: dict[str, Tensor], file: Path) -> None:
    """Write beside and move: a reader never meets half a file."""
    beside = file.with_suffix(f".{os.getpid()}.part")
    save_file(tensors, beside)
    beside.chmod(0o644)
    beside.replace(file)
