"""The library: every run as one line, read from its row alone, never from a frame; found, sorted, paged."""

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from kdcore.runs import finding, schema
from kdcore.runs.finding import Values
from kdcore.runs.log import RunLog
from kdcore.runs.settings import Kept, Settings

MOST_RUNS = 20_000
"""Of more runs than these the newest are looked through."""
CHUNK = 500
MEASURES = (
    "accuracy",
    "gain",
    "validation_accuracy",
    "agreement",
    "kl",
    "ece",
    "wrong_class_agreement",
    "entropy",
    "train_accuracy",
    "hard_loss",
    "soft_loss",
    "gradient_ratio",
)
"""What of a summary stands in a line, by the name that it has there; `control_accuracy` and `best` come beside."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a run, or a study with all its runs. Measures are means over seeds in the units of a frame.

    kind: run, teacher (trained for the run `parent`), plane or search. arm: whose measures these are: the first that
    hears a method, of very many the best on validation. best: highest validation accuracy over the run and its step.
    """

    id: str
    kind: str
    state: str
    reason: str
    name: str
    tags: tuple[str, ...]
    notes: str
    owner: str
    archived: bool
    deleted: float | None
    recorded: bool
    created: float
    step: int
    steps: int
    group: str | None
    parent: str | None
    runs: int = 1
    arm: str | None = None
    settings: Settings = field(default_factory=dict)
    measures: dict[str, float] = field(default_factory=dict)

    def values(self, name: str) -> Values:
        """What the line has under a name, for filters and sorting: a setting, a measure or a column; often one."""
        if name in self.measures:
            return (self.measures[name],)
        if name in COLUMNS:
            found = getattr(self, COLUMNS[name])
            return found if isinstance(found, tuple) else (found,)
        return self.settings.get(name, ())

    @property
    def text(self) -> str:
        """What is searched for words, in small letters."""
        words = ("dataset", "methods", "student", "teacher")
        told = [str(value) for name in words for value in self.settings.get(name, ())]
        return " ".join([self.id, self.kind, self.state, self.reason, self.name, *self.tags, self.notes, *told]).lower()


COLUMNS = {
    name: name
    for name in ("id", "kind", "state", "reason", "name", "tags", "notes", "created", "step", "runs", "group")
} | {"tag": "tags"}


@dataclass(frozen=True)
class Page:
    """Some lines of all that were found. names: every setting, measure and column that any line has."""

    rows: tuple[Row, ...]
    total: int
    names: tuple[str, ...]


def rows(
    log: RunLog,
    find: str = "",
    *,
    sort: str = "created",
    descending: bool = True,
    offset: int = 0,
    limit: int = 50,
    bin: bool = False,
    archived: bool = False,
    study: str | None = None,
) -> Page:
    """The lines that `find` describes; lines without a value for `sort` come last.

    bin: those in the bin instead of all others. archived: those put away, too. study: the runs of this study one by
    one; else a study is one line. Raises finding.Unclear with a sentence where `find` cannot be understood.
    """
    lines = _lines(log, bin, archived or bin, study)
    names = _names(lines)
    found = list(finding.understood(find, names).among(lines))
    known = [line for line in found if line.values(sort)]
    known.sort(key=lambda line: _order(line.values(sort), descending), reverse=descending)
    ordered = known + [line for line in found if not line.values(sort)]
    return Page(tuple(ordered[offset : offset + limit]), len(ordered), names)


def _order(values: Values, descending: bool) -> tuple[bool, float, str]:
    """Numbers before words; of several values the one that comes first."""
    return (max if descending else min)(
        (isinstance(value, str), 0.0 if isinstance(value, str) else float(value or 0), str(value).lower())
        for value in values
    )


def _names(lines: Iterable[Row]) -> tuple[str, ...]:
    named = set(COLUMNS)
    for line in lines:
        named.update(line.settings, line.measures)
    return tuple(sorted(named))


_light = [
    schema.runs.c[name]
    for name in (
        *("id", "state", "reason", "owner", "group", "parent", "name", "tags", "notes", "archived", "deleted"),
        *("created", "step", "steps", "recorded", "summary", "teacher_run"),
    )
]


class _Known:
    """What this process knows of the runs of one log: settings never change, a line is made anew when its row does."""

    def __init__(self) -> None:
        self.settings = Kept(MOST_RUNS)
        self._lines: OrderedDict[str, tuple[Any, Row]] = OrderedDict()

    def line(self, row: sa.Row[Any], teachers: set[str]) -> Row:
        """The line of a row."""
        mark = (tuple(row), row.id in teachers)
        known = self._lines.get(row.id)
        if known is not None and known[0] == mark:
            return known[1]
        line = _run(row, self.settings.get(row.id), teachers)
        self._lines[row.id] = mark, line
        while len(self._lines) > MOST_RUNS:
            self._lines.popitem(last=False)
        return line


