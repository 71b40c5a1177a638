"""The run log: everything that is known of every run. Server, supervisor and workers speak through it alone."""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from kdcore.runs import schema
from kdcore.runs.classes import ClassLog
from kdcore.runs.commands import PLAN, CommandLog, is_asked
from kdcore.runs.frames import FrameLog
from kdcore.runs.pace import PACES
from kdcore.runs.studies import StudyLog, new_id

if TYPE_CHECKING:
    from kdcore.experiment import Command, Experiment

ENDED = ("finished", "stopped", "failed")
ACTIVE = ("teacher", "running", "paused")
WATCHED_SECONDS = 600.0
FORGOTTEN_SECONDS = 7 * 24 * 3600.0
BIN_SECONDS = 24 * 3600.0


@dataclass(frozen=True)
class Run:
    """One row of the log. Times are Unix times; `queue_position` counts from 1 (0: it does not wait).

    state: queued, teacher (its teacher is being trained as `teacher_run`), running, paused, finished, stopped, failed.
    """

    id: str
    state: str
    reason: str
    owner: str
    group: str | None
    parent: str | None
    name: str | None
    tags: tuple[str, ...]
    notes: str
    archived: bool
    deleted: float | None
    created: float
    started: float | None
    ended: float | None
    heartbeat: float | None
    step: int
    steps: int
    pace: str
    stop_at: int | None
    recorded: bool
    queue_position: int
    versions: dict[str, str]
    summary: dict[str, Any]
    teacher_run: str | None
    worker: str | None
    experiment_json: str

    @cached_property
    def experiment(self) -> "Experiment":
        """What is run. Raises pydantic's ValidationError where an older version wrote what is not allowed now."""
        from kdcore.experiment import Experiment  # not above: it brings torch, which the supervisor does without

        return Experiment.model_validate_json(self.experiment_json)


