"""What a person types to find runs: words, and conditions such as `temperature > 2` or `dataset = digits`."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

Values = tuple[str | float | bool | None, ...]
PERCENT = frozenset(
    {
        "accuracy",
        "control_accuracy",
        "validation_accuracy",
        "best_validation",
        "train_accuracy",
        "gain",
        "agreement",
        "ece",
    }
)
"""Measures that are fractions in the log and percent (points) on screen and in conditions."""
_term = re.compile(
    r'(?P<name>[A-Za-z]\w*)\s*(?P<sign>!=|<=|>=|=|<|>|:)\s*(?P<value>"[^"]*"|[^\s"]+)|"(?P<quoted>[^"]*)"|(?P<word>\S+)'
)
LONGEST = 500


class Unclear(ValueError):
    """What was typed cannot be understood; str() is a sentence."""


class Line(Protocol):
    """What can be found."""

    @property
    def text(self) -> str:
        """Everything that words are looked for in, in small letters."""

    def values(self, name: str) -> Values:
        """What it has under a name; several where its parts differ."""


Found = TypeVar("Found", bound=Line)


@dataclass(frozen=True)
class Condition:
    """`name sign value`; a line meets it if one of its values does, and "!=" if none is equal."""

    name: str
    sign: str
    value: str

    def holds(self, values: Values) -> bool:
        """Whether a line with these values is meant."""
        if self.sign == "!=":
            return not any(self._one("=", value) for value in values)
        return any(self._one(self.sign, value) for value in values)

    def _one(self, sign: str, value: str | float | bool | None) -> bool:
        if value is None:
            return False
        if sign == ":":
            return self.value.lower() in str(value).lower()
        wanted = _number(self.value)
        if isinstance(value, str | bool) or wanted is None:
            return sign == "=" and str(value).lower() == self.value.lower()
        shown = value * 100 if self.name in PERCENT else value
        near = abs(shown - wanted) <= 1e-9 * max(1.0, abs(wanted))
        match sign:
            case "=":
                return near
            case "<":
                return shown < wanted and not near
            case ">":
                return shown > wanted and not near
            case "<=":
                return shown < wanted or near
            case _:
                return shown > wanted or near


@dataclass(frozen=True)
class Query:
    """All of it has to hold."""

    words: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()

    def among(self, lines: Iterable[Found]) -> Iterator[Found]:
        """The lines that are meant, in their order."""
        for line in lines:
            if not all(condition.holds(line.values(condition.name)) for condition in self.conditions):
                continue
            text = line.text if self.words else ""
            if all(word in text for word in self.words):
                yield line


def understood(text: str, names: Collection[str]) -> Query:
    """What a text asks for. Raises Unclear where it names nothing that any run has (`names`), or asks `< word`."""
    if len(text) > LONGEST:
        raise Unclear(f"A search has at most {LONGEST} letters; this one has {len(text)}.")
    words, conditions = [], []
    for found in _term.finditer(text):
        if found["name"] is None:
            words.append((found["quoted"] if found["word"] is None else found["word"]).lower())
            continue
        name, sign, value = found["name"].lower(), found["sign"], found["value"].strip('"')
        if name not in names:
            raise Unclear(
                f"No run here has a setting or measure {name!r}. To search for these letters, put them in quotes."
            )
        if sign in ("<", ">", "<=", ">=") and _number(value) is None:
            raise Unclear(f"{name} {sign} needs a number; got {value!r}.")
        conditions.append(Condition(name, sign, value.removesuffix("%")))
    return Query(tuple(word for word in words if word), tuple(conditions))


def _number(text: str) -> float | None:
    try:
        return float(text.removesuffix("%"))
    except ValueError:
        return None
