"""One typed table of what a person can set; widgets, addresses, clamping and sentences derive from it.

A value has one canonical form: the one its widget holds. `clamp` brings anything that arrives, from an address or
from a browser, into that form and says in a sentence what it had to change.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kdcore import datasets, methods

Value = str | int | float | bool | list[int]
Values = dict[str, Any]
"""The canonical value of every control, by its name."""
Kind = Literal["choice", "network", "number", "whole", "amount", "classes", "switch"]

ALL = "all"
TABLE = "table"
"""The teacher whose answers are stored with the data."""
LIVE = ("temperature", "alpha", "learning_rate")
"""The controls that act on a run while it goes on; every other one starts a new run."""


@dataclass(frozen=True)
class Control:
    """One thing that can be set. `where`: first row, behind More, on the board, or in the address only."""

    name: str
    label: str
    help: str
    kind: Kind
    default: Value
    where: Literal["first", "more", "board", "address"] = "more"
    low: float = -math.inf
    high: float = math.inf
    step: float = 1
    fixed: tuple[str, ...] = ()

    @property
    def options(self) -> tuple[str, ...]:
        """What its list offers; the data sets are those that are there now, with people's own."""
        return tuple(datasets.names()) if self.name == "dataset" else self.fixed

    @property
    def restarts(self) -> bool:
        """Whether a change of it takes a new run."""
        return self.name not in LIVE


CONTROLS = (
    Control("dataset", "data", "What is learnt.", "choice", "digits", "first"),
    Control(
        "teacher",
        "teacher",
        "The network that knows: its kind and the widths of its hidden layers. Type another, such as 300-100 or "
        "cnn-8-16. It learns from all training examples first, which takes a moment for one that is new.",
        "network",
        "mlp-256-256",
        "first",
        fixed=("mlp-256-256", "mlp-64", "mlp-512-512-512", "cnn-8-16"),
    ),
    Control(
        "student",
        "student",
        "The small network that learns: its kind and the widths of its hidden layers. Type another, such as 16.",
        "network",
        "mlp-64",
        "first",
        fixed=("mlp-64", "mlp-64-64", "mlp-16", "cnn-4-8"),
    ),
    Control(
        "method",
        "method",
        "How knowledge moves. The other student always learns from hard labels alone.",
        "choice",
        "hinton",
        "first",
        fixed=tuple(sorted((n for n in methods.names() if n != "hard"), key=lambda n: (n != "hinton", n))),
    ),
    Control(
        "temperature",
        "temperature",
        "How soft the teacher's opinions are: 1 as it learnt them, higher to hear more of what it nearly thought.",
        "number",
        4.0,
        "board",
        0.25,
        64,
    ),
    Control(
        "alpha",
        "alpha",
        "How much it listens: 0 to the labels only, 1 to the teacher only.",
        "number",
        0.9,
        "board",
        0,
        1,
    ),
    Control("learning_rate", "learning rate", "Acts on a run at once.", "number", 0.003, low=1e-5, high=1, step=0.001),
    Control("batch_size", "batch size", "Examples in one step.", "whole", 64, low=1, high=1024, step=16),
    Control("steps", "steps", "How long the students learn.", "whole", 600, low=1, high=100_000, step=100),
    Control(
        "seeds",
        "seeds",
        "Students of each kind; each has its own first weights, its own pictures and its own order.",
        "whole",
        8,
        low=1,
        high=64,
    ),
    Control("first_seed", "first seed", "Where the seeds start.", "whole", 0, "address", 0, 1_000_000),
    Control(
        "per_class",
        "pictures a class",
        "How many examples of each class the students see; all for the whole training set.",
        "amount",
        "3",
        low=1,
        high=100_000,
        fixed=("1", "2", "3", "5", "10", "20", ALL),
    ),
    Control(
        "labels",
        "kept labels",
        "How many of these keep their label; the teacher's opinions are heard on all of them.",
        "amount",
        ALL,
        low=0,
        high=100_000,
        fixed=(ALL, "0", "10", "20"),
    ),
    Control("omit", "omitted classes", "Classes that no student ever sees.", "classes", []),
    Control(
        "wrong", "wrong labels", "Share of the kept labels that are wrong.", "number", 0.0, low=0, high=1, step=0.1
    ),
    Control("split", "split", "Each split has its own test pictures and teacher.", "whole", 0, low=0, high=1000),
    Control(
        "null_arms",
        "null arms",
        "Three more students who hear less than opinions: the bare answers, softness without opinions, and opinions "
        "about the wrong classes. What they cannot do is what the opinions do.",
        "switch",
        False,
    ),
)
BY_NAME = {control.name: control for control in CONTROLS}


def defaults() -> Values:
    """The default experiment, "Thirty pictures", as values."""
    return {control.name: control.default for control in CONTROLS}


