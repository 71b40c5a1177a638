"""Arms that share a method: what of the two networks it is shown, and the call."""

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from kdcore import methods, networks, teachers
from kdcore.datasets import Dataset
from kdcore.experiment import Experiment
from kdcore.fitting import shown
from kdcore.methods import Method, Terms
from kdcore.methods.declaration import LAYERS, identity
from kdcore.preparation import Prepared
from kdcore.randomness import stream
from kdcore.signal import Signal, class_first, pairs, pool


@dataclass
class Batch:
    """One step's examples: ids and labels `[seed, batch]`, inputs `[seed, batch, *input]`.

    viewed: what a group with a view of its own sees instead, inputs and labels `[arm, seed, batch, ...]`, by the place
    of its first arm. heard: what teachers said about the batch so far.
    """

    step: int
    progress: float
    ids: Tensor
    labels: Tensor
    inputs: Tensor
    viewed: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)
    heard: dict[Any, Signal] = field(default_factory=dict)


class SidePieces:
    """A method's own trainable module, once for each of its students, called with `[arm, seed, batch, ...]`."""

    def __init__(self, modules: list[nn.Module], leading: tuple[int, int], dtype: torch.dtype) -> None:
        weights, _ = stack_module_state(modules)
        self.weights = {name: weight.detach().to(dtype).requires_grad_() for name, weight in weights.items()}
        self.module, self.leading = modules[0].to(dtype), leading

    def __call__(self, *inputs: Any) -> Any:
        """Each student's piece applied to that student's share of every input."""

        def one(weights: dict[str, Tensor], *shares: Any) -> Any:
            return functional_call(self.module, weights, shares)

        flat = torch.utils._pytree.tree_map(lambda t: t.expand(*self.leading, *t.shape[2:]).flatten(0, 1), inputs)
        answers = vmap(one)(self.weights, *flat)
        return torch.utils._pytree.tree_map(lambda t: t.unflatten(0, self.leading), answers)

    def of_seed(self, place: int) -> "SidePieces":
        """The pieces of one seed's students alone, sharing their weights."""
        one = copy.copy(self)
        one.weights = {n: w.unflatten(0, self.leading)[:, place] for n, w in self.weights.items()}
        one.leading = (self.leading[0], 1)
        return one


