"""What is said of the loss: its weights, its formula, its terms, and who pulls how hard."""

import math
from collections.abc import Mapping

from app.charts.history import middle
from app.roles import Role
from app.sentences import seeds
from kdcore import gallery, methods
from kdcore.frame import Frame
from kdcore.methods import Knob

Value = float | bool | str


def weights(frame: Frame, role: Role) -> str:
    """Hard and soft weight in words, with the effective ratio at the logits: "0.10 hard + 0.90 soft (27 : 1)"."""
    number = frame.arms.index(role.name)
    hard, soft = (float(frame.knobs[name][number]) for name in ("hard_weight", "weight"))
    text = f"{hard:.2f} hard + {soft:.2f} soft" if max(hard, soft) < 10 else f"{hard:g} hard + {soft:g} soft"
    pull = float(middle(frame.scalars["gradient_ratio"][number]))
    return f"{text} ({ratio(pull)})" if math.isfinite(pull) else text


def ratio(value: float) -> str:
    """A ratio with two figures: "27 : 1", "1 : 4"."""
    if value >= 1000:
        return "over 1000 : 1"
    if value >= 10:
        return f"{value:.0f} : 1"
    return f"{value:.1f} : 1" if value >= 1 else f"1 : {1 / value:.0f}" if value > 0.001 else "under 1 : 1000"


def formula(frame: Frame, role: Role, knobs: Mapping[str, Value] | None = None) -> str:
    """The loss of the distilled student with its current numbers: all terms, their weights, the method's knobs.

    knobs: those of the method as they are now; its usual ones where none are given.
    """
    number = frame.arms.index(role.name)
    hard, soft = (float(frame.knobs[name][number]) for name in ("hard_weight", "weight"))
    temperature = float(frame.knobs["temperature"][number]) if "temperature" in frame.knobs else math.nan
    start = f"loss = {_short(hard)} · CE(label, student) + {_short(soft)} · "
    declared = methods.get(role.method).knobs
    now = {name: knob.default for name, knob in declared.items()} | dict(knobs or {})
    own = {name: value for name, value in now.items() if name != "temperature"}
    rest = [_knob(name, value) for name, value in own.items() if _matters(declared[name], value)]
    if role.method == "hinton":
        square = "T² · " if now["t_squared"] else ""
        at = f"T = {temperature:.3g}, T² = {temperature**2:.4g}" if square else f"T = {temperature:.3g}"
        on = ", standardised" if now["standardise"] else ""
        return f"{start}{square}KL(teacher at T ‖ student at T), {at}{on}"
    at = f"T = {temperature:.3g}" if math.isfinite(temperature) else ""
    return ", ".join(part for part in (start + _terms(role.method), at, *rest) if part)


def _terms(method: str) -> str:
    """The terms of a method's own part, added up as its loss does."""
    try:
        named = [term.replace("_", " ") for term in gallery.words()[method].formula]
    except (KeyError, ValueError):  # nobody described it, or not well
        named = []
    plain = method.replace("_", " ")
    if len(named) > 1:
        return f"({' + '.join(named)})"
    return f"{plain} ({named[0]})" if named and named[0] != plain else plain


def _matters(knob: Knob, value: Value) -> bool:
    """Numbers and choices are always said, switches where they are not as usual."""
    return knob.kind != "bool" or value != knob.default


def _knob(name: str, value: Value) -> str:
    said = ("on" if value else "off") if isinstance(value, bool) else value
    return f"{name.replace('_', ' ')} {said}" if isinstance(said, str) else f"{name.replace('_', ' ')} = {_short(said)}"


def _short(number: float) -> str:
    """A number with three figures, large ones whole: "0.125", "1000"."""
    return f"{number:.0f}" if abs(number) >= 1000 else f"{number:.3g}"


def losses(frame: Frame, role: Role) -> str:
    """What the loss terms of the distilled student are now."""
    number = frame.arms.index(role.name)
    hard, soft = (float(middle(frame.scalars[name][number])) for name in ("hard_loss", "soft_loss"))
    unit = " nats" if role.in_nats else ""
    values = {"hard loss": (hard, " nats"), "soft loss": (soft, unit)}
    said = [f"{name} {value:.3g}{of}" for name, (value, of) in values.items() if math.isfinite(value)]
    return f"At step {frame.step}: {', '.join(said)} (medians of {seeds(frame)})." if said else ""


def pull(frame: Frame, role: Role) -> str:
    """How hard the teacher pulls against the labels at the logits."""
    value = float(middle(frame.scalars["gradient_ratio"][frame.arms.index(role.name)]))
    if not math.isfinite(value):
        return ""
    how = f"the teacher pulls {ratio(value)} against the labels, weights included"
    return f"At the logits, step {frame.step}, {how} (median of {seeds(frame)})."
