"""How many workers wait, warm: one, and two while somebody is about to use all cores."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kdcore.runs import RunLog, schema, supervisor, want_workers
from kdcore.runs.crew import Crew
from kdcore.runs.processes import own_name
from kdcore.runs.supervisor import Supervisor
from tests.runs.conftest import small, wait_for

WAITS = "import sys; print('ready', flush=True); sys.stdin.read()"
"""A worker that only waits."""


@pytest.fixture
def supervise(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Supervisor]]:
    """A supervisor that cares at every pass, waits for nothing, and whose workers only wait."""
    monkeypatch.setattr(supervisor, "CARE_SECONDS", 0.0)
    monkeypatch.setattr(supervisor, "SPARE_SECONDS", 0.0)

    def start(log: RunLog, module: str, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", WAITS], **options)

    monkeypatch.setattr("kdcore.runs.crew.start", start)
    crews: list[Crew] = []

    def begin(cores: int = 2) -> Supervisor:
        crews.append(Crew(log, []))
        return Supervisor(log, crews[-1], idle_seconds=60, cores=cores)

    yield begin
    for crew in crews:
        for worker in crew.workers:
            worker.process.kill()
            worker.process.wait()


def ready(watched: Supervisor) -> int:
    """How many workers wait, warm, once the supervisor has done what it had to do."""
    for _ in range(5):
        watched.attend()
    wait_for(lambda: watched.attend() and all(worker.ready for worker in watched.crew.workers))
    return len(watched.crew.idle())


def test_one_worker_waits_as_long_as_nobody_wants_more(log: RunLog, supervise: Callable[..., Supervisor]) -> None:
    assert ready(supervise()) == 1


@pytest.mark.parametrize(("cores", "spares"), [(1, 1), (2, 2), (8, 2)])
def test_two_wait_while_somebody_is_about_to_use_all_cores(
    log: RunLog, supervise: Callable[..., Supervisor], cores: int, spares: int
) -> None:
    want_workers(log)
    assert ready(supervise(cores)) == spares


def test_the_second_is_let_go_a_minute_later(log: RunLog, supervise: Callable[..., Supervisor]) -> None:
    want_workers(log)
    watched = supervise()
    assert ready(watched) == 2
    with log.write() as connection:
        connection.execute(schema.beats.update().values(at=time.time() - 61))
    assert ready(watched) == 1
    wait_for(lambda: watched.attend() and len(watched.crew.workers) == 1, what="its end")


def test_both_runs_of_a_plane_begin_at_once(log: RunLog, supervise: Callable[..., Supervisor]) -> None:
    want_workers(log)
    watched = supervise()
    assert ready(watched) == 2
    waiting = {worker.process.pid for worker in watched.crew.workers}
    runs = {log.create(small(), owner="me", pace="full", group="plane") for _ in range(2)}
    watched.attend()
    assert watched.crew.given() == runs
    assert {worker.process.pid for worker in watched.crew.workers if worker.run_id} == waiting


def test_no_worker_is_warmed_up_while_unpaced_runs_have_every_core(
    log: RunLog, supervise: Callable[..., Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    want_workers(log)
    watched = supervise()
    assert ready(watched) == 2
    for worker in watched.crew.workers:
        worker.run_id = log.create(small(), owner="me", pace="full", state="running", worker=own_name())
    assert ready(watched) == 0, "what it costs would be theirs"
    monkeypatch.setattr(supervisor, "BUSY_SPARE_SECONDS", 0.0)
    assert ready(watched) == 2, "but not for ever"
