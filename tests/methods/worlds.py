"""A batch with everything that a method may ask for, built from its declaration alone; used by the property tests."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.utils import _pytree as trees

from kdcore import Network, Signal, methods
from kdcore.fitting import shown
from kdcore.methods import Method
from kdcore.methods.declaration import LAYERS, identity
from kdcore.networks import build

PICTURE = (1, 4, 4)
OURS = {"early": (2, 4, 4), "late": (3, 4, 4), "vector": (4,), "last": (5,)}
"""Layers of a student, and of a teacher of the same shapes; a method is shown those that it needs."""
THEIRS = {"early": (4, 4, 4), "late": (2, 4, 4), "vector": (6,), "last": (7,)}
"""Layers of a teacher of other shapes, for methods that have a piece between the two."""


def everyone() -> list[Method]:
    """All methods there are at this moment."""
    return [methods.get(name) for name in methods.names()]


def by_name(method: Method) -> str:
    return method.name


def layout(method: Method, layers: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """The layers that the loop would show to this method."""
    wanted = LAYERS & set(method.needs)
    ways = {n: shown(len(shape) == 3, n == "last", wanted) for n, shape in layers.items()}
    return {n: shape if ways[n] == "whole" else shape[:1] for n, shape in layers.items() if ways[n] != "not"}


class Pieces:
    """A method's side pieces, one for each student, called one after the other."""

    def __init__(self, modules: list[nn.Module], students: tuple[int, ...]) -> None:
        self.modules, self.students = modules, students

    def __call__(self, *inputs: Any) -> Any:
        if not self.students:
            return self.modules[0](*inputs)
        own = len(self.students)
        spread = trees.tree_map(lambda t: t.expand(*self.students, *t.shape[own:]).flatten(0, own - 1), inputs)
        said = [
            functional_call(module, dict(module.named_parameters()), trees.tree_map(lambda t: t[number], spread))  # noqa: B023
            for number, module in enumerate(self.modules)
        ]
        return trees.tree_map(lambda *each: torch.stack(each).unflatten(0, self.students), *said)


@dataclass(frozen=True)
class World:
    """Row i of the data is example i. Students come in front of the batch; a teacher has them where it is spread."""

    method: Method
    student: Signal
    teacher: Signal
    labels: Tensor
    ids: Tensor
    inputs: Tensor
    members: Tensor
    base: dict[str, Signal]
    prepared: Any
    side: Any
    students: tuple[int, ...] = ()
    progress: float = 0.5

    def supplied(self) -> dict[str, Any]:
        """What the loop would supply."""
        own = {name: getattr(self, name) for name in self.method.supplied if name != "generator"}
        if "generator" in self.method.supplied:
            own["generator"] = torch.Generator().manual_seed(1)
        return own

    def terms(self, **knobs: Any) -> methods.Terms:
        return self.method(self.student, self.teacher, self.labels, **self.supplied(), **knobs)

    def loss(self, **knobs: Any) -> Tensor:
        return methods.total(self.terms(**knobs))

    def says(self) -> Tensor | None:
        """What its students finally say, where that is not their own head."""
        if self.method.answer is None:
            return None
        return self.method.answer(self.student, side=self.side, prepared=self.prepared)

    def rows(self, order: Tensor) -> World:
        """These examples alone, in this order."""
        axis, behind = len(self.students), self.teacher.logits.ndim - 2

        def taken(tensor: Tensor, axis: int) -> Tensor:
            return tensor.index_select(axis, order)

        return replace(
            self,
            student=each(self.student, lambda t: taken(t, axis)),
            teacher=each(self.teacher, lambda t: taken(t, behind)),
            labels=taken(self.labels, 0),
            ids=taken(self.ids, 0),
            inputs=taken(self.inputs, axis),
            members=taken(self.members, 1),
            base={
                "student": each(self.base["student"], lambda t: taken(t, axis)),
                "teacher": each(self.base["teacher"], lambda t: taken(t, 0)),
            },
        )

    def renamed(self, order: Tensor) -> World:
        """The same with the classes in another order, what was prepared worked out again."""

        def moved(signal: Signal) -> Signal:
            return replace(signal, logits=signal.logits[..., order])

        labels = torch.where(self.labels < 0, -1, order.argsort()[self.labels.clamp_min(0)])
        teacher = moved(self.teacher)
        return replace(
            self,
            student=moved(self.student),
            teacher=teacher,
            labels=labels,
            members=self.members[..., order],
            base={name: moved(signal) for name, signal in self.base.items()},
            prepared=self.method.prepare(teacher, labels) if self.method.prepare else None,
        )

    def one(self, number: int) -> World:
        """One student's world, of `[student, batch, ...]`."""
        side = self.side
        return replace(
            self,
            student=each(self.student, lambda t: t[number]),
            teacher=each(self.teacher, lambda t: t[number]) if self.teacher.logits.ndim > 2 else self.teacher,
            inputs=self.inputs[0],
            base={"student": each(self.base["student"], lambda t: t[number]), "teacher": self.base["teacher"]},
            side=Pieces([side.modules[number]], ()) if isinstance(side, Pieces) else side,
            students=(),
        )

    def of_oneself(self) -> World:
        """The teacher as its own student, nothing between the two."""
        base = {"student": self.base["teacher"], "teacher": self.base["teacher"]}
        return replace(self, student=self.teacher, side=identity, base=base)


