"""Every method and programme as people read of it: words from `assets/methods/`, the rest from its declaration."""

import inspect
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import Field, ValidationError

from kdcore import methods
from kdcore import programmes as known_programmes
from kdcore.folders import ASSETS
from kdcore.formulas import loss
from kdcore.methods import Knob, Method
from kdcore.parts import Plain

FOLDER = ASSETS / "methods"
PUBLISHED = ASSETS / "published.toml"
Family = Literal["logits", "features", "relations", "schedule", "data", "programme", "null"]
FAMILIES: dict[Family, str] = {
    "logits": "Logits",
    "features": "Features",
    "relations": "Relations",
    "schedule": "Schedules",
    "data": "Data",
    "programme": "Programmes",
    "null": "Controls",
}
"""What moves, in the order of the page, with its heading."""
NEEDS = {
    "labels": "labels",
    "logits": "logits",
    "penultimate": "the last hidden layer",
    "features": "hidden layers",
    "maps": "feature maps",
    "input_gradient": "gradients at the input",
    "live_teacher": "a teacher asked live",
}
"""What a method reads, in words."""
ROOT = Path(__file__).resolve().parent.parent


class Words(Plain):
    """What a person wrote about one method or programme."""

    title: str
    authors: str = ""
    year: int | None = None
    venue: str = ""
    arxiv: str = ""
    family: Family
    idea: str
    formula: dict[str, str] = Field(default_factory=dict)
    elsewhere: str = ""
    deviates: str = ""
    measured: str = ""


@dataclass(frozen=True)
class Entry:
    """One method or programme: what people wrote of it and what its declaration says.

    formula: LaTeX by term. loss: the whole loss of an arm in LaTeX, from the declaration; empty for a programme.
    defined: the function whose file is its source. method: None for a programme. programme: its name, or "".
    """

    name: str
    title: str
    authors: str
    year: int | None
    venue: str
    arxiv: str
    source: str
    family: Family
    idea: str
    formula: Mapping[str, str]
    loss: str
    needs: tuple[str, ...]
    knobs: tuple[Knob, ...]
    defined: Callable[..., Any]
    elsewhere: str
    deviates: str
    measured: str
    method: Method | None
    programme: str = ""

    @property
    def paper(self) -> str:
        """Who, where and when in one line, "" where nobody published it."""
        when = " ".join(part for part in (self.venue, str(self.year or "")) if part)
        named = f"arXiv:{self.arxiv}" if self.arxiv else ""
        return ", ".join(part for part in (self.authors, when, named) if part)

    @property
    def hears(self) -> tuple[str, ...]:
        """What it reads, in words."""
        return tuple(NEEDS[need] for need in NEEDS if need in self.needs)

    @property
    def file(self) -> str:
        """Where its source stands, below the root of the project; empty where there is no file."""
        path = self._path
        if path is None:
            return ""
        return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name

    @property
    def code(self) -> str:
        """All of its file; empty where there is none."""
        return self._path.read_text(encoding="utf-8").rstrip() if self._path else ""

    @property
    def _path(self) -> Path | None:
        found = inspect.getsourcefile(self.defined)
        return Path(found).resolve() if found and Path(found).exists() else None


def names() -> list[str]:
    """All methods and programmes, in the order of the page: by what moves, then by year, then by title."""
    return [entry.name for entry in entries()]


def entries() -> list[Entry]:
    """Every method that is registered now and every programme. Raises ValueError where a file of words is malformed."""
    listed = {name: of_method(methods.get(name)) for name in methods.names()}
    listed |= {name: _of_programme(name, listed.get(name)) for name in programmes()}
    order = list(FAMILIES)
    return sorted(listed.values(), key=lambda e: (order.index(e.family), e.year or 0, e.title.casefold()))


def get(name: str) -> Entry:
    """The entry of that name; KeyError naming those there are."""
    if name in programmes():
        return _of_programme(name, of_method(methods.get(name)) if name in methods.names() else None)
    return of_method(methods.get(name))


def programmes() -> list[str]:
    """The names of all programmes."""
    return known_programmes.names()


@lru_cache(maxsize=1)
def words() -> dict[str, Words]:
    """What was written, by the name of its method or programme. ValueError with the place of what is wrong."""
    found: dict[str, Words] = {}
    for file in sorted(FOLDER.glob("*.toml")):
        for name, table in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{file.name}: {name} is described in another file already")
            try:
                found[name] = Words(**table)
            except (ValidationError, TypeError) as error:
                raise ValueError(f"{file.name}: {name}: {error}") from error
    return found


def of_method(method: Method) -> Entry:
    """A method's entry; without words of its own, its docstrings speak for it."""
    written = words().get(method.name) or _from_docstrings(method)
    return Entry(
        **_said(method.name, written),
        source=method.source,
        loss=loss(method, list(written.formula)),
        needs=method.needs,
        knobs=tuple(method.knobs.values()),
        defined=method.function,
        method=method,
    )


def _of_programme(name: str, same: Entry | None) -> Entry:
    """A programme's entry; `same` is the method of that name, if there is one, whose formula and knobs it shows."""
    programme = known_programmes.get(name)
    about = f"{programme.about.rstrip('.')}."
    written = words().get(name) or Words(title=_title(name), family="programme", idea=about)
    return Entry(
        **_said(name, written),
        source=programme.source,
        loss=same.loss if same else "",
        needs=same.needs if same else (),
        knobs=same.knobs if same else (),
        defined=programme.arms,
        method=same.method if same else None,
        programme=name,
    )


def _said(name: str, written: Words) -> dict[str, Any]:
    return {"name": name} | {field: getattr(written, field) for field in Words.model_fields}


def _from_docstrings(method: Method) -> Words:
    """Words for a method nobody has described: its own docstrings, and the year where they name one."""
    described = inspect.getdoc(method.function) or ""
    year = re.search(r"\b(?:19|20)\d\d\b", method.source)
    arxiv = re.search(r"arXiv:(\d{4}\.\d{4,5})", method.source)
    return Words(
        title=_title(method.name),
        year=int(year[0]) if year else None,
        arxiv=arxiv[1] if arxiv else "",
        family=undescribed_family(method),
        idea=" ".join(described.split("\n\n", 1)[0].split()),
    )


def undescribed_family(method: Method) -> Family:
    """What moves in a method of which nobody said so: by what it reads, and by where it stands."""
    if known_programmes.declare(method):
        return "programme"
    return "features" if method.looks_inside else "logits" if method.hears_teacher else "null"


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()


class Table(Plain):
    """A table of other people's results, quoted. rows: by method, one number a column, None where none is given."""

    title: str
    source: str
    setting: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[float | None, ...]]
    methods: dict[str, str] = Field(default_factory=dict)


@lru_cache(maxsize=1)
def published() -> dict[str, Table]:
    """The published tables by name: test accuracy in percent, quoted with their source, never measured here.

    `methods` of a table says which of our methods a row is about.
    """
    read = tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))
    tables = {}
    for name, table in read.items():
        rows = {row: tuple(v if isinstance(v, float) else None for v in line) for row, line in table["rows"].items()}
        tables[name] = Table(**(table | {"rows": rows}))
        uneven = [row for row, line in rows.items() if len(line) != len(table["columns"])]
        if uneven:
            raise ValueError(f"{PUBLISHED.name}: {name}: {uneven[0]} has not one number a column")
    return tables


assert tuple(FAMILIES) == get_args(Family)