_of_log: "WeakKeyDictionary[RunLog, _Known]" = WeakKeyDictionary()
_lock = threading.Lock()


def _lines(log: RunLog, bin: bool, archived: bool, study: str | None) -> list[Row]:
    """Newest first."""
    table = schema.runs
    wanted: sa.ColumnElement[bool] = table.c.deleted.is_not(None) if bin else table.c.deleted.is_(None)
    if not archived:
        wanted = sa.and_(wanted, table.c.archived.is_(False))
    if study is not None:
        wanted = sa.and_(wanted, table.c.group == study)
    query = sa.select(*_light).where(wanted).order_by(table.c.number.desc()).limit(MOST_RUNS)
    with log.read() as connection:
        read = connection.execute(query).all()
        studies = {row.id: row for row in connection.execute(sa.select(schema.studies))}
    with _lock:
        known = _of_log.setdefault(log, _Known())
        _read_settings(log, known.settings, [row.id for row in read])
        teachers = {row.teacher_run for row in read}
        lines = [known.line(row, teachers) for row in read]
    return lines if study is not None else _with_studies(lines, studies)


def _read_settings(log: RunLog, kept: Kept, ids: list[str]) -> None:
    unknown = kept.unknown(ids)
    for start in range(0, len(unknown), CHUNK):
        chunk = schema.runs.c.id.in_(unknown[start : start + CHUNK])
        with log.read() as connection:
            for row in connection.execute(sa.select(schema.runs.c.id, schema.runs.c.experiment).where(chunk)):
                kept.add(row.id, row.experiment)


def _with_studies(runs: list[Row], studies: dict[str, Any]) -> list[Row]:
    """The runs of a study become one line, where the newest of them stands."""
    lines: dict[str, Row | list[Row]] = {}
    for run in runs:
        if run.group in studies:
            lines.setdefault(run.group, []).append(run)  # type: ignore[union-attr]
        else:
            lines[run.id] = run
    return [line if isinstance(line, Row) else _study(studies[line_id], line) for line_id, line in lines.items()]


def _run(row: sa.Row[Any], settings: Settings, teachers: set[str]) -> Row:
    arm, measures = _measured(row.summary)
    return Row(
        id=row.id,
        kind="teacher" if row.id in teachers else "run",
        state=row.state,
        reason=row.reason,
        name=row.name or "",
        tags=tuple(tag for tag in row.tags.split(",") if tag),
        notes=row.notes,
        owner=row.owner,
        archived=row.archived,
        deleted=row.deleted,
        recorded=row.recorded,
        created=row.created,
        step=row.step,
        steps=row.steps,
        group=row.group,
        parent=row.parent,
        arm=arm,
        settings=settings,
        measures=measures,
    )


def _measured(text: str) -> tuple[str | None, dict[str, float]]:
    """The arm that a summary speaks of in a line, and its measures."""
    summary = json.loads(text)
    control, accuracy = summary.get("control"), summary.get("accuracy", {})
    arm = next((name for name in accuracy if name != control), control)
    found = {name: summary.get(name, {}).get(arm) for name in MEASURES}
    found |= {"control_accuracy": accuracy.get(control), "seconds": summary.get("seconds")}
    found["best_validation"], found["best_step"] = summary.get("best", {}).get(arm, (None, None))
    return arm, {name: value for name, value in found.items() if value is not None}


def _study(study: sa.Row[Any], runs: list[Row]) -> Row:
    """A study as one line, with the measures of its run that is best on validation."""
    students = [run for run in runs if run.kind != "teacher"] or runs
    first = max(students, key=lambda run: run.measures.get("validation_accuracy", -1.0))
    settings: dict[str, dict[Any, None]] = {}
    for run in runs:
        for name, values in run.settings.items():
            settings.setdefault(name, {}).update(dict.fromkeys(values))
    return Row(
        id=study.id,
        kind=study.kind,
        state=study.state,
        reason=study.reason,
        name=study.name or "",
        tags=tuple(dict.fromkeys(tag for run in runs for tag in run.tags)),
        notes=first.notes,
        owner=study.owner,
        archived=all(run.archived for run in runs),
        deleted=first.deleted,
        recorded=all(run.recorded for run in runs),
        created=study.created,
        step=sum(run.step for run in runs),
        steps=sum(run.steps for run in runs),
        group=None,
        parent=None,
        runs=len(runs),
        arm=first.arm,
        settings={name: tuple(values) for name, values in settings.items()},
        measures=first.measures,
    )