def each(signal: Signal, change: Any) -> Signal:
    """The signal with every tensor changed."""
    gradient = signal.input_gradient
    features = {name: change(feature) for name, feature in signal.features.items()}
    return Signal(change(signal.logits), features, None if gradient is None else change(gradient))


def world(
    method: Method,
    seed: int,
    batch: int,
    classes: int,
    students: tuple[int, ...] = (),
    *,
    alike: bool = True,
    dtype: torch.dtype = torch.float64,
    scale: float = 2.0,
) -> World:
    """A world drawn at random; alike: the teacher's layers have the student's shapes, and a piece is made anyway."""
    batch, classes = max(batch, method.least_batch), max(classes, method.least_classes)
    random = torch.Generator().manual_seed(seed)

    def numbers(*shape: int) -> Tensor:
        return (scale * torch.randn(*shape, generator=random, dtype=torch.float64)).to(dtype)

    def signal(students: tuple[int, ...], layers: dict[str, tuple[int, ...]]) -> Signal:
        # Behind a rectifier, as the layers of most networks are.
        features = {name: numbers(*students, batch, *shape).relu() for name, shape in layers.items()}
        gradient = numbers(*students, batch, *PICTURE) if "input_gradient" in method.needs else None
        return Signal(numbers(*students, batch, classes), features, gradient)

    ours = layout(method, OURS)
    theirs = ours if alike or not method.side else layout(method, THEIRS)
    student, teacher = signal(students, ours), signal((), theirs)
    if theirs:
        # A teacher speaks through a linear head, as networks do.
        last = teacher.penultimate.flatten(1)
        teacher = replace(teacher, logits=last @ torch.randn(last.shape[1], classes, generator=random).to(dtype))
    labels = torch.randint(0, classes, (batch,), generator=random)
    prepared = method.prepare(teacher, labels) if method.prepare else None
    members = torch.stack([teacher.logits, teacher.logits + numbers(batch, classes)])
    if method.side and students:
        # As in the loop: a piece is applied student by student, so all that it may be given has the students' axes.
        teacher = each(teacher, lambda tensor: tensor.expand(*students, *tensor.shape))
    return World(
        method,
        student,
        teacher,
        labels,
        torch.arange(batch),
        numbers(*[1] * len(students), batch, *PICTURE),
        members,
        {"student": Signal(numbers(*students, batch, classes)), "teacher": Signal(numbers(batch, classes))},
        prepared,
        pieces(method, ours, theirs, classes, students, seed, dtype),
        students,
    )


def pieces(
    method: Method,
    ours: dict[str, tuple[int, ...]],
    theirs: dict[str, tuple[int, ...]],
    classes: int,
    students: tuple[int, ...],
    seed: int,
    dtype: torch.dtype,
) -> Any:
    """Side pieces with weights of their own for each student; the identity where the method has none."""
    said = {"logits": (classes,)}
    assert method.fits is None or method.fits(ours, theirs) is None, "give the worlds layers on which it can work"
    if method.side is None:
        return identity
    modules = []
    with torch.random.fork_rng(devices=[]):
        for number in range(max(1, *students, 1)):
            torch.manual_seed(seed + number)
            piece = method.piece(
                ours | said,
                theirs | said,
                lambda: build(Network("mlp", widths=(5,)), PICTURE, classes),
            )
            assert piece is not None
            modules.append(piece.to(dtype))
    return Pieces(modules, students)


def settings_of(method: Method) -> Iterator[dict[str, Any]]:
    """All ways to set its switches and choices."""
    switches = {n: k.choices or (False, True) for n, k in method.knobs.items() if k.kind != "number"}
    for values in itertools.product(*switches.values()):
        yield dict(zip(switches, values, strict=True))


def bounds_of(method: Method) -> Iterator[dict[str, Any]]:
    """All its numbers at their defaults, at their lower and at their upper bounds, with every switch and choice."""
    for chosen in settings_of(method):
        numbers = {n: k for n, k in method.knobs.items() if k.kind == "number"}
        yield chosen
        yield chosen | {name: knob.low for name, knob in numbers.items()}
        yield chosen | {name: knob.high for name, knob in numbers.items()}