class RunLog(FrameLog, CommandLog, ClassLog, StudyLog):
    """Runs, with their frames, commands, classes and studies. Every method may raise LogUnavailable."""

    def create(
        self,
        experiment: "Experiment",
        *,
        owner: str,
        pace: str = "watch",
        stop_at: int | None = None,
        group: str | None = None,
        parent: str | None = None,
        name: str | None = None,
        recorded: bool = False,
        run_id: str | None = None,
        state: str = "queued",
        worker: str | None = None,
        commands: "Sequence[Command]" = (),
    ) -> str:
        """A new run, waiting for a worker unless another state is given; its id.

        commands: a plan; each acts by itself at the step that it names. Raises ValueError for a pace that is not there
        and for a planned command without a step.
        """
        if pace not in PACES:
            raise ValueError(f"there is no pace {pace!r}; there are {', '.join(PACES)}")
        if any(command.step is None for command in commands):
            raise ValueError("a planned command needs the step at which it acts; got none")
        run_id = run_id or new_id()
        size = experiment.transfer_size
        values = {
            "id": run_id,
            "experiment": experiment.model_dump_json(),
            "state": state,
            "worker": worker,
            "started": None if state == "queued" else time.time(),
            "owner": owner,
            "pace": pace,
            "stop_at": stop_at,
            "group": group,
            "parent": parent,
            "name": name,
            "recorded": recorded,
            "created": time.time(),
            "steps": experiment.total_steps(size) if size else 0,
        }
        with self.write() as connection:
            connection.execute(schema.runs.insert().values(values))
            for counter, command in enumerate(commands):
                row = {"run": run_id, "client": PLAN, "counter": counter, "command": command.model_dump_json()}
                connection.execute(schema.commands.insert().values(at=time.time(), **row))
        return run_id

    def run(self, run_id: str) -> Run | None:
        """One run, None where there is none of that id."""
        found = self._runs(schema.runs.c.id == run_id, limit=1)
        return found[0] if found else None

    def runs(self, limit: int = 50, group: str | None = None) -> list[Run]:
        """The newest runs (of one group), newest first; none that is in the bin."""
        there = schema.runs.c.deleted.is_(None)
        return self._runs(there if group is None else sa.and_(there, schema.runs.c.group == group), limit)

    def _runs(self, where: sa.ColumnElement[bool], limit: int) -> list[Run]:
        table = schema.runs
        with self.read() as connection:
            query = sa.select(table).where(where).order_by(table.c.number.desc()).limit(limit)
            rows = connection.execute(query).mappings().all()
            waits = any(row["state"] == "queued" for row in rows)
            queue = connection.execute(_queue).scalars().all() if waits else []
        return [_as_run(row, queue) for row in rows]

    def queued(self) -> list[Run]:
        """The runs that wait for a worker, in order."""
        return self._runs(schema.runs.c.state == "queued", limit=1000)[::-1]

    def active(self) -> list[Run]:
        """The runs that have a worker, or should have one."""
        table = schema.runs
        held = sa.or_(table.c.state != "paused", table.c.worker.is_not(None))
        return self._runs(sa.and_(table.c.state.in_(ACTIVE), held), limit=1000)

    def claim(self, run_id: str, worker: str, versions: dict[str, str], state: str = "running") -> bool:
        """Take a waiting run for this worker; False where it waits no more."""
        table, now = schema.runs, time.time()
        values = {
            "state": "running",
            "reason": "",
            "worker": worker,
            "heartbeat": now,
            "versions": json.dumps(versions),
        }
        started = sa.func.coalesce(table.c.started, now)
        with self.write() as connection:
            waiting = table.update().where(table.c.id == run_id, table.c.state == "queued")
            return connection.execute(waiting.values(started=started, **values)).rowcount > 0

    def set_state(self, run_id: str, state: str, reason: str = "", summary: dict[str, Any] | None = None) -> None:
        """Say how a run stands; an ended run stays as it ended."""
        values: dict[str, Any] = {"state": state, "reason": reason}
        if summary is not None:
            values["summary"] = json.dumps(summary)
        if state in ENDED:
            values |= {"ended": time.time(), "worker": None}
        table = schema.runs
        with self.write() as connection:
            going = table.update().where(table.c.id == run_id, table.c.state.not_in(ENDED))
            connection.execute(going.values(values))

    def update(self, run_id: str, **values: Any) -> None:
        """Set other columns of a run: pace, stop_at, name, tags, notes, archived, teacher_run, worker, versions."""
        table = schema.runs
        with self.write() as connection:
            connection.execute(table.update().where(table.c.id == run_id).values(values))

    def fail(self, run_id: str, worker: str | None, reason: str) -> bool:
        """Mark a run failed if that worker still holds it; the worker itself may have ended it in the meantime."""
        table = schema.runs
        held = table.update().where(table.c.id == run_id, table.c.worker == worker, table.c.state.in_(ACTIVE))
        values = {"state": "failed", "reason": reason, "ended": time.time(), "worker": None}
        with self.write() as connection:
            return connection.execute(held.values(values)).rowcount > 0

    def heartbeat(self, run_ids: Iterable[str]) -> None:
        """Say that these runs are alive."""
        table = schema.runs
        with self.write() as connection:
            chosen = table.update().where(table.c.id.in_(list(run_ids)))
            connection.execute(chosen.values(heartbeat=time.time()))

    def wake(self) -> int:
        """Queue every run that was written out while paused and has a command waiting; how many."""
        table = schema.runs
        asked = sa.exists().where(schema.commands.c.run == table.c.id, is_asked)
        asleep = sa.and_(table.c.state == "paused", table.c.worker.is_(None), asked)
        with self.read() as connection:
            if connection.execute(sa.select(table.c.id).where(asleep).limit(1)).first() is None:
                return 0
        with self.write() as connection:
            return connection.execute(table.update().where(asleep).values(state="queued", reason="")).rowcount

    def watch(self, run_id: str) -> None:
        """Somebody looks at this run: it is not pruned for the next ten minutes."""
        self.update(run_id, watched=time.time())

    def prune(self, max_bytes: int) -> list[str]:
        """Empty the bin of what lay there for a day, then delete ended runs, oldest first, until the frames of all fit.

        The deleted ids. Runs stay that are named, tagged, noted on, put away, recorded or watched; so does a paused run
        for a week.
        """
        table, now = schema.runs, time.time()
        removed = self._empty_bin(now - BIN_SECONDS)
        with self.read() as connection:
            total = int(connection.execute(sa.select(sa.func.coalesce(sa.func.sum(table.c.size), 0))).scalar() or 0)
        if total <= max_bytes:
            return removed
        forgotten = sa.and_(table.c.state == "paused", table.c.worker.is_(None))
        free = sa.and_(
            sa.or_(table.c.state.in_(ENDED), sa.and_(forgotten, table.c.heartbeat < now - FORGOTTEN_SECONDS)),
            table.c.name.is_(None),
            table.c.tags == "",
            table.c.notes == "",
            table.c.archived.is_(False),
            table.c.recorded.is_(False),
            sa.or_(table.c.watched.is_(None), table.c.watched < now - WATCHED_SECONDS),
        )
        with self.read() as connection:
            rows = connection.execute(sa.select(table.c.id, table.c.size).where(free).order_by(table.c.number)).all()
        for row in rows:
            if total <= max_bytes:
                break
            self.delete(row.id)
            removed.append(row.id)
            total -= row.size
        self.give_back_space()
        return removed

    def _empty_bin(self, before: float) -> list[str]:
        """Delete what was put into the bin before that time and moves no more; the deleted ids."""
        table = schema.runs
        old = sa.and_(table.c.deleted < before, table.c.state.not_in(ACTIVE))
        with self.read() as connection:
            ids = list(connection.execute(sa.select(table.c.id).where(old)).scalars())
        for run_id in ids:
            self.delete(run_id)
        return ids

    def delete(self, run_id: str) -> None:
        """Remove a run and everything of it from the log."""
        with self.write() as connection:
            for table in schema.OF_A_RUN:
                connection.execute(table.delete().where(table.c.run == run_id))
            connection.execute(schema.runs.delete().where(schema.runs.c.id == run_id))
        self.forget(run_id)


_queue = sa.select(schema.runs.c.id).where(schema.runs.c.state == "queued").order_by(schema.runs.c.number)


def _as_run(row: sa.RowMapping, queue: Sequence[str]) -> Run:
    values = {name: row[name] for name in Run.__dataclass_fields__ if name in row}
    return Run(
        **values
        | {
            "tags": tuple(tag for tag in row["tags"].split(",") if tag),
            "versions": json.loads(row["versions"]),
            "summary": json.loads(row["summary"]),
            "queue_position": queue.index(row["id"]) + 1 if row["id"] in queue else 0,
        },
        experiment_json=row["experiment"],
    )


def open_log(url: str | None = None) -> RunLog:
    """The run log at a database URL; default: DKLAB_DATABASE_URL, else a SQLite file in the data folder.

    Raises LogUnavailable with a message for people where it cannot be used.
    """
    return RunLog(url)