def usual(control: Control, dataset: str) -> Value:
    """A control's value where none is given: its default; with data that bring a teacher's answers, that teacher."""
    return TABLE if control.name == "teacher" and datasets.facts(dataset).stored_logits else control.default


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


def _instead(control: Control, given: Any, value: Value, why: str) -> tuple[Value, str]:
    return value, f"{control.label}: {str(given)[:30]!r} {why}; {spoken(control, value)} is used."


def _choice(control: Control, given: Any) -> tuple[Value, str | None]:
    name = str(given).strip()
    if name in control.options or (control.name == "dataset" and datasets.known(name)):  # removed, but trained on
        return name, None
    return _instead(control, given, control.default, f"is not among {', '.join(control.options)}")


def _network_text(control: Control, given: Any) -> tuple[Value, str | None]:
    words = str(given).strip().lower().replace(" ", "-").split("-")
    if control.name == "teacher" and words in ([TABLE], ["stored", "logits"]):
        return TABLE, None
    kind, widths = (words[0], words[1:]) if words[0] in ("mlp", "cnn") else ("mlp", words)
    widths = [width for width in widths if width]
    plain = all(width.isascii() and width.isdigit() and len(width) < 10 for width in widths)
    if plain and len(widths) <= 8 and (widths or words == ["mlp"]):
        return "-".join([kind, *(str(int(width)) for width in widths)]), None
    return _instead(control, given, control.default, "is no network such as mlp-64-64 or cnn-8-16")


def _number(control: Control, given: Any) -> tuple[Value, str | None]:
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        return _instead(control, given, control.default, "is not a number")
    if math.isnan(number):
        return _instead(control, given, control.default, "is not a number")
    bounded = min(max(number, control.low), control.high)
    value: Value = round(bounded) if control.kind != "number" else float(bounded)
    if bounded != number:
        return _instead(control, given, value, f"does not lie in [{control.low:g}, {control.high:g}]")
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
    return _instead(control, given, known, "are not all numbers of classes")


def _switch(control: Control, given: Any) -> tuple[Value, str | None]:
    word = str(given).strip().lower()
    if word in ("1", "true", "yes", "on"):
        return True, None
    if word in ("0", "false", "no", "off", ""):
        return False, None
    return _instead(control, given, control.default, "is neither true nor false")


def clamp_all(given: Mapping[str, Any]) -> tuple[Values, list[str]]:
    """Every control's value, the default where nothing was given, and the sentences."""
    values: Values = {}
    sentences = []
    for control in CONTROLS:
        chosen = str(values.get("dataset", control.default))  # the first of all controls
        otherwise = (usual(control, chosen), None)
        value, sentence = clamp(control, given[control.name]) if control.name in given else otherwise
        values[control.name] = value
        sentences += [sentence] if sentence else []
    facts = datasets.facts(str(values["dataset"]))
    if values["teacher"] == TABLE and not facts.stored_logits:
        value, sentence = _instead(BY_NAME["teacher"], TABLE, BY_NAME["teacher"].default, "is not with these data")
        values["teacher"], sentences = value, [*sentences, sentence]
    classes = len(facts.classes)
    omitted = [number for number in class_numbers(values["omit"]) if number < classes]
    if omitted != values["omit"]:
        sentences.append(f"omitted classes: {values['dataset']} has 0 to {classes - 1}; others are ignored.")
        values["omit"] = omitted
    return values, sentences


def unknown(names: list[str]) -> list[str]:
    """A sentence for the names in an address that mean nothing here."""
    strange = [name[:30] for name in names if name not in BY_NAME and name != "run"]
    named = ", ".join(map(repr, strange[:5]))
    return [f"The address also names {named}; nothing here is called so."] if strange else []


def class_numbers(value: Value) -> list[int]:
    """The numbers of classes that a value holds; none where it is of another kind."""
    return value if isinstance(value, list) else []


def text(control: Control, value: Value) -> str:
    """A value as it stands in an address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def address(values: Values) -> dict[str, str]:
    """The parameters of an address that leads to these values; what is at its default is left out."""
    return {c.name: text(c, values[c.name]) for c in CONTROLS if values[c.name] != usual(c, str(values["dataset"]))}


def spoken(control: Control, value: Value) -> str:
    """A value as people read it: "MLP 64-64", "none"."""
    if control.name == "dataset":
        return datasets.title(str(value))
    return network_name(str(value)) if control.kind == "network" else text(control, value) or "none"


def network_name(value: str) -> str:
    """A network's text as people read it: "mlp-64-64" is "MLP 64-64"."""
    kind, _, widths = value.partition("-")
    return "stored logits" if kind == TABLE else f"{kind.upper()} {widths}" if widths else "linear"
