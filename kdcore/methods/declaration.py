"""How a method is declared: one decorator from which sliders, validation, gallery and property tests derive."""

import inspect
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from kdcore.signal import Signal, standardised

Need = Literal["logits", "labels", "penultimate", "features", "maps", "input_gradient", "live_teacher"]
LAYERS = frozenset({"penultimate", "features", "maps"})
"""What a method may ask for of the layers inside the networks."""
Invariance = Literal["zero at identity", "batch permutation", "batch duplication", "class permutation"]
Terms = dict[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]
"""Layer name to shape without the batch axis; the last is "logits"."""
Piece = Callable[..., nn.Module]

SUPPLIED = ("ids", "progress", "generator", "side", "prepared", "base", "inputs", "members")
"""Keyword-only inputs that the loop supplies to a method that names them."""


@dataclass(frozen=True)
class Range:
    """The values a numeric knob may take, both ends included; `log` says that its slider is logarithmic."""

    low: float
    high: float
    log: bool = False


Temperature = Annotated[float, Range(0.25, 64, log=True)]


@dataclass(frozen=True)
class Knob:
    """A hyper-parameter of a method. A number may change while training runs; switches and choices stay."""

    name: str
    default: float | bool | str
    kind: Literal["number", "bool", "choice"]
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    choices: tuple[str, ...] = ()

    def check(self, value: object) -> float | bool | str:
        """The value, or ValueError with the bounds it must keep or the choices there are."""
        if self.kind == "choice":
            if not isinstance(value, str) or value not in self.choices:
                raise ValueError(f"{self.name} must be one of {', '.join(self.choices)}; got {value!r}")
            return value
        if self.kind == "bool":
            if not isinstance(value, bool):
                raise ValueError(f"{self.name} must be true or false; got {value!r}")
            return value
        if isinstance(value, bool) or not isinstance(value, int | float) or not self.low <= value <= self.high:
            raise ValueError(f"{self.name} must lie in [{self.low:g}, {self.high:g}]; got {value!r}")
        return float(value)


@dataclass(frozen=True)
class Method:
    """A way in which knowledge moves: a pure function from two signals and labels to named per-example terms.

    A term has shape `[..., batch]`, or `[..., 1]` where it speaks of the whole batch; its loss is `term.mean(-1)`.
    """

    name: str
    function: Callable[..., Terms]
    needs: tuple[Need, ...]
    invariant: tuple[Invariance, ...]
    knobs: Mapping[str, Knob]
    supplied: tuple[str, ...]
    hard_weight: float
    weight: float
    side: Piece | None
    prepare: Callable[[Signal, Tensor], Any] | None
    source: str
    answer: Callable[..., Tensor] | None = None
    view: Callable[..., tuple[Tensor, Tensor]] | None = None
    trains: Callable[[float, int], Collection[int]] | None = None
    fits: Callable[[Shapes, Shapes], str | None] | None = None
    least_batch: int = 1
    least_classes: int = 2

    def __call__(self, student: Signal, teacher: Signal, labels: Tensor, **inputs: Any) -> Terms:
        if "side" in self.supplied:
            inputs.setdefault("side", identity)
        if "logits" in self.needs and inputs.pop("standardise", False):
            student, teacher = standardised(student), standardised(teacher)
            if "base" in inputs:
                inputs["base"] = {whose: standardised(signal) for whose, signal in inputs["base"].items()}
            if "members" in inputs:
                inputs["members"] = standardised(Signal(inputs["members"])).logits
        return self.function(student, teacher, labels, **inputs)

    def piece(self, student: Shapes, teacher: Shapes, make_student: Callable[[], nn.Module]) -> nn.Module | None:
        """A new trainable side piece for these layers; None where the method has none."""
        if self.side is None:
            return None
        if len(inspect.signature(self.side).parameters) > 2:
            return self.side(student, teacher, make_student)
        return self.side(student, teacher)

    @property
    def hears_teacher(self) -> bool:
        """Whether anything of the teacher reaches the student."""
        return any(need != "labels" for need in self.needs)

    @property
    def looks_inside(self) -> bool:
        """Whether it reads more of the networks than what they answer: layers, or gradients at the input."""
        return bool((LAYERS | {"input_gradient"}) & set(self.needs))

    @property
    def alpha(self) -> float | None:
        """The weight of the soft part where hard and soft weights add up to one, else None."""
        return self.weight if abs(self.hard_weight + self.weight - 1) < 1e-9 and self.weight else None

    @property
    def about(self) -> str:
        """The first line of the function's docstring."""
        return (inspect.getdoc(self.function) or "").split("\n", 1)[0]


