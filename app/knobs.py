"""A method's own controls, derived from its declaration alone: its knobs, and its weights where it has no alpha."""

from collections.abc import Collection

from app import method_list
from app.control import Control, Value
from kdcore import methods
from kdcore.methods import Knob, Method

PAGE = ("run", "lesson", "step", "show", "present", "class", "alone")
"""Names that mean something else in an address."""
HEAVIEST = 1e6
SHARED = ("temperature",)
"""Knobs that have a control of their own, whatever the method."""


def own(method: str, taken: Collection[str]) -> tuple[Control, ...]:
    """The controls that this method has beyond those of every run. taken: names that are others'."""
    declared = methods.get(method)
    if method in method_list.LEFT_OUT:
        return ()
    weights = () if has_alpha(declared) else _weights(declared)
    knobs = (knob for name, knob in declared.knobs.items() if name not in SHARED)
    return (*weights, *(_control(declared, knob, taken) for knob in knobs))


def has_alpha(declared: Method) -> bool:
    """Whether its hard and soft weight add up to one, so that one number says both."""
    return declared.alpha is not None


def _weights(declared: Method) -> tuple[Control, ...]:
    said = {
        "weight": ("weight", "How much the method's own part of the loss counts.", declared.weight),
        "hard_weight": ("weight of the labels", "How much the labels count.", declared.hard_weight),
    }
    return tuple(
        Control(
            name,
            label,
            f"{help} {_usual(declared, default)}",
            "number",
            default,
            low=0,
            high=HEAVIEST,
            step=_step(default),
            method=declared.name,
            knob=name,
        )
        for name, (label, help, default) in said.items()
    )


def _control(declared: Method, knob: Knob, taken: Collection[str]) -> Control:
    name = f"{knob.name}_knob" if knob.name in taken or knob.name in PAGE else knob.name
    label = knob.name.replace("_", " ")
    usual = _usual(declared, knob.default)
    if knob.kind == "bool":
        about = "Every network's logits are shifted and scaled to mean 0 and deviation 1 first. "
        help = f"{about if knob.name == 'standardise' else ''}{usual} A change starts a new run."
        return Control(name, label, help, "switch", knob.default, method=declared.name, knob=knob.name)
    if knob.kind == "choice":
        return Control(
            name,
            label,
            f"{usual} A change starts a new run.",
            "choice",
            knob.default,
            fixed=knob.choices,
            method=declared.name,
            knob=knob.name,
        )
    return Control(
        name,
        label,
        f"From {knob.low:g} to {knob.high:g}. {usual}",
        "number",
        knob.default,
        low=float(knob.low),
        high=float(knob.high),
        step=_step((knob.high - knob.low) / 10),
        log=bool(knob.log and knob.low > 0),
        method=declared.name,
        knob=knob.name,
    )


def _usual(declared: Method, default: Value) -> str:
    said = ("on" if default else "off") if isinstance(default, bool) else default
    written = f"{said:g}" if isinstance(said, int | float) else str(said)
    return f"{'In its paper' if method_list.from_paper(declared.name) else 'Usually'}: {written}."


def _step(size: float) -> float:
    """A tenth of a size, as a number that people count with: 1, 2 or 5 with zeros."""
    tenth = f"{max(size, 1e-6) / 10:e}"
    first = float(tenth[0])
    return float(f"{1 if first < 2 else 2 if first < 5 else 5}e{int(tenth.split('e')[1])}")


def stops(control: Control, value: float) -> list[float]:
    """The values of a logarithmic slider: 1, 2, 5 with zeros between the bounds, its usual value, the one it has."""
    size, found = -6, {control.low, control.high, float(value)}
    found |= {control.default} if isinstance(control.default, float) else set()
    while 10.0**size <= control.high:
        found |= {float(f"{n}e{size}") for n in (1, 2, 5)}
        size += 1
    return sorted(number for number in found if control.low <= number <= control.high)
