"""One typed table of what a person can set; widgets, addresses, clamping and sentences derive from it.

A value has one canonical form: the one its widget holds. `clamp` brings anything that arrives, from an address or
from a browser, into that form and says in a sentence what it had to change. What is the same for every run stands here;
what a method has of its own comes from its declaration, see `table`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app import knobs
from app.clamping import clamp, instead, network_name, spoken, text
from app.control import ALL, LIVE, TABLE, Control, Value, Values
from kdcore import datasets, methods

__all__ = ["ALL", "LIVE", "TABLE", "Control", "Value", "Values", "clamp", "network_name", "spoken", "text"]

TEACHERS = (
    "mlp-256-256",
    "mlp-64",
    "mlp-512-512-512",
    "resmlp-256-256",
    "cnn-8-16",
    "rescnn-8-16",
    "vit-32-2-4",
)
STUDENTS = (
    *("mlp-64", "mlp-64-64"),
    *(f"mlp-{width}" for width in (4, 8, 16, 32, 128, 256)),  # one family of capacities
    *("resmlp-32-32", "plainmlp-32-32", "cnn-4-8", "rescnn-4-8", "plaincnn-4-8", "vit-16-2-4"),
)
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
        fixed=TEACHERS,
    ),
    Control(
        "student",
        "student",
        "The small network that learns: its kind and the widths of its hidden layers. Type another, such as 16.",
        "network",
        "mlp-64",
        "first",
        fixed=STUDENTS,
    ),
    Control(
        "method",
        "method",
        "How knowledge moves. The other student always learns from hard labels alone.",
        "choice",
        "hinton",
        "first",
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
        "programme",
        "programme",
        "Who teaches whom: further students that learn by a plan, beside the others, on the same batches.",
        "choice",
        "solo",
    ),
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
OF_METHODS = ("temperature", "alpha")
"""Controls of every run that a method may lack, and whose usual value is the method's own."""


def table(method: str) -> tuple[Control, ...]:
    """Every control of a run with this method: those of all runs, with its own usual values, and its own."""
    declared = methods.get(method)
    temperature = declared.knobs.get("temperature")
    changes: dict[str, dict[str, Any]] = {}
    if temperature is not None:
        changes["temperature"] = {"default": temperature.default, "low": temperature.low, "high": temperature.high}
    if knobs.has_alpha(declared):
        changes["alpha"] = {"default": declared.alpha}
    shared = (replace(control, **changes.get(control.name, {})) for control in CONTROLS)
    return (*shared, *knobs.own(method, BY_NAME))


def find(method: str, name: str) -> Control | None:
    """The control of that name in a run with this method."""
    return next((control for control in table(method) if control.name == name), None)


def applies(control: Control, method: str) -> bool:
    """Whether the method hears of this control at all."""
    declared = methods.get(method)
    if control.name == "temperature":
        return "temperature" in declared.knobs
    return control.name != "alpha" or knobs.has_alpha(declared)


def defaults(method: str = "hinton") -> Values:
    """The default experiment, "Thirty pictures", as values; with another method, at that method's usual values."""
    return {control.name: control.default for control in table(method)} | {"method": method}


def usual(control: Control, dataset: str) -> Value:
    """A control's value where none is given: its default; with data that bring a teacher's answers, that teacher."""
    return TABLE if control.name == "teacher" and datasets.facts(dataset).stored_logits else control.default


def clamp_all(given: Mapping[str, Any]) -> tuple[Values, list[str]]:
    """Every control's value, the usual one where nothing was given, and the sentences."""
    values: Values = {}
    sentences = []
    method = str(clamp(BY_NAME["method"], given.get("method", BY_NAME["method"].default))[0])
    for control in table(method):
        chosen = str(values.get("dataset", control.default))  # the first of all controls
        otherwise = (usual(control, chosen), None)
        value, sentence = clamp(control, given[control.name]) if control.name in given else otherwise
        if value != control.default and not applies(control, method):
            value, sentence = control.default, f"{control.label}: {method.replace('_', ' ')} has none; it is ignored."
        values[control.name] = value
        sentences += [sentence] if sentence else []
    facts = datasets.facts(str(values["dataset"]))
    if values["teacher"] == TABLE and not facts.stored_logits:
        value, sentence = instead(BY_NAME["teacher"], TABLE, BY_NAME["teacher"].default, "is not with these data")
        values["teacher"], sentences = value, [*sentences, sentence]
    classes = len(facts.classes)
    omitted = [number for number in class_numbers(values["omit"]) if number < classes]
    if omitted != values["omit"]:
        sentences.append(f"omitted classes: {values['dataset']} has 0 to {classes - 1}; others are ignored.")
        values["omit"] = omitted
    return values, sentences


def unknown(names: list[str], method: str = "hinton") -> list[str]:
    """A sentence for the names in an address that mean nothing here."""
    strange = [name[:30] for name in names if name != "run" and find(method, name) is None]
    named = ", ".join(map(repr, strange[:5]))
    return [f"The address also names {named}; nothing here is called so."] if strange else []


def class_numbers(value: Value) -> list[int]:
    """The numbers of classes that a value holds; none where it is of another kind."""
    return value if isinstance(value, list) else []


def address(values: Values) -> dict[str, str]:
    """The parameters of an address that leads to these values; what is at its usual value is left out."""
    dataset = str(values["dataset"])
    known = [(control, values.get(control.name, control.default)) for control in table(str(values["method"]))]
    return {control.name: text(control, value) for control, value in known if value != usual(control, dataset)}
