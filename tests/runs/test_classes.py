"""A class: its code, where its lecturer is, and its votes."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kdcore.runs import RunLog, open_log, schema
from kdcore.runs.classes import CODE_LENGTH, FORGOTTEN_SECONDS, LETTERS, voter

from .conftest import made_up, small


def ask(log: RunLog, code: str, *, revealed: bool = False, run: str | None = None, step: int = 1) -> bool:
    return log.show_class(code, "lecturer", lesson="luck", step=step, run=run, revealed=revealed)


def test_a_log_of_version_1_becomes_this_one_and_keeps_its_runs(home: Path) -> None:
    old = open_log()
    run_id = old.create(small(), owner="me")
    old.append(run_id, made_up(0))
    old.close()
    with sqlite3.connect(home / "log.sqlite") as file:
        for table in ("classes", "votes", "studies"):
            file.execute(f"DROP TABLE {table}")
        for column in ("notes", "archived", "deleted"):
            file.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        file.execute("UPDATE version SET number = 1")
    log = open_log()
    run = log.run(run_id)
    assert run is not None and (run.notes, run.archived, run.deleted) == ("", False, None)
    assert log.newest(run_id) is not None and log.studies("plane") == []
    code = log.open_class("lecturer")
    assert ask(log, code) and log.vote(code, "luck", 1, "a", "yes")
    with log.read() as connection:
        assert connection.execute(schema.version.select()).scalar() == schema.VERSION
    log.close()


def test_a_code_is_short_and_read_in_any_case(log: RunLog) -> None:
    code = log.open_class("lecturer")
    assert len(code) == CODE_LENGTH and set(code) <= set(LETTERS)
    found = log.class_of(f" {code.lower()} ")
    assert found is not None and found == log.class_led("lecturer")
    assert (found.lesson, found.run, found.revealed) == (None, None, False)
    assert log.class_of("nothing") is None and log.class_led("somebody") is None


def test_only_the_browser_that_opened_a_class_leads_and_closes_it(log: RunLog) -> None:
    code = log.open_class("lecturer")
    assert not log.show_class(code, "stranger", lesson="luck", step=2, run="r", revealed=True)
    log.close_class(code, "stranger")
    found = log.class_of(code)
    assert found is not None and found.lesson is None
    assert log.show_class(code, "lecturer", lesson="luck", step=2, run="r", revealed=True)
    found = log.class_of(code)
    assert found is not None and (found.lesson, found.step, found.run, found.revealed) == ("luck", 2, "r", True)
    log.close_class(code, "lecturer")
    assert log.class_of(code) is None


def test_a_browser_leads_one_class_and_old_ones_are_forgotten(log: RunLog) -> None:
    first, old = log.open_class("lecturer"), log.open_class("another")
    with log.write() as connection:
        was = schema.classes.update().where(schema.classes.c.code == old)
        connection.execute(was.values(at=schema.classes.c.at - FORGOTTEN_SECONDS - 1))
    second = log.open_class("lecturer")
    assert log.class_of(first) is None and log.class_of(old) is None and log.class_of(second) is not None


def test_a_vote_is_changed_until_the_reveal_and_is_then_kept_with_the_run(log: RunLog) -> None:
    run_id = log.create(small(), owner="lecturer")
    code = log.open_class("lecturer")
    assert not log.vote(code, "luck", 1, "a", "too early"), "nothing is asked yet"
    assert ask(log, code)
    assert log.vote(code, "luck", 1, "a", "yes") and log.vote(code.lower(), "luck", 1, "b", "no")
    assert log.vote(code, "luck", 1, "a", "no")
    assert [vote.answer for vote in log.votes(code, "luck", 1)] == ["no", "no"]
    assert log.voted(code, "luck", 1, "a") == "no" and log.voted(code, "luck", 1, "c") is None
    assert not log.vote(code, "luck", 2, "a", "elsewhere") and not log.vote("XXXXX", "luck", 1, "a", "no class")
    assert not log.vote(code, "luck", 1, "lecturer", "the lecturer does not vote")
    assert ask(log, code, revealed=True, run=run_id)
    assert not log.vote(code, "luck", 1, "b", "too late")
    assert [(vote.answer, vote.run) for vote in log.votes(code, "luck", 1)] == [("no", run_id), ("no", run_id)]
    log.close_class(code, "lecturer")
    assert len(log.votes(code, "luck", 1)) == 2
    assert log.votes_of(run_id, "luck", 1) == log.votes(code, "luck", 1) and log.votes_of(run_id, "luck", 2) == []
    log.delete(run_id)
    assert log.votes(code, "luck", 1) == []


def test_votes_do_not_say_who_voted(log: RunLog, home: Path) -> None:
    code = log.open_class("lecturer")
    ask(log, code)
    log.vote(code, "luck", 1, "secret-browser-key", "yes")
    log.close()
    written = b"".join(path.read_bytes() for path in home.glob("log.sqlite*"))
    assert b"secret-browser-key" not in written
    assert voter(code, "a") != voter("OTHER", "a") and len(voter(code, "a")) == 24


@pytest.mark.parametrize("answer", ["x" * 5000, "'; DROP TABLE votes; --", ""])
def test_any_text_may_be_an_answer(log: RunLog, answer: str) -> None:
    code = log.open_class("lecturer")
    ask(log, code)
    assert log.vote(code, "luck", 1, "a", answer)
    assert [vote.answer for vote in log.votes(code, "luck", 1)] == [answer[:200]]
