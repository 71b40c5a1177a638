"""What a person reads when the log cannot be used, and what becomes of a training that goes on meanwhile."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from kdcore.runs import LogUnavailable, RunLog, database, open_log, schema
from kdcore.runs.outbox import Outbox
from kdcore.runs.worker import work

from .conftest import made_up, small, wait_for


@contextmanager
def full_disk(log: RunLog) -> Iterator[None]:
    """SQLite's own way to run out of space: the file may not grow."""

    def limit(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA max_page_count=1")

    sa.event.listen(log._engine, "connect", limit)
    log.close()
    try:
        yield
    finally:
        sa.event.remove(log._engine, "connect", limit)
        log.close()


def test_a_folder_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(LogUnavailable, match=r"file/home cannot be made: Not a directory\. Set DKLAB_HOME"):
        open_log()


def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    home.mkdir()
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(LogUnavailable, match="home cannot be written"):
        open_log()


def test_a_network_file_system_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "file_system", lambda folder: "nfs4")
    with pytest.raises(LogUnavailable, match=r"network file system \(nfs4\).*DKLAB_HOME.*DKLAB_DATABASE_URL"):
        open_log()


def test_a_file_system_without_wal_is_refused_with_the_way_out(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def without_shared_memory(url: sa.URL, **_options: object) -> sa.Engine:
        file = f"file:{home}/log.sqlite?vfs=unix-none"
        return engine("sqlite://", creator=lambda: sqlite3.connect(file, uri=True))

    engine = sa.create_engine
    monkeypatch.setattr(sa, "create_engine", without_shared_memory)
    with pytest.raises(LogUnavailable, match=r"only journal mode 'delete'.*local disk"):
        open_log()


def test_a_missing_folder_a_wrong_url_and_a_missing_driver_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="is missing"):
        open_log(f"sqlite:///{tmp_path}/nowhere/log.sqlite")
    with pytest.raises(LogUnavailable, match="DKLAB_DATABASE_URL cannot be used"):
        open_log("no url")
    with pytest.raises(LogUnavailable, match="needs a file"):
        open_log("sqlite://")
    with pytest.raises(LogUnavailable, match="DKLAB_DATABASE_URL cannot be used"):
        open_log("weird+driver://localhost/x")


def test_a_file_that_is_no_log_is_not_touched(home: Path) -> None:
    home.mkdir()
    (home / "log.sqlite").write_bytes(b"my diary " * 1000)
    with pytest.raises(LogUnavailable, match="is not a run log"):
        open_log()
    assert (home / "log.sqlite").read_bytes() == b"my diary " * 1000


def test_a_log_of_a_newer_version_is_left_alone(log: RunLog) -> None:
    with log.write() as connection:
        connection.execute(schema.version.update().values(number=schema.VERSION + 1))
    with pytest.raises(LogUnavailable, match="newer version"):
        open_log()


def test_an_older_log_is_brought_up_to_date(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = log.create(small(), owner="me")
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    monkeypatch.setattr(schema, "UPGRADES", {schema.VERSION - 1: ["ALTER TABLE runs ADD COLUMN extra TEXT"]})
    upgraded = open_log()
    assert upgraded.run(run_id) is not None
    with upgraded.read() as connection:
        assert connection.exec_driver_sql("SELECT extra FROM runs").scalar() is None
        assert connection.execute(sa.select(schema.version.c.number)).scalar() == schema.VERSION


def test_a_locked_log_says_so_and_is_usable_again(log: RunLog, home: Path) -> None:
    hasty = RunLog(busy_seconds=0.1)
    run_id = log.create(small(), owner="me")
    other = sqlite3.connect(home / "log.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailable, match="is locked by another program"):
        hasty.append(run_id, made_up(0))
    assert hasty.newest(run_id) is None, "reading goes on"
    other.execute("ROLLBACK")
    hasty.append(run_id, made_up(0))
    other.close()


def test_a_log_that_was_deleted_is_missed_at_once(log: RunLog, home: Path) -> None:
    assert log.trouble() is None
    (home / "log.sqlite").unlink()
    assert log.is_gone()
    with pytest.raises(LogUnavailable, match="is missing"):
        log.runs()
    with pytest.raises(LogUnavailable, match="is missing"):
        log.create(small(), owner="me")
    assert "is missing" in (log.trouble() or "")


def test_a_disk_that_is_nearly_full_is_announced(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LEAST_FREE_BYTES", 10**18)
    assert "nearly full" in (log.trouble() or "")


def test_a_full_disk_says_so_and_loses_nothing_that_was_written(log: RunLog) -> None:
    run_id = log.create(small(), owner="me")
    log.append(run_id, made_up(0))
    with full_disk(log), pytest.raises(LogUnavailable, match=r"the disk is full.*training goes on"):
        for step in range(1, 100):
            log.append(run_id, made_up(step, probes=500))
    history = [frame.step for frame in log.history(run_id)]
    assert history == list(range(len(history))) and len(history) >= 1


def test_training_goes_on_over_a_full_disk_and_its_frames_arrive_later(
    log: RunLog, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kdcore.runs.outbox.RETRY_SECONDS", 0.05)
    run_id = log.create(small(steps=1500), owner="me", pace="full")
    training = threading.Thread(target=work, args=(log, run_id))
    training.start()
    wait_for(lambda: (log.newest_mark(run_id) or (0, 0))[0] > 0, what="the first steps")
    with full_disk(log):
        wait_for(lambda: "the disk is full" in capsys.readouterr().err, what="a word about the disk")
        wait_for(lambda: training.is_alive(), seconds=1)
    training.join(60)
    run = log.run(run_id)
    assert run is not None and (run.state, run.step) == ("finished", 1500)
    steps = [frame.step for frame in log.history(run_id)]
    assert steps[-1] == 1500 and len(steps) > 5


def test_when_the_log_stays_away_the_training_is_given_up_aloud(capsys: pytest.CaptureFixture[str]) -> None:
    def refused() -> None:
        raise LogUnavailable("The disk is full.")

    outbox = Outbox(patience=0.05, retry=0.01)
    outbox.put(refused)
    assert "Frames are kept for" in capsys.readouterr().err
    with pytest.raises(LogUnavailable, match="given up"):
        outbox.drain()


def test_what_waits_is_bounded_and_commands_are_never_left_out() -> None:
    outbox, written, away = Outbox(retry=0.0), [], [True]

    def write(item: str) -> None:
        if away[0]:
            raise LogUnavailable("away")
        written.append(item)

    for number in range(3000):
        outbox.put(lambda number=number: write(f"frame {number}"), spare=True)  # type: ignore[misc]
        if number % 100 == 0:
            outbox.put(lambda number=number: write(f"command {number}"))  # type: ignore[misc]
    away[0] = False
    outbox.drain()
    assert [item for item in written if item.startswith("command")] == [f"command {n}" for n in range(0, 3000, 100)]
    frames = [int(item.split()[1]) for item in written if item.startswith("frame")]
    assert frames == sorted(frames) and frames[-1] == 2999 and 100 < len(frames) <= 400
