"""Arms that share a method: what of the two networks it is shown, and the call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from kdcore import methods, teachers
from kdcore.experiment import Experiment
from kdcore.methods import Method, Terms
from kdcore.methods.declaration import identity
from kdcore.preparation import Prepared
from kdcore.randomness import stream
from kdcore.signal import Signal, class_first, pairs, pool

Shapes = Mapping[str, tuple[int, ...]]
LAYERS = {"penultimate", "features", "maps"}


@dataclass
class Batch:
    """One step's examples: ids and labels `[seed, batch]`, inputs `[seed, batch, *input]`."""

    step: int
    progress: float
    ids: Tensor
    labels: Tensor
    inputs: Tensor
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


@dataclass
class Group:
    """Arms that share a method, its switches and a teacher: the method is called once for all of them.

    arms: their places in the experiment. knobs: each `[arm, 1, 1]`, lining up with a term `[arm, seed, batch]`.
    """

    method: Method
    arms: list[int]
    switches: dict[str, bool]
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
        return self.method(student, teacher, batch.labels, **inputs)

    def _supplied(self, name: str, batch: Batch, base: Signal | None) -> Any:
        if name == "base":
            assert base is not None and self.answers is not None
            before = Signal(self.answers.before.logits[batch.ids].to(base.logits.dtype))
            return {"student": Signal(base.logits[self.places]), "teacher": before}
        return {
            "ids": batch.ids,
            "progress": batch.progress,
            "generator": stream("method", self.method.name, batch.step),
            "side": self.side or identity,
            "prepared": self.prepared,
        }[name]

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
        if self.method.side:
            # A side piece is applied student by student, so what it is given must have the students' axes.
            teacher = replace(teacher, logits=teacher.logits.expand(len(self.arms), *teacher.logits.shape))
        # Taken with the class axis first, so that the gradient comes back laid out like the logits.
        logits = signal.logits.mT[places].mT
        if not wanted:
            return Signal(logits, {}, gradient), teacher
        ours = _layers({n: f[places] for n, f in signal.features.items()}, wanted, leading=2)
        theirs = _layers(teacher.features, wanted, leading=1)
        together = pairs(list(ours), list(theirs))
        student = Signal(logits, {a: ours[a] for a, _ in together}, gradient)
        spread = {a: theirs[b].expand(len(self.arms), *theirs[b].shape) for a, b in together}
        return student, Signal(teacher.logits, spread, teacher.input_gradient)

    def _teacher(self, batch: Batch, dtype: torch.dtype) -> Signal:
        """What the teacher says about a batch: `[seed, batch, ...]`, broadcasting over arms."""
        if self.answers is None:
            return Signal(torch.zeros(1, 0, dtype=dtype))
        live = bool({"live_teacher", "maps"} & set(self.method.needs))
        layers = bool(LAYERS & set(self.method.needs))
        with_gradient = "input_gradient" in self.method.needs
        key = (id(self.answers), live, layers, with_gradient)
        if key not in batch.heard:
            if live:
                signal = self.answers.live(batch.inputs.float(), batch.ids)
            else:
                kept = self.answers.signal
                features = {n: f[batch.ids] for n, f in kept.features.items()} if layers else {}
                signal = Signal(kept.logits[batch.ids], features)
            gradient = self.answers.input_gradient(batch.inputs, batch.labels).to(dtype) if with_gradient else None
            features = {name: feature.to(dtype) for name, feature in signal.features.items()}
            batch.heard[key] = Signal(class_first(signal.logits.to(dtype)), features, gradient)
        return batch.heard[key]


def grouped(prepared: Prepared, dtype: torch.dtype) -> list[Group]:
    """The arms of an experiment by method, switches and teacher, with their knobs and prepared constants."""
    experiment = prepared.experiment
    groups: dict[Any, Group] = {}
    for place, arm in enumerate(experiment.arms):
        method = methods.get(arm.method)
        switches = {name: bool(arm.knobs[name]) for name, knob in method.knobs.items() if knob.kind == "bool"}
        answers = prepared.answers.get(arm.teacher or experiment.teacher)
        key = (method.name, tuple(switches.items()), id(answers))
        groups.setdefault(key, Group(method, [], switches, answers)).arms.append(place)
    for group in groups.values():
        for name, knob in group.method.knobs.items():
            if knob.kind == "number":
                values = [experiment.arms[place].knobs[name] for place in group.arms]
                group.knobs[name] = torch.tensor(values, dtype=dtype).view(-1, 1, 1)
        if group.method.prepare and group.answers:
            group.prepared = group.method.prepare(group.answers.signal, prepared.dataset.labels)
    return list(groups.values())


def side_pieces(group: Group, signal: Signal, batch: Batch, experiment: Experiment) -> SidePieces | None:
    """The method's trainable pieces, one set for each student; initial weights depend on the seed alone."""
    if group.method.side is None:
        return None
    student, teacher = (
        {name: tuple(f.shape[3:]) for name, f in view.features.items()} | {"logits": (view.logits.shape[-1],)}
        for view in group.views(signal, batch)
    )
    modules = []
    for seed in experiment.seed_list:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(stream("side pieces", seed).initial_seed())
            modules.append(group.method.side(student, teacher))
    leading = (len(group.arms), len(experiment.seed_list))
    return SidePieces(modules * len(group.arms), leading, signal.logits.dtype)


def _layers(features: Mapping[str, Tensor], wanted: set[str], *, leading: int) -> dict[str, Tensor]:
    """Of `[<leading>, batch, ...]` layers those that are wanted; maps are pooled unless they are wanted as they are."""
    last, chosen = list(features)[-1:], {}
    for name, feature in features.items():
        is_map = feature.ndim == leading + 4
        if is_map and "maps" in wanted:
            chosen[name] = feature
        elif "features" in wanted or ("penultimate" in wanted and [name] == last):
            chosen[name] = pool(feature) if is_map else feature
    return chosen
