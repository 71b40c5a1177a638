"""What the address of a comparison asks for: which runs, against which one, and how they are drawn."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

MOST_RUNS = 24
NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
LONGEST_KEY = 120
SEPARATORS = {"runs": ",", "also": ";", "hide": ";"}  # the name of an arm may hold a comma


class Measure(NamedTuple):
    """How a number of the frames is written: its words, its unit, what one of it counts, decimals."""

    label: str
    unit: str
    scale: float = 1.0
    digits: int = 3

    @property
    def title(self) -> str:
        """The words of an axis."""
        return f"{self.label}, {self.unit}" if self.unit else self.label

    @property
    def unit_of_difference(self) -> str:
        """The unit of a difference of two such numbers."""
        return "points" if self.unit in ("%", "points") else self.unit


MEASURES = {
    "accuracy": Measure("test accuracy", "%", 100, 1),
    "validation_accuracy": Measure("validation accuracy", "%", 100, 1),
    "train_accuracy": Measure("accuracy on the labels heard", "%", 100, 1),
    "gain": Measure("gain over labels only", "points", 100, 1),
    "agreement": Measure("agrees with the teacher", "%", 100, 1),
    "wrong_class_agreement": Measure("rank agreement about wrong classes", "", 1, 3),
    "kl": Measure("KL from the teacher", "nats", 1, 3),
    "ece": Measure("calibration error", "%", 100, 2),
    "entropy": Measure("entropy of its soft labels", "nats", 1, 3),
    "hard_loss": Measure("hard loss", "nats", 1, 3),
    "soft_loss": Measure("soft loss", "", 1, 3),
    "gradient_ratio": Measure("soft to hard gradient", ": 1", 1, 1),
}
XS = {"step": "step", "epoch": "epoch", "examples": "examples heard", "seconds": "seconds on the clock"}


@dataclass(frozen=True)
class Look:
    """Everything that the link to a comparison says. Entries are named "run:arm" (see `entries`); empty is the usual.

    also: arms beyond each run's first; hide: entries that are not drawn; left, right: the two under the lens;
    by: the setting that gives the colour; grouped: "1" where entries that agree in it are drawn as one, their mean;
    sx, sy: the axes of the scatter; smooth: of the curves, in [0, 0.99].
    """

    runs: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    baseline: str = ""
    x: str = "step"
    measure: str = "accuracy"
    smooth: float = 0.0
    hide: tuple[str, ...] = ()
    left: str = ""
    right: str = ""
    by: str = ""
    grouped: str = ""
    sx: str = "agreement"
    sy: str = "accuracy"

    def address(self) -> dict[str, str]:
        """The parameters that lead here; what is as usual is left out."""
        usual = Look()
        given = {name: getattr(self, name) for name in NAMES if getattr(self, name) != getattr(usual, name)}
        joined = {name: SEPARATORS[name].join(value) for name, value in given.items() if name in SEPARATORS}
        return {name: joined.get(name, f"{value}") for name, value in given.items()}


NAMES = tuple(field.name for field in fields(Look))


def look_of(given: Mapping[str, str]) -> tuple[Look, list[str]]:
    """The look that an address asks for, and a sentence for each thing in it that means nothing."""
    look, notes = Look(), []
    for name in NAMES:
        text = given.get(name)
        if not text:
            continue
        try:
            look = replace(look, **{name: _read(name, str(text))})
        except ValueError as problem:
            notes.append(f"{problem}")
    if len(look.runs) > MOST_RUNS:
        notes.append(f"A link holds at most {MOST_RUNS} runs; {len(look.runs) - MOST_RUNS} are left out.")
        look = replace(look, runs=look.runs[:MOST_RUNS])
    return look, notes


def _read(name: str, text: str) -> Any:
    if name == "runs":
        found = tuple(dict.fromkeys(part.strip() for part in text.split(SEPARATORS[name]) if part.strip()))
        if strange := [part for part in found if not NAME.fullmatch(part)]:
            raise ValueError(f"runs: {strange[0][:20]!r} cannot be the name of a run.")
        return found
    if name in ("also", "hide"):
        return tuple(dict.fromkeys(part[:LONGEST_KEY] for part in text.split(SEPARATORS[name]) if part))[:MOST_RUNS]
    if name == "x" and text not in XS:
        raise ValueError(f"x: {text[:20]!r} is not among {', '.join(XS)}; steps are shown.")
    if name == "measure" and text not in MEASURES:
        raise ValueError(f"measure: {text[:20]!r} is not among {', '.join(MEASURES)}; the test accuracy is shown.")
    if name == "smooth":
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= 0.99:
            raise ValueError(f"smooth: {text[:20]!r} is not a number from 0 to 0.99; nothing is smoothed.")
        return round(value, 2)
    return text[:LONGEST_KEY]
