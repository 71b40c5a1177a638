"""Whatever arrives from an address or a browser in the canonical form of its control: the one its widget holds."""

import math
from typing import Any

from app.control import ALL, TABLE, Control, Value
from kdcore import datasets
from kdcore.kinds import KINDS, deepest

MOST_NAMED = 12
"""A list of more options is counted, not read out."""


def clamp(control: Control, given: Any) -> tuple[Value, str | None]:
    """The canonical value nearest to what was given, and a sentence where something had to be changed."""
    match control.kind:
        case "choice":
            return _choice(control, given)
        case "network":
            return _network_text(control, given)
        case "number" | "whole":
            return _number(control, given)
        case "amount":
            return (ALL, None) if str(given).strip().lower() == ALL else _amount(control, given)
        case "classes":
            return _classes(control, given)
        case "switch":
            return _switch(control, given)


def instead(control: Control, given: Any, value: Value, why: str) -> tuple[Value, str]:
    """A value in place of what was given, and the sentence that says so."""
    return value, f"{control.label}: {str(given)[:30]!r} {why}; {spoken(control, value)} is used."


def _choice(control: Control, given: Any) -> tuple[Value, str | None]:
    name = str(given).strip()
    if name in control.options or (control.name == "dataset" and datasets.known(name)):  # removed, but trained on
        return name, None
    there = control.options
    known = ", ".join(there) if len(there) <= MOST_NAMED else f"the {len(there)} there are"
    return instead(control, given, control.default, f"is not among {known}")


def _network_text(control: Control, given: Any) -> tuple[Value, str | None]:
    typed = str(given).strip().lower().replace(" ", "-")
    for name, known in KINDS.items():
        title = known.title.lower().replace(" ", "-")
        typed = name + typed.removeprefix(title) if typed.startswith(f"{title}-") else typed
    words = typed.split("-")
    if control.name == "teacher" and words in ([TABLE], ["stored", "logits"]):
        return TABLE, None
    kind, widths = (words[0], words[1:]) if words[0] in KINDS else ("mlp", words)
    widths = [width for width in widths if width]
    plain = all(width.isascii() and width.isdigit() and len(width) < 10 for width in widths)
    if plain and len(widths) <= deepest(kind) and (widths or words == ["mlp"]):
        return "-".join([kind, *(str(int(width)) for width in widths)]), None
    return instead(control, given, control.default, "is no network such as mlp-64-64, resmlp-32-32 or cnn-8-16")


def _number(control: Control, given: Any) -> tuple[Value, str | None]:
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        return instead(control, given, control.default, "is not a number")
    if math.isnan(number):
        return instead(control, given, control.default, "is not a number")
    bounded = min(max(number, control.low), control.high)
    value: Value = round(bounded) if control.kind != "number" else float(bounded)
    if bounded != number:
        return instead(control, given, value, f"does not lie in [{control.low:g}, {control.high:g}]")
    return value, None


def _amount(control: Control, given: Any) -> tuple[Value, str | None]:
    value, sentence = _number(control, given)
    if sentence and value == control.default:
        return control.default, sentence
    return str(value), sentence


def _classes(control: Control, given: Any) -> tuple[Value, str | None]:
    parts = given.split(",") if isinstance(given, str) else list(given) if isinstance(given, list | tuple) else [given]
    parts = [part for part in (str(part).strip() for part in parts) if part]
    known = sorted({int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 4})
    if len(known) == len(set(parts)):
        return known, None
    return instead(control, given, known, "are not all numbers of classes")


def _switch(control: Control, given: Any) -> tuple[Value, str | None]:
    word = str(given).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True, None
    if word in ("0", "false", "no", "off", ""):
        return False, None
    return instead(control, given, control.default, "is neither true nor false")


def text(control: Control, value: Value) -> str:
    """A value as it stands in an address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def spoken(control: Control, value: Value) -> str:
    """A value as people read it: "MLP 64-64", "none"."""
    if control.name == "dataset":
        return datasets.title(str(value))
    return network_name(str(value)) if control.kind == "network" else text(control, value) or "none"


def network_name(value: str) -> str:
    """A network's text as people read it: "mlp-64-64" is "MLP 64-64"."""
    kind, _, widths = value.partition("-")
    if kind == TABLE:
        return "stored logits"
    return f"{KINDS[kind].title if kind in KINDS else kind} {widths}" if widths else "linear"
