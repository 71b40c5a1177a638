"""Classes that watch together: where their lecturer is, and the votes of those who follow."""

import hashlib
import secrets
import time
from dataclasses import dataclass

import sqlalchemy as sa

from kdcore.runs import schema
from kdcore.runs.database import Database

LETTERS = "BCDFGHJKMNPQRTVWXZ"  # no vowels, so no words; nothing that looks like another letter or a digit
CODE_LENGTH = 5
FORGOTTEN_SECONDS = 24 * 3600.0
LONGEST_ANSWER = 200


@dataclass(frozen=True)
class SchoolClass:
    """One row of the log: the lecturer's browser, and what it shows. `lesson` None: the Lab; `run` None: no run."""

    code: str
    owner: str
    lesson: str | None
    step: int
    run: str | None
    revealed: bool
    at: float


@dataclass(frozen=True)
class Vote:
    """An anonymous answer, as text; `run` is the run that it was a prediction of, once that was revealed."""

    answer: str
    run: str | None
    at: float


class ClassLog(Database):
    """Classes and their votes. A class is forgotten when it is closed or a day old; votes stay with their run."""

    def open_class(self, owner: str) -> str:
        """A new class led by this browser; its code. The class that it led before is closed."""
        classes, votes, now = schema.classes, schema.votes, time.time()
        with self.write() as connection:
            over = sa.or_(classes.c.owner == owner, classes.c.at < now - FORGOTTEN_SECONDS)
            connection.execute(classes.delete().where(over))
            code = ""
            while not code or any(
                connection.execute(sa.select(sa.exists().where(taken))).scalar()
                for taken in (classes.c.code == code, votes.c.code == code)
            ):
                code = "".join(secrets.SystemRandom().sample(LETTERS, CODE_LENGTH))
            row = {"code": code, "owner": owner, "lesson": None, "step": 1, "run": None, "revealed": False, "at": now}
            connection.execute(classes.insert().values(row))
        return code

    def close_class(self, code: str, owner: str) -> None:
        """End a class, if this browser leads it. Its votes stay."""
        table = schema.classes
        with self.write() as connection:
            connection.execute(table.delete().where(table.c.code == code, table.c.owner == owner))

    def class_of(self, code: str) -> SchoolClass | None:
        """The class of that code (in any case of letters), None where there is none."""
        return self._class(schema.classes.c.code == code.strip().upper())

    def class_led(self, owner: str) -> SchoolClass | None:
        """The class that this browser leads."""
        return self._class(schema.classes.c.owner == owner)

    def _class(self, where: sa.ColumnElement[bool]) -> SchoolClass | None:
        with self.read() as connection:
            row = connection.execute(sa.select(schema.classes).where(where).limit(1)).mappings().first()
        return SchoolClass(**row) if row else None

    def show_class(
        self, code: str, owner: str, *, lesson: str | None, step: int, run: str | None, revealed: bool
    ) -> bool:
        """Say where the lecturer is; False where this browser does not lead that class.

        With the reveal, the votes on the question that is shown become predictions of this run.
        """
        classes, votes = schema.classes, schema.votes
        values = {"lesson": lesson, "step": step, "run": run, "revealed": revealed, "at": time.time()}
        with self.write() as connection:
            mine = classes.update().where(classes.c.code == code, classes.c.owner == owner)
            if not connection.execute(mine.values(values)).rowcount:
                return False
            if revealed and run and lesson:
                of_step = _question(code, lesson, step)
                connection.execute(votes.update().where(of_step).values(run=run))
        return True

    def vote(self, code: str, lesson: str, step: int, browser: str, answer: str) -> bool:
        """One vote a browser and question, the last one counts; False unless the class is asked just this now."""
        classes, code = schema.classes, code.strip().upper()
        asked = sa.and_(
            classes.c.code == code,
            classes.c.lesson == lesson,
            classes.c.step == step,
            classes.c.revealed.is_(False),
            classes.c.owner != browser,
        )
        row = {"code": code, "lesson": lesson, "step": step, "voter": voter(code, browser)}
        with self.write() as connection:
            if not connection.execute(sa.select(sa.exists().where(asked))).scalar():
                return False
            values = row | {"answer": answer[:LONGEST_ANSWER], "run": None, "at": time.time()}
            self.upsert(connection, schema.votes, values)
        return True

    def votes(self, code: str, lesson: str, step: int) -> list[Vote]:
        """All votes of a class on one question, in the order of arrival."""
        return self._votes(_question(code, lesson, step))

    def votes_of(self, run_id: str, lesson: str, step: int) -> list[Vote]:
        """The votes that were predictions of this run, in the order of arrival."""
        votes = schema.votes.c
        return self._votes(sa.and_(votes.run == run_id, votes.lesson == lesson, votes.step == step))

    def _votes(self, where: sa.ColumnElement[bool]) -> list[Vote]:
        table = schema.votes
        query = sa.select(table.c.answer, table.c.run, table.c.at).where(where)
        with self.read() as connection:
            rows = connection.execute(query.order_by(table.c.at, table.c.voter)).mappings().all()
        return [Vote(**row) for row in rows]

    def voted(self, code: str, lesson: str, step: int, browser: str) -> str | None:
        """What this browser has answered, None where it has not."""
        table = schema.votes
        mine = sa.and_(_question(code, lesson, step), table.c.voter == voter(code, browser))
        with self.read() as connection:
            answer: str | None = connection.execute(sa.select(table.c.answer).where(mine)).scalar()
        return answer


def voter(code: str, browser: str) -> str:
    """Who votes, without saying who: the browser's random key hashed with the code, so two classes cannot be joined."""
    return hashlib.sha256(f"{code} {browser}".encode()).hexdigest()[:24]


def _question(code: str, lesson: str, step: int) -> sa.ColumnElement[bool]:
    votes = schema.votes.c
    return sa.and_(votes.code == code, votes.lesson == lesson, votes.step == step)
