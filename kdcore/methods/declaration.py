"""How a method is declared: one decorator from which sliders, validation, gallery and property tests derive."""

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import torch
from torch import Tensor, nn

from kdcore.signal import Signal, standardised

Need = Literal["logits", "labels", "penultimate", "features", "maps", "input_gradient", "live_teacher"]
Invariance = Literal["zero at identity", "batch permutation", "batch duplication", "class permutation"]
Terms = dict[str, Tensor]
Shapes = Mapping[str, tuple[int, ...]]

SUPPLIED = ("ids", "progress", "generator", "side", "prepared", "base")
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
    """A hyper-parameter of a method that may change while training runs."""

    name: str
    default: float | bool
    kind: Literal["number", "bool"]
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    def check(self, value: object) -> float | bool:
        """The value, or ValueError with the bounds it must keep."""
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
    side: Callable[[Shapes, Shapes], nn.Module] | None
    prepare: Callable[[Signal, Tensor], Any] | None
    source: str

    def __call__(self, student: Signal, teacher: Signal, labels: Tensor, **inputs: Any) -> Terms:
        if "side" in self.supplied:
            inputs.setdefault("side", identity)
        if "logits" in self.needs and inputs.pop("standardise", False):
            student, teacher = standardised(student), standardised(teacher)
        return self.function(student, teacher, labels, **inputs)

    @property
    def hears_teacher(self) -> bool:
        """Whether anything of the teacher reaches the student."""
        return any(need != "labels" for need in self.needs)

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
    side: Callable[[Shapes, Shapes], nn.Module] | None = None,
    prepare: Callable[[Signal, Tensor], Any] | None = None,
    name: str | None = None,
) -> Callable[[Callable[..., Terms]], Method]:
    """Declare a method.

    needs: what of the two networks it reads. Logits bring the switch `standardise`, see `kdcore.signal.standardised`.
    invariant: which symmetries hold; the property tests check what is claimed. One that claims none says why.
    alpha: shorthand for `hard_weight = 1 - alpha, weight = alpha`; otherwise a paper's overall weight is `weight`.
    side: builds its trainable pieces from two mappings of layer name to shape without the batch axis.
    prepare: computes constants once, from the teacher's signal over all examples (row = example id) and the labels.
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
            source=(inspect.getdoc(inspect.getmodule(function)) or "").split("\n\n", 1)[0],
        )

    return declare


def _knob(name: str, default: Any, hint: Any) -> Knob:
    if isinstance(default, bool):
        return Knob(name, default, "bool")
    ranges = [extra for extra in typing.get_args(hint) if isinstance(extra, Range)]
    if not ranges or default is inspect.Parameter.empty:
        raise TypeError(f"the knob {name} needs a default and Annotated[float, Range(low, high)]")
    return Knob(name, float(default), "number", ranges[0].low, ranges[0].high, ranges[0].log)


def identity(*inputs: Any) -> Any:
    """What a side piece is where none is given: with equal shapes every method can be called directly."""
    return inputs[0] if len(inputs) == 1 else inputs


def total(terms: Terms) -> Tensor:
    """The sum of the terms' batch means: one number per student, shape `[...]`; 0 where there is no term."""
    means = [term.mean(-1) for term in terms.values()]
    return sum(means[1:], start=means[0]) if means else torch.zeros(())