@dataclass
class Group:
    """Arms that share a method, its switches and a teacher: the method is called once for all of them.

    arms: their places in the experiment. knobs: each `[arm, 1, 1]`, lining up with a term `[arm, seed, batch]`.
    """

    method: Method
    arms: list[int]
    switches: dict[str, bool | str]
    answers: teachers.Answers | None
    knobs: dict[str, Tensor] = field(default_factory=dict)
    prepared: Any = None
    side: Any = None

    def terms(self, signal: Signal, batch: Batch, base: Signal | None = None) -> Terms:
        """The method's terms for the cohort's answers `[arm, seed, batch, ...]` to a batch, this group's arms alone.

        base: the answers of the cohort's initial weights, for a method that names it.
        """
        student, teacher = self.views(signal, batch)
        inputs: dict[str, Any] = {**self.knobs, **self.switches}
        for name in self.method.supplied:
            inputs[name] = self._supplied(name, batch, base)
        return self.method(student, teacher, self.seen(batch)[1], **inputs)

    def _supplied(self, name: str, batch: Batch, base: Signal | None) -> Any:
        if name == "base":
            assert base is not None and self.answers is not None
            before = Signal(self.answers.before.logits[batch.ids].to(base.logits.dtype))
            return {"student": Signal(base.logits[self.places]), "teacher": before}
        if name == "members":
            assert self.answers is not None
            return self.answers.members[:, batch.ids].to(batch.inputs.dtype)
        return {
            "ids": batch.ids,
            "progress": batch.progress,
            "generator": stream("method", self.method.name, batch.step),
            "side": self.side or identity,
            "prepared": self.prepared,
            "inputs": self.seen(batch)[0],
        }[name]

    def seen(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Inputs and labels as this group's arms meet them: `[arm or 1, seed, batch, *input]`, `[..., seed, batch]`."""
        return batch.viewed.get(self.arms[0], (batch.inputs.unsqueeze(0), batch.labels))

    def says(self, signal: Signal, side: Any = None) -> Tensor | None:
        """What its students finally say to `[arm, seed, batch, ...]`; None where that is their own head's logits.

        side: other side pieces than its own, those of one seed.
        """
        if self.method.answer is None:
            return None
        wanted = LAYERS & set(self.method.needs)
        layers = _layers({n: f[self.places] for n, f in signal.features.items()}, wanted, leading=2)
        inputs = {"side": side or self.side or identity, "prepared": self.prepared}
        return self.method.answer(Signal(signal.logits[self.places], layers), **inputs)

    @cached_property
    def index(self) -> Tensor:
        """The arms as a tensor."""
        return torch.tensor(self.arms)

    @property
    def places(self) -> slice | list[int]:
        """The arms as an index; a slice, which copies nothing, where they stand side by side."""
        first, last = self.arms[0], self.arms[-1]
        return slice(first, last + 1) if self.arms == list(range(first, last + 1)) else self.arms

    def views(self, signal: Signal, batch: Batch) -> tuple[Signal, Signal]:
        """Student's and teacher's signals as the method may see them: only the layer pairs it asked for, same keys."""
        places, wanted = self.places, LAYERS & set(self.method.needs)
        gradient = None if signal.input_gradient is None else signal.input_gradient[places]
        teacher = self._teacher(batch, signal.logits.dtype)

        def spread(theirs: Tensor) -> Tensor:
            """With the axes `[arm, seed, batch, ...]`, which what the teacher said about one batch for all lacks."""
            return theirs if self.arms[0] in batch.viewed else theirs.expand(len(self.arms), *theirs.shape)

        if self.method.side and self.answers:
            # A side piece is applied student by student, so what it is given must have the students' axes.
            teacher = replace(teacher, logits=spread(teacher.logits))
        # Taken with the class axis first, so that the gradient comes back laid out like the logits.
        logits = signal.logits.mT[places].mT
        if not wanted:
            return Signal(logits, {}, gradient), teacher
        ours = _layers({n: f[places] for n, f in signal.features.items()}, wanted, leading=2)
        theirs = _layers(teacher.features, wanted, leading=2 if self.arms[0] in batch.viewed else 1)
        together = pairs(list(ours), list(theirs))
        student = Signal(logits, {a: ours[a] for a, _ in together}, gradient)
        return student, Signal(teacher.logits, {a: spread(theirs[b]) for a, b in together}, teacher.input_gradient)

    def _teacher(self, batch: Batch, dtype: torch.dtype) -> Signal:
        """What the teacher says about a batch: `[seed, batch, ...]`, broadcasting over arms; with the arms where the
        group has a view of its own."""
        if self.answers is None:
            return Signal(torch.zeros(1, 0, dtype=dtype))
        viewed = batch.viewed.get(self.arms[0])
        inputs, labels = viewed or (batch.inputs, batch.labels)
        live = viewed is not None or bool({"live_teacher", "maps"} & set(self.method.needs))
        layers = bool(LAYERS & set(self.method.needs))
        with_gradient = "input_gradient" in self.method.needs
        key = (id(self.answers), live, layers, with_gradient, viewed and self.arms[0])
        if key not in batch.heard:
            if live:
                signal = self.answers.live(inputs.float(), batch.ids.expand(labels.shape))
            else:
                kept = self.answers.signal
                features = {n: f[batch.ids] for n, f in kept.features.items()} if layers else {}
                signal = Signal(kept.logits[batch.ids], features)
            gradient = self.answers.input_gradient(inputs, labels).to(dtype) if with_gradient else None
            features = {name: feature.to(dtype) for name, feature in signal.features.items()}
            batch.heard[key] = Signal(class_first(signal.logits.to(dtype)), features, gradient)
        return batch.heard[key]


def grouped(prepared: Prepared, dtype: torch.dtype) -> list[Group]:
    """The arms of an experiment by method, switches and teacher, with their knobs and prepared constants."""
    experiment = prepared.experiment
    groups: dict[Any, Group] = {}
    for place, arm in enumerate(experiment.arms):
        method = methods.get(arm.method)
        switches: dict[str, Any] = {n: arm.knobs[n] for n, knob in method.knobs.items() if knob.kind != "number"}
        answers = prepared.answers.get(arm.teacher or experiment.teacher)
        key = (method.name, tuple(switches.items()), id(answers))
        groups.setdefault(key, Group(method, [], switches, answers)).arms.append(place)
    for group in groups.values():
        for name, knob in group.method.knobs.items():
            if knob.kind == "number":
                values = [experiment.arms[place].knobs[name] for place in group.arms]
                group.knobs[name] = torch.tensor(values, dtype=dtype).view(-1, 1, 1)
        if group.method.prepare and group.answers:
            group.prepared = group.method.prepare(group.answers.signal, _train_labels(prepared.dataset))
    return list(groups.values())


def _train_labels(dataset: Dataset) -> Tensor:
    """The labels of the train split; -1 elsewhere, so that no method can look at those that are tested on."""
    return torch.full_like(dataset.labels, -1).index_copy(0, dataset.train, dataset.labels[dataset.train])


def side_pieces(group: Group, signal: Signal, batch: Batch, experiment: Experiment) -> SidePieces | None:
    """The method's trainable pieces, one set for each student; initial weights depend on the seed alone."""
    if group.method.side is None:
        return None
    student, teacher = (
        {name: tuple(f.shape[3:]) for name, f in view.features.items()} | {"logits": (view.logits.shape[-1],)}
        for view in group.views(signal, batch)
    )
    facts = experiment.facts
    modules = []
    for seed in experiment.seed_list:
        own = stream("side pieces", seed).initial_seed()

        def another(number: int = own % 2**31) -> nn.Module:
            return networks.build(experiment.student, facts.input_shape, len(facts.classes), seed=number)

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(own)
            piece = group.method.piece(student, teacher, another)
        assert piece is not None
        modules.append(piece)
    leading = (len(group.arms), len(experiment.seed_list))
    return SidePieces(modules * len(group.arms), leading, signal.logits.dtype)


def _layers(features: Mapping[str, Tensor], wanted: Collection[str], *, leading: int) -> dict[str, Tensor]:
    """Of `[<leading>, batch, ...]` layers those that are wanted; maps are pooled unless they are wanted as they are."""
    last, chosen = list(features)[-1:], {}
    for name, feature in features.items():
        way = shown(feature.ndim == leading + 4, [name] == last, wanted)
        if way != "not":
            chosen[name] = feature if way == "whole" else pool(feature)
    return chosen
