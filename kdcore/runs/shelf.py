"""What people do with whole runs in the library: name, tag, note, put away, delete, and take that back."""

import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from kdcore.runs import schema
from kdcore.runs.log import ENDED, RunLog

LONGEST_NAME, LONGEST_NOTES, LONGEST_TAG, MOST_TAGS = 80, 4000, 30, 20
CLIENT = "library"


class Refused(ValueError):
    """It cannot be noted so; str() is a sentence."""


def runs_of(log: RunLog, ids: Sequence[str]) -> list[str]:
    """The runs that these lines of the library stand for: a run for itself, a study for all of its runs."""
    table = schema.runs
    studies = sa.select(schema.studies.c.id).where(schema.studies.c.id.in_(list(ids)))
    meant = sa.or_(table.c.id.in_(list(ids)), table.c.group.in_(studies))
    with log.read() as connection:
        return list(connection.execute(sa.select(table.c.id).where(meant).order_by(table.c.number)).scalars())


def owners_of(log: RunLog, ids: Sequence[str]) -> dict[str, str]:
    """Whose these runs are, by id; those that ship with the program are nobody's and left out."""
    table = schema.runs
    query = sa.select(table.c.id, table.c.owner).where(table.c.id.in_(list(ids)), table.c.recorded.is_(False))
    with log.read() as connection:
        return {row.id: row.owner for row in connection.execute(query)}


def tags_from(text: str) -> tuple[str, ...]:
    """Tags as a person types them, separated by commas. Raises Refused where there are too many or too long ones."""
    tags = tuple(dict.fromkeys(" ".join(part.split()) for part in text.split(",") if part.strip()))
    if len(tags) > MOST_TAGS:
        raise Refused(f"A run has at most {MOST_TAGS} tags; these are {len(tags)}.")
    if long := next((tag for tag in tags if len(tag) > LONGEST_TAG), None):
        raise Refused(f"A tag has at most {LONGEST_TAG} letters; {long[:20]!r}... has {len(long)}.")
    return tags


def note(
    log: RunLog,
    ids: Sequence[str],
    *,
    name: str | None = None,
    tags: Sequence[str] | None = None,
    notes: str | None = None,
) -> None:
    """Write what is given of name, tags and notes to all of these runs. Raises Refused for a text that is too long."""
    values: dict[str, Any] = {}
    if name is not None:
        values["name"] = _short("name", " ".join(name.split()), LONGEST_NAME) or None
    if tags is not None:
        values["tags"] = ",".join(tags)
    if notes is not None:
        values["notes"] = _short("note", notes.strip(), LONGEST_NOTES)
    if values:
        _set(log, ids, **values)


def add_tags(log: RunLog, ids: Sequence[str], tags: Sequence[str]) -> None:
    """Tags beside those that each of these runs has. Raises Refused, and writes nothing, where one gets too many."""
    table = schema.runs
    with log.write() as connection:
        rows = connection.execute(sa.select(table.c.id, table.c.tags).where(table.c.id.in_(list(ids)))).all()
        for row in rows:
            together = tags_from(",".join([row.tags, *tags]))
            connection.execute(table.update().where(table.c.id == row.id).values(tags=",".join(together)))


def put_away(log: RunLog, ids: Sequence[str], away: bool = True) -> None:
    """Take runs out of the usual list, or put them back into it."""
    _set(log, ids, archived=away)


def put_into_bin(log: RunLog, ids: Sequence[str]) -> None:
    """Delete runs so that it can be undone for a day; those that go on are told to stop."""
    from kdcore.experiment import Command  # not above: it brings torch

    table, counter = schema.runs, time.time_ns()
    with log.read() as connection:
        going = sa.and_(table.c.id.in_(list(ids)), table.c.state.not_in(ENDED))
        live = connection.execute(sa.select(table.c.id).where(going)).scalars().all()
    for run_id in live:
        log.command(run_id, Command(kind="stop"), client=CLIENT, counter=counter)
    _set(log, ids, deleted=time.time())


def end_studies(log: RunLog, ids: Sequence[str]) -> None:
    """Stop those of these studies that go on, so that they begin no more runs."""
    table = schema.studies
    going = table.update().where(table.c.id.in_(list(ids)), table.c.state == "running")
    with log.write() as connection:
        connection.execute(going.values(state="stopped"))


def put_back(log: RunLog, ids: Sequence[str]) -> None:
    """Take runs out of the bin."""
    _set(log, ids, deleted=None)


def _set(log: RunLog, ids: Sequence[str], **values: Any) -> None:
    with log.write() as connection:
        connection.execute(schema.runs.update().where(schema.runs.c.id.in_(list(ids))).values(values))


def _short(what: str, text: str, most: int) -> str:
    if len(text) > most:
        raise Refused(f"A {what} has at most {most} letters; this one has {len(text)}.")
    return text
