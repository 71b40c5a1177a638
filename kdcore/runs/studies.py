"""Studies: many runs that answer one question together, a plane of two knobs or a search. Their runs carry its id as
`group`."""

import secrets
import time
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from kdcore.runs import schema
from kdcore.runs.database import Database

ID_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
Kind = Literal["plane", "search"]


def new_id() -> str:
    """A fresh name for a row: nine letters and digits that cannot be mistaken for one another."""
    return "".join(secrets.choice(ID_LETTERS) for _ in range(9))


@dataclass(frozen=True)
class Study:
    """One row of the log. spec: the plane or the search as JSON. state: running, stopped, finished or failed."""

    id: str
    kind: Kind
    spec: str
    state: str
    reason: str
    owner: str
    name: str | None
    created: float
    heartbeat: float | None


class StudyLog(Database):
    """The studies of a log."""

    def create_study(self, kind: Kind, spec: str, *, owner: str, name: str | None = None) -> str:
        """A new study, running; its id, which its runs carry as `group`."""
        row = {"id": new_id(), "kind": kind, "spec": spec, "state": "running", "owner": owner, "name": name}
        with self.write() as connection:
            connection.execute(schema.studies.insert().values(created=time.time(), **row))
        return str(row["id"])

    def study(self, study_id: str) -> Study | None:
        """One study, None where there is none of that id."""
        found = self._studies(schema.studies.c.id == study_id, 1)
        return found[0] if found else None

    def studies(self, kind: Kind, *, state: str | None = None, limit: int = 50) -> list[Study]:
        """The newest studies of a kind (in one state), newest first."""
        table = schema.studies.c
        return self._studies(sa.and_(table.kind == kind, sa.true() if state is None else table.state == state), limit)

    def update_study(self, study_id: str, **values: Any) -> None:
        """Set other columns of a study: state, reason, name, spec, heartbeat."""
        table = schema.studies
        with self.write() as connection:
            connection.execute(table.update().where(table.c.id == study_id).values(values))

    def _studies(self, where: sa.ColumnElement[bool], limit: int) -> list[Study]:
        table = schema.studies
        with self.read() as connection:
            query = sa.select(table).where(where).order_by(table.c.created.desc()).limit(limit)
            return [Study(**row) for row in connection.execute(query).mappings()]
