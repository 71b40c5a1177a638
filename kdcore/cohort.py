"""The cohort: all students of one experiment, arms x seeds, trained together as one stacked network.

Every tensor of answers has the leading axes `[arm, seed]`; weights are stacked along `arm * seeds + seed`. Seed k of
every arm starts from the same weights and sees the same batches and dropout masks, whoever else is there.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor

from kdcore import methods, networks
from kdcore.experiment import Command
from kdcore.groups import Batch, Group, grouped, side_pieces
from kdcore.memory import keep_freed_memory
from kdcore.optimizers import OPTIMIZERS
from kdcore.preparation import Prepared
from kdcore.randomness import stream
from kdcore.signal import Signal, class_first, log_soft_labels
from kdcore.tasks import classification as task
from kdcore.views import viewed


class Cohort:
    """The students and how one step moves them. What a person may change: weights of the terms, knobs, rates.

    raised: what went wrong in a method, by the name of each of its arms; those are stopped.
    """

    def __init__(self, prepared: Prepared, dtype: torch.dtype = torch.float32) -> None:
        keep_freed_memory()
        experiment = prepared.experiment
        self.prepared, self.dtype = prepared, dtype
        self.arms, self.seeds = experiment.arms, experiment.seed_list
        self.leading = (len(self.arms), len(self.seeds))
        facts = experiment.facts
        members = self.seeds * len(self.arms)
        self.students = networks.cohort(experiment.student, facts.input_shape, len(facts.classes), seeds=members)
        self.students.to(dtype)
        self.hard_weight = torch.tensor([arm.hard_weight for arm in self.arms], dtype=dtype)
        self.weight = torch.tensor([arm.weight for arm in self.arms], dtype=dtype)
        rates = [arm.learning_rate or experiment.learning_rate for arm in self.arms]
        self.learning_rate = torch.tensor(rates, dtype=dtype)
        self.stopped = torch.zeros(len(self.arms), dtype=torch.bool)
        self.raised: dict[str, str] = {}
        self.groups = grouped(prepared, dtype)
        self._initial = {name: weight.detach().clone() for name, weight in self.students.weights.items()}
        self._blocks = blocks(list(self.students.weights))
        first = self.batch(0, 0.0)
        with torch.no_grad():
            signal = self._split(self.students(self.inputs(first).flatten(0, 1)))
        for group in self.groups:
            group.side = side_pieces(group, signal, first, experiment)
        owned = [(self.students.weights, torch.arange(len(self.arms)))]
        owned += [(group.side.weights, group.index) for group in self.groups if group.side]
        self._owners = [arms for _, arms in owned]
        # Every stacked weight with the arms that its leading axis stands for.
        self._trained = [(weight, arms) for weights, arms in owned for weight in weights.values()]
        self.optimizer = OPTIMIZERS[experiment.optimizer]([weight for weight, _ in self._trained])

    def batch(self, step: int, progress: float) -> Batch:
        """The inputs and labels of one step; progress is the share of the budget that is spent."""
        ids, labels = self.prepared.transfer_set.batch(step)
        batch = Batch(step, progress, ids, labels, self.prepared.dataset.inputs[ids].to(self.dtype))
        for group in self.groups:
            if group.method.view and not self._broken(group):
                with self._stopping(group):
                    batch.viewed[group.arms[0]] = viewed(self.prepared, self.students, group, batch)
        return batch

    def inputs(self, batch: Batch) -> Tensor:
        """The inputs as every arm meets them, `[arm, seed, batch, *input]`."""
        return self._by_arm(batch.inputs, {arm: inputs for arm, (inputs, _) in batch.viewed.items()})

    def labels(self, batch: Batch) -> Tensor:
        """The labels as every arm meets them, `[arm, seed, batch]`, or `[seed, batch]` where all meet the same."""
        viewed = {arm: labels for arm, (_, labels) in batch.viewed.items()}
        return self._by_arm(batch.labels, viewed) if viewed else batch.labels

    def _by_arm(self, shared: Tensor, viewed: Mapping[int, Tensor]) -> Tensor:
        """`[seed, ...]` spread over arms; those of a group with a view, known by its first arm, get its own."""
        spread = shared.expand(len(self.arms), *shared.shape)
        if viewed:
            spread = spread.clone()
            for group in self.groups:
                if group.arms[0] in viewed:
                    spread[group.places] = viewed[group.arms[0]]
        return spread

    def _for_members(self, by_seed: Tensor) -> Tensor:
        """`[seed, ...]` repeated for every arm: `[member, ...]`."""
        return by_seed.expand(len(self.arms), *by_seed.shape).flatten(0, 1)

    def _masks(self, step: int, batch_size: int) -> list[Tensor]:
        """Dropout masks `[member, batch, unit]`, fixed by seed and step, alike in all arms; none without dropout."""
        rate, widths = self.prepared.experiment.student.dropout, list(self.students.mask_widths)
        if not widths:
            return []
        luck = [torch.rand(batch_size, sum(widths), generator=stream("dropout", seed, step)) for seed in self.seeds]
        masks = (torch.stack(luck) >= rate).to(self.dtype) / (1 - rate)
        return [self._for_members(mask) for mask in masks.split(widths, -1)]

    def _split(self, signal: Signal) -> Signal:
        """`[member, batch, ...]` seen as `[arm, seed, batch, ...]`."""
        features = {name: feature.unflatten(0, self.leading) for name, feature in signal.features.items()}
        return Signal(signal.logits.unflatten(0, self.leading), features)

    def answer(self, batch: Batch, masks: Sequence[Tensor] = ()) -> Signal:
        """All students' answers to a batch, `[arm, seed, batch, ...]`, with their own heads' logits."""
        if not any("input_gradient" in group.method.needs for group in self.groups):
            if len(self.seeds) == 1 and not batch.viewed:
                return self._split(self.students(batch.inputs[0], masks, shared=True))
            return self._split(self.students(self.inputs(batch).flatten(0, 1), masks))
        inputs = self.inputs(batch).flatten(0, 1).detach().requires_grad_()
        signal = self._split(self.students(inputs, masks))
        score = task.label_score(log_soft_labels(signal.logits), self.labels(batch)).sum()
        gradient = torch.autograd.grad(score, inputs, create_graph=True)[0]
        return Signal(signal.logits, signal.features, gradient.unflatten(0, self.leading))

    def said(self, signal: Signal) -> Tensor:
        """The logits with which the students speak, `[arm, seed, batch, class]`: their head's, or their method's."""
        instead = [(group, group.says(signal)) for group in self.groups if group.method.answer]
        return _replaced(signal.logits, instead)

    def opinions(self, inputs: Tensor, *, shared: bool = True, seed: int | None = None) -> Signal:
        """What all students say about `inputs`, `[arm, seed, batch, ...]`, with the logits with which they speak.

        shared: the inputs `[batch, *input]` are put to all of them; else they are `[member, batch, *input]`.
        seed: the place of a seed whose students alone are asked, the seeds' axis being left out.
        """
        if seed is None:
            signal = self._split(self.students(inputs, shared=shared))
            return Signal(self.said(signal), signal.features)
        weights = {name: w.unflatten(0, self.leading)[:, seed] for name, w in self.students.weights.items()}
        signal = self.students(inputs, weights=weights, shared=shared)
        alone = Signal(signal.logits.unsqueeze(1), {n: f.unsqueeze(1) for n, f in signal.features.items()})
        speaking = [group for group in self.groups if group.method.answer]
        instead = [(group, group.says(alone, group.side and group.side.of_seed(seed))) for group in speaking]
        return Signal(_replaced(alone.logits, instead).squeeze(1), signal.features)

    def terms(self, signal: Signal, batch: Batch) -> list[tuple[Group, methods.Terms]]:
        """The terms of every group's method for the cohort's answers to a batch."""
        base = self._before(batch) if any("base" in group.method.supplied for group in self.groups) else None
        said: list[tuple[Group, methods.Terms]] = []
        for group in self.groups:
            if not self._broken(group):
                with self._stopping(group):
                    said.append((group, group.terms(signal, batch, base)))
        return said

    @torch.no_grad()
    def _before(self, batch: Batch) -> Signal:
        """What the students said to this batch before they learnt anything, `[arm, seed, batch, ...]`."""
        if batch.viewed:
            return self._split(self.students(self.inputs(batch).flatten(0, 1), weights=self._initial))
        # Initial weights depend on the seed alone, so one arm speaks for all.
        weights = {name: weight.unflatten(0, self.leading)[0] for name, weight in self._initial.items()}
        logits = self.students(batch.inputs, weights=weights).logits
        return Signal(class_first(logits).expand(len(self.arms), *logits.shape))

    def _broken(self, group: Group) -> bool:
        return self.arms[group.arms[0]].name in self.raised

    @contextlib.contextmanager
    def _stopping(self, group: Group) -> Iterator[None]:
        """Stop a group's arms where its method raises; the others go on as if it had not been there."""
        try:
            yield
        except Exception as error:
            self.stopped[group.arms] = True
            self.raised |= {self.arms[place].name: f"{type(error).__name__}: {error}" for place in group.arms}

    def advance(self, step: int, progress: float = 0.0, rate_factor: float = 1.0) -> None:
        """Move every student by one step; arms whose loss is no longer finite are stopped and the others go on."""
        batch = self.batch(step, progress)
        signal = self.answer(batch, self._masks(step, batch.ids.shape[1]))
        loss = self.hard_weight[:, None] * task.supervised_loss(self.said(signal), self.labels(batch)).mean(-1)
        for group, terms in self.terms(signal, batch):
            if terms:
                soft = self.weight[group.places, None] * methods.total(terms)
                loss = loss.index_add(0, group.index, soft.expand(len(group.arms), -1))
        weights = [weight for weight, _ in self._trained]
        gradients = list(torch.autograd.grad(loss.sum(), weights, allow_unused=True, materialize_grads=True))
        # One number tells whether anything at all is wrong.
        if not math.isfinite(sum((gradient.sum() for gradient in gradients), start=loss.detach().sum())):
            self._stop(loss.detach(), gradients)
        if self.stopped.any():
            # Zero times NaN is NaN, so the gradient of a stopped student is replaced, not scaled. Its rate stays: what
            # the optimiser does with the others must not depend on it, not even in the last bit.
            for number, (weight, arms) in enumerate(self._trained):
                stopped = self._by_member(self.stopped, arms).view(-1, *[1] * (weight.ndim - 1))
                gradients[number] = torch.where(stopped, 0.0, gradients[number])
                self.optimizer.forget(number, stopped)
        rate = self.learning_rate * rate_factor
        by_owner = {id(arms): self._by_member(rate, arms) for arms in self._owners}
        rates = [by_owner[id(arms)] for _, arms in self._trained]
        self._freeze(progress, gradients, rates)
        self.optimizer.step(gradients, rates)

    def _freeze(self, progress: float, gradients: list[Tensor], rates: list[Tensor]) -> None:
        """Let the blocks of students stand still that their method does not train now; both lists are changed."""
        for group in self.groups:
            if group.method.trains is None:
                continue
            learning = set(group.method.trains(progress, max(self._blocks) + 1))
            everyone = torch.arange(len(self.arms))
            members = self._by_member(torch.isin(everyone, group.index), everyone)
            for number, block in enumerate(self._blocks):
                if block not in learning:
                    still = members.view(-1, *[1] * (gradients[number].ndim - 1))
                    gradients[number] = torch.where(still, 0.0, gradients[number])
                    # The optimiser remembers, so a gradient of zero alone does not stop it.
                    rates[number] = torch.where(members, 0.0, rates[number])

    def _stop(self, loss: Tensor, gradients: Sequence[Tensor]) -> None:
        """Stop the arms whose loss `[arm, seed]` or gradient is not finite."""
        self.stopped |= ~loss.isfinite().all(-1)
        for gradient, (_, arms) in zip(gradients, self._trained, strict=True):
            self.stopped[arms] |= ~gradient.reshape(len(arms), -1).isfinite().all(-1)

    def _by_member(self, by_arm: Tensor, arms: Tensor) -> Tensor:
        return by_arm[arms].repeat_interleave(len(self.seeds))

    def change(self, command: Command) -> None:
        """Let a `set` command act: on the arm it names, or on every arm that hears a teacher and has the knob.

        Raises ValueError where the knob does not exist or its value is out of bounds.
        """
        knob, value = command.knob or "", command.value
        if isinstance(value, bool | str) or value is None:
            raise ValueError(f"{knob} must be a number; got {value!r}")
        names = [arm.name for arm in self.arms]
        if command.arm is not None and command.arm not in names:
            raise ValueError(f"there is no arm {command.arm!r}; there are {', '.join(names)}")
        places = [i for i, arm in enumerate(self.arms) if command.arm == arm.name]
        if command.arm is None:
            places = [i for i, arm in enumerate(self.arms) if arm.hears_teacher or knob == "learning_rate"]
        changed = [place for place in places if self._set(place, knob, float(value))]
        if not changed:
            raise ValueError(f"no arm has a knob {knob!r} that may change while it runs")

    def _set(self, place: int, knob: str, value: float) -> bool:
        bounds = {"alpha": (0, 1), "hard_weight": (0, 1e6), "weight": (0, 1e6), "learning_rate": (1e-9, 10)}
        if knob in bounds:
            low, high = bounds[knob]
            if not low <= value <= high:
                raise ValueError(f"{knob} must lie in [{low:g}, {high:g}]; got {value:g}")
            if knob == "alpha":
                self.hard_weight[place], self.weight[place] = round(1 - value, 12), value
            else:
                getattr(self, knob)[place] = value
            return True
        group = next(group for group in self.groups if place in group.arms)
        if knob not in group.knobs:
            return False
        group.knobs[knob][group.arms.index(place)] = float(group.method.knobs[knob].check(value))
        return True

    def knob(self, name: str) -> Tensor:
        """The current value of a method's knob in every arm, `[arm]`; NaN where an arm has none."""
        values = torch.full((len(self.arms),), float("nan"), dtype=self.dtype)
        for group in self.groups:
            if name in group.knobs:
                values[group.arms] = group.knobs[name].flatten()
        return values

    def state(self) -> dict[str, Tensor]:
        """Everything that training has changed, by name; `load` goes on from it bit for bit."""
        named = {f"student.{name}": weight.detach() for name, weight in self.students.weights.items()}
        for number, group in enumerate(self.groups):
            named |= {f"knob.{number}.{name}": value for name, value in group.knobs.items()}
            if group.side:
                named |= {f"side.{number}.{name}": weight.detach() for name, weight in group.side.weights.items()}
        settings = {name: getattr(self, name) for name in ("hard_weight", "weight", "learning_rate", "stopped")}
        return named | settings | {f"optimizer.{name}": value for name, value in self.optimizer.state().items()}

    def load(self, state: dict[str, Tensor], steps: int) -> None:
        """Go on from a stored state after `steps` steps. Raises KeyError where it is another experiment's."""
        for name, value in self.state().items():
            if not name.startswith("optimizer."):
                value.copy_(state[name])
        stored = {n.removeprefix("optimizer."): v for n, v in state.items() if n.startswith("optimizer.")}
        self.optimizer.load(stored, steps)


def blocks(names: Sequence[str]) -> list[int]:
    """To which block of a network each of its weights belongs, by the first number in its name; the head is last."""
    numbers = [next((int(part) for part in name.split(".") if part.isdigit()), None) for name in names]
    head = 1 + max((number for number in numbers if number is not None), default=-1)
    return [head if number is None else number for number in numbers]


def _replaced(logits: Tensor, instead: Sequence[tuple[Group, Tensor | None]]) -> Tensor:
    """Logits `[arm, seed, batch, class]` with those of some groups' arms in place of theirs."""
    for group, said in instead:
        assert said is not None
        logits = logits.mT.index_copy(0, group.index, said.mT.to(logits.dtype)).mT
    return logits
