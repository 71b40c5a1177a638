"""What people say to runs, and servers to the supervisor: commands, presence, wishes."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from kdcore.runs import schema
from kdcore.runs.database import Database

if TYPE_CHECKING:
    from kdcore.experiment import Command


PLAN = "plan"
"""The client of the commands that a run was made with: they wait for their step, not for a worker."""

is_pending = sa.and_(schema.commands.c.step.is_(None), schema.commands.c.refused.is_(None))
is_asked = sa.and_(is_pending, schema.commands.c.client != PLAN)


@dataclass(frozen=True)
class Pending:
    """A command that has not taken effect yet; one of a plan names the step at which it is to."""

    number: int
    command: "Command"


class CommandLog(Database):
    """The commands of all runs, and short-lived signs ("beats") by name."""

    def command(self, run_id: str, command: "Command", *, client: str, counter: int) -> bool:
        """Ask a run to change. A client counts its commands; one seen before is ignored and gives False.

        A stop of a run that still waits for a worker takes effect at once.
        """
        values = {"run": run_id, "client": client, "counter": counter, "at": time.time()}
        text = command.model_copy(update={"step": None}).model_dump_json()
        table, run = schema.commands, schema.runs
        seen = sa.exists().where(table.c.run == run_id, table.c.client == client, table.c.counter == counter)
        with self.write() as connection:
            if connection.execute(sa.select(seen)).scalar():
                return False
            connection.execute(table.insert().values(command=text, **values))
            if command.kind == "stop":
                waiting = run.update().where(run.c.id == run_id, run.c.state == "queued")
                if connection.execute(waiting.values(state="stopped", ended=time.time())).rowcount:
                    step = sa.select(run.c.step).where(run.c.id == run_id).scalar_subquery()
                    of_run = sa.and_(table.c.run == run_id, is_asked)
                    connection.execute(table.update().where(of_run).values(step=step))
        return True

    def commands(self, run_id: str, applied_only: bool = False) -> list["Command"]:
        """All commands of a run in order, planned ones once they took effect; `step` is filled in those that did."""
        from kdcore.experiment import Command  # not above: it brings torch, which the supervisor does without

        table = schema.commands
        given = sa.and_(table.c.run == run_id, sa.or_(table.c.step.is_not(None), table.c.client != PLAN))
        query = sa.select(table.c.command, table.c.step).where(given).order_by(table.c.number)
        if applied_only:
            query = query.where(table.c.step.is_not(None))
        with self.read() as connection:
            rows = connection.execute(query).all()
        return [Command.model_validate_json(row.command).model_copy(update={"step": row.step}) for row in rows]

    def planned(self, run_id: str) -> list["Command"]:
        """The commands that a run was made with, each with the step that it names: what a copy is made with too."""
        from kdcore.experiment import Command

        table = schema.commands
        of_plan = sa.and_(table.c.run == run_id, table.c.client == PLAN)
        with self.read() as connection:
            rows = connection.execute(sa.select(table.c.command).where(of_plan).order_by(table.c.number)).scalars()
            return [Command.model_validate_json(row) for row in rows]

    def pending(self, run_id: str, after: int = 0) -> list[Pending]:
        """The commands that wait, in order, numbered above `after`; those of a plan with their step."""
        from kdcore.experiment import Command

        table = schema.commands
        waits = sa.and_(table.c.run == run_id, is_pending, table.c.number > after)
        with self.read() as connection:
            rows = connection.execute(sa.select(table).where(waits).order_by(table.c.number)).all()
        return [Pending(row.number, Command.model_validate_json(row.command)) for row in rows]

    def applied(self, number: int, step: int) -> None:
        """Write back the step at which a command took effect."""
        table = schema.commands
        with self.write() as connection:
            connection.execute(table.update().where(table.c.number == number).values(step=step))

    def refused(self, run_id: str, number: int, reason: str) -> None:
        """Write why a command could not act; the run says it as its reason."""
        table, run = schema.commands, schema.runs
        with self.write() as connection:
            connection.execute(table.update().where(table.c.number == number).values(refused=reason))
            connection.execute(run.update().where(run.c.id == run_id).values(reason=reason))

    def beat(self, name: str, value: str = "") -> None:
        """Write a sign of life or a wish under a name."""
        with self.write() as connection:
            self.upsert(connection, schema.beats, {"name": name, "at": time.time(), "value": value})

    def beats(self, prefix: str, seconds: float) -> dict[str, str]:
        """Name -> value of the beats of that prefix in the last seconds."""
        table = schema.beats
        recent = sa.and_(table.c.name.startswith(prefix, autoescape=True), table.c.at > time.time() - seconds)
        with self.read() as connection:
            return {row.name: row.value for row in connection.execute(sa.select(table).where(recent))}

    def forget_beats(self, seconds: float) -> None:
        """Delete beats that are older."""
        table = schema.beats
        with self.write() as connection:
            connection.execute(table.delete().where(table.c.at < time.time() - seconds))