def method(
    *,
    needs: tuple[Need, ...],
    invariant: tuple[Invariance, ...] = (),
    alpha: float | None = None,
    hard_weight: float = 1.0,
    weight: float = 1.0,
    side: Piece | None = None,
    prepare: Callable[[Signal, Tensor], Any] | None = None,
    answer: Callable[..., Tensor] | None = None,
    view: Callable[..., tuple[Tensor, Tensor]] | None = None,
    trains: Callable[[float, int], Collection[int]] | None = None,
    fits: Callable[[Shapes, Shapes], str | None] | None = None,
    least_batch: int = 1,
    least_classes: int = 2,
    name: str | None = None,
) -> Callable[[Callable[..., Terms]], Method]:
    """Declare a method.

    needs: what of the two networks it reads. Logits bring the switch `standardise`, see `kdcore.signal.standardised`.
    invariant: which symmetries hold; the property tests check what is claimed. One that claims none says why.
    alpha: shorthand for `hard_weight = 1 - alpha, weight = alpha`; otherwise a paper's overall weight is `weight`.
    side: builds its trainable pieces from the student's and the teacher's shapes; with a third parameter it is given
        a function that makes the student's network anew.
    prepare: computes constants once, from the teacher's signal over all examples (row = example id) and the labels,
        which are -1 outside the train split.
    answer: `answer(student, side=, prepared=)`, the logits `[..., batch, class]` with which its students speak, where
        that is not their own head. The function itself still sees the head's.
    view: `view(inputs, labels, look)`, another stream of data for its arms: inputs `[arm, seed, batch, *input]` and
        labels `[arm, seed, batch]` in place of those given; `look` is a `kdcore.views.Look`.
    trains: `trains(progress, blocks)`, the numbers of the student's blocks that learn now, from input to output; the
        head is the last one. The weights of the others stand still.
    fits: a sentence with both shapes and what would help, where it cannot work on these layers.
    least_batch, least_classes: fewer examples in a step, or classes, mean nothing to it.
    """

    def declare(function: Callable[..., Terms]) -> Method:
        hints = typing.get_type_hints(function, include_extras=True)
        keywords = [p for p in inspect.signature(function).parameters.values() if p.kind is p.KEYWORD_ONLY]
        knobs = {p.name: _knob(p.name, p.default, hints[p.name]) for p in keywords if p.name not in SUPPLIED}
        if "logits" in needs:
            # Logit standardisation concerns what a method is shown, so no method does it itself.
            knobs["standardise"] = Knob("standardise", False, "bool")
        return Method(
            name=name or function.__name__,
            function=function,
            needs=needs,
            invariant=invariant,
            knobs=knobs,
            supplied=tuple(p.name for p in keywords if p.name in SUPPLIED),
            hard_weight=hard_weight if alpha is None else round(1 - alpha, 12),
            weight=weight if alpha is None else alpha,
            side=side,
            prepare=prepare,
            answer=answer,
            view=view,
            trains=trains,
            fits=fits,
            least_batch=least_batch,
            least_classes=least_classes,
            source=(inspect.getdoc(inspect.getmodule(function)) or "").split("\n\n", 1)[0],
        )

    return declare


def _knob(name: str, default: Any, hint: Any) -> Knob:
    if isinstance(default, bool):
        return Knob(name, default, "bool")
    if typing.get_origin(hint) is Literal:
        return Knob(name, str(default), "choice", choices=typing.get_args(hint))
    ranges = [extra for extra in typing.get_args(hint) if isinstance(extra, Range)]
    if not ranges or default is inspect.Parameter.empty:
        raise TypeError(f"the knob {name} needs a default and Annotated[float, Range(low, high)] or Literal[...]")
    return Knob(name, float(default), "number", ranges[0].low, ranges[0].high, ranges[0].log)


def identity(*inputs: Any) -> Any:
    """What a side piece is where none is given: with equal shapes every method can be called directly."""
    return inputs[0] if len(inputs) == 1 else inputs


def total(terms: Terms) -> Tensor:
    """The sum of the terms' batch means: one number per student, shape `[...]`; 0 where there is no term."""
    means = [term.mean(-1) for term in terms.values()]
    return sum(means[1:], start=means[0]) if means else torch.zeros(())
