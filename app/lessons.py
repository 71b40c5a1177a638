"""Lessons: data, not code. One TOML file each; text, experiment, question and claims of every step.

What is wrong in a file is said with its place when it is read, so that a page only ever shows whole lessons.
"""

import math
import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from kdcore.claims import Claim, Measured, check
from kdcore.experiment import Command, Experiment, reasons
from kdcore.folders import ASSETS
from kdcore.parts import Plain
from kdcore.runs import PACES

FOLDER = ASSETS / "lessons"


def _unbroken(text: str) -> str:
    """Keep "12 %" and "T = 8" on one line."""
    return re.sub(r"(?<=\d) (?=%)|(?<=\bT) (?== \d)|(?<=\bT =) (?=\d)", "\N{NO-BREAK SPACE}", text)


Text = Annotated[str, Field(min_length=1)]
Prose = Annotated[str, AfterValidator(_unbroken)]


class BadLesson(ValueError):
    """A lesson file that cannot be read; str() is a sentence with the file and the place."""

    def __init__(self, file: str, place: str, sentence: str) -> None:
        super().__init__(f"{file}{', ' + place if place else ''}: {sentence}")
        self.file, self.place, self.sentence = file, place, sentence


class Question(Plain):
    """What is asked before the reveal; what is measured answers it.

    A number lies in [low, high] and is answered by the value of `claim`. A choice is answered by the option into
    which that value falls (`above`: the rising bounds between the options), or, where `highest` names a claim for
    each option, by the option whose claim has the highest value.
    """

    text: Annotated[Prose, Field(min_length=1)]
    kind: Literal["choice", "number"] = "choice"
    options: tuple[Text, ...] = ()
    unit: str = ""
    low: float = 0.0
    high: float = 100.0
    claim: Annotated[int, Field(ge=0)] = 0
    above: tuple[float, ...] = ()
    highest: tuple[Annotated[int, Field(ge=0)], ...] = ()

    @model_validator(mode="after")
    def _answerable(self) -> Self:
        if self.kind == "number":
            if not self.low < self.high:
                raise ValueError(f"low must lie under high; got {self.low:g} and {self.high:g}")
            if self.options or self.above or self.highest:
                raise ValueError("a number has no options")
            return self
        if len(self.options) < 2 or len(set(self.options)) < len(self.options):
            raise ValueError("a choice needs two or more different options")
        if bool(self.above) == bool(self.highest):
            raise ValueError("a choice is answered either by above or by highest")
        if self.highest and len(self.highest) != len(self.options):
            raise ValueError(f"highest names {len(self.highest)} claims for {len(self.options)} options")
        if self.above and (len(self.above) != len(self.options) - 1 or list(self.above) != sorted(set(self.above))):
            raise ValueError(f"{len(self.options)} options need {len(self.options) - 1} rising bounds in above")
        return self

    @property
    def asks(self) -> tuple[int, ...]:
        """The claims, by number, whose values answer it."""
        return self.highest or (self.claim,)

    def answered(self, measured: Sequence[Measured]) -> str | float | None:
        """The right answer by what the run measured, one of `options` or a number; None where nothing was measured."""
        values = [measured[number].value for number in self.asks]
        if not all(map(math.isfinite, values)):
            return None
        if self.kind == "number":
            return values[0]
        if self.highest:
            return self.options[values.index(max(values))]
        return self.options[sum(values[0] >= bound for bound in self.above)]


class Step(Plain):
    """One step of a lesson. show: the parts of the screen that are seen (none named: all of them).

    commands: changes with the step at which the run itself makes them. after: shown once the result is revealed.
    """

    title: Annotated[str, Field(min_length=1, max_length=80)]
    text: Annotated[Prose, Field(min_length=1)]
    experiment: Experiment
    pace: str = "quick"
    commands: tuple[Command, ...] = ()
    show: tuple[str, ...] = ()
    question: Question | None = None
    claims: tuple[Claim, ...] = ()
    after: Prose = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.pace not in PACES:
            raise ValueError(f"there is no pace {self.pace!r}; there are {', '.join(PACES)}")
        for claim in self.claims:
            check(claim, self.experiment)
        for number in self.question.asks if self.question else ():
            if number >= len(self.claims):
                raise ValueError(f"the question asks claim {number}; claims are numbered 0 to {len(self.claims) - 1}")
        for command in self.commands:
            if command.step is None or not 0 <= command.step < (self.experiment.steps or math.inf):
                raise ValueError(f"a command needs the step at which it acts, before the last; got {command.step}")
            if command.kind not in ("set", "show", "pause"):
                raise ValueError(f"a lesson may set, show or pause; got {command.kind!r}")
        return self


class Lesson(Plain):
    """A lesson of five to ten minutes. idea: one sentence; sources: author, year, venue."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9_]+$")]
    title: Text
    minutes: Annotated[int, Field(ge=1, le=90)]
    idea: Text
    sources: tuple[Text, ...] = ()
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]


def load_all(folder: Path = FOLDER) -> dict[str, Lesson]:
    """The lessons by name, in the order of their files; those that cannot be read are left out (see `problems`)."""
    return {lesson.name: lesson for lesson in _all(folder) if isinstance(lesson, Lesson)}


def problems(folder: Path = FOLDER) -> list[BadLesson]:
    """What is wrong with the files that cannot be read."""
    return [lesson for lesson in _all(folder) if isinstance(lesson, BadLesson)]


def load(name: str, folder: Path = FOLDER) -> Lesson:
    """One lesson. Raises BadLesson where its file cannot be read, ValueError, in a sentence, where there is none."""
    for file in files(folder):
        if _name(file) == name:
            return read(file)
    raise ValueError(f"There is no lesson {name[:40]!r}; there are {', '.join(_name(file) for file in files(folder))}.")


def files(folder: Path = FOLDER) -> list[Path]:
    """The lesson files, `<nn>_<name>.toml`, in order."""
    return sorted(folder.glob("[0-9]*_*.toml"))


def read(file: Path) -> Lesson:
    """The lesson in a file. Raises BadLesson."""
    return _read(file, file.stat().st_mtime_ns)


def _all(folder: Path) -> list[Lesson | BadLesson]:
    found: list[Lesson | BadLesson] = []
    for file in files(folder):
        try:
            found.append(read(file))
        except BadLesson as bad:
            found.append(bad)
    return found


def _name(file: Path) -> str:
    return file.stem.partition("_")[2]


@lru_cache(maxsize=64)
def _read(file: Path, changed: int) -> Lesson:
    """`changed` only tells one version of a file from the next."""
    try:
        given: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadLesson(file.name, "", f"it cannot be read: {error}") from None
    try:
        return Lesson(**{"name": _name(file), **given})
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"] if not str(part).startswith("function-"))
        raise BadLesson(file.name, place, reasons(error)[0].removeprefix(f"{place}: ")) from None
