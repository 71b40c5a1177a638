"""kill -9 of everything, in the middle of writing: what was acknowledged is there, and somebody says what happened."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kdcore.experiment import Command
from kdcore.runs import RunLog, ensure_supervisor, open_log
from kdcore.runs.crew import Crew, Worker
from kdcore.runs.processes import is_alive
from kdcore.runs.supervisor import Supervisor

from .conftest import Processes, kill, small, wait_for

SERVER = """
import sys, time
from kdcore.runs import ensure_supervisor, open_log
from tests.runs.conftest import small
log = open_log()
ensure_supervisor(log)
print(log.create(small(steps=600), owner="me", pace="quick"), flush=True)
while True:
    ensure_supervisor(log)
    time.sleep(0.5)
"""


def test_a_killed_writer_loses_no_frame_that_was_acknowledged(log: RunLog, processes: Processes, home: Path) -> None:
    nursery = processes.start("-m", "tests.runs.nursery", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert nursery.stdin is not None and nursery.stdout is not None
    run_id = log.create(small(), owner="me")
    acknowledged: list[int] = []
    for round_ in range(20):
        nursery.stdin.write(f"{run_id}\n")
        nursery.stdin.flush()
        child = int(nursery.stdout.readline().split()[1])
        killed = False
        while (line := nursery.stdout.readline().split())[0] != "dead":
            acknowledged.append(int(line[1]))
            if not killed and acknowledged[-1] % 7 >= round_ % 7:
                os.kill(child, signal.SIGKILL)
                killed = True
        opened = open_log()
        steps = [frame.step for frame in opened.history(run_id)]
        assert steps == list(range(len(steps))) and set(acknowledged) <= set(steps)
        assert opened.newest(run_id).step == opened.run(run_id).step == steps[-1]  # type: ignore[union-attr]
        opened.close()
    assert sqlite3.connect(home / "log.sqlite").execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert len(acknowledged) >= 20


@pytest.fixture
def alone(log: RunLog, processes: Processes) -> Iterator[Processes]:
    """Ends the supervisor, whoever started it."""
    yield processes
    for name in log.beats("supervisor", 3600).values():
        kill(name)


def test_a_run_outlives_server_and_supervisor_and_a_killed_worker_is_noticed(log: RunLog, alone: Processes) -> None:
    server = alone.start("-c", SERVER, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    first = server.stdout.readline().strip()
    wait_for(lambda: (log.newest_mark(first) or (0,))[0] > 3, what="the first steps")

    server.kill()
    step = log.newest_mark(first)[0]  # type: ignore[index]
    wait_for(lambda: log.newest_mark(first)[0] > step, what="steps without the server")  # type: ignore[index]

    ensure_supervisor(log)
    supervisor = log.beats("supervisor", 3600)["supervisor"]
    assert is_alive(supervisor), "the supervisor is found again"
    second = log.create(small(steps=100_000), owner="me", pace="full")
    wait_for(lambda: log.newest_mark(second), what="a second run beside the first")
    kill(supervisor)
    wait_for(lambda: not is_alive(supervisor))

    worker = log.run(second).worker  # type: ignore[union-attr]
    assert worker is not None and is_alive(worker)
    kill(worker)
    mark = log.newest_mark(second)
    ensure_supervisor(log)
    wait_for(lambda: log.run(second).state == "failed", what="the failure")  # type: ignore[union-attr]
    assert "frames are kept" in log.run(second).reason  # type: ignore[union-attr]
    assert log.newest_mark(second) == mark and len(log.history(second)) >= 1

    wait_for(lambda: log.run(first).state == "finished", what="the end of the first run")  # type: ignore[union-attr]
    assert log.history(first)[-1].step == 600

    third = log.create(small(steps=100_000), owner="me", pace="full")
    wait_for(lambda: log.newest_mark(third), what="a run by the new supervisor")
    kill(log.run(third).worker)  # type: ignore[union-attr, arg-type]
    wait_for(lambda: log.run(third).state == "failed", what="the failure")  # type: ignore[union-attr]
    assert "was killed" in log.run(third).reason  # type: ignore[union-attr]


def test_slots_queue_suspension_and_the_end_of_the_supervisor(log: RunLog, processes: Processes) -> None:
    supervisor = processes.supervisor(log, "--cores", "1", "--idle-seconds", "1.5", "--suspend-after", "0.3")
    unpaced = log.create(small(steps=100_000), owner="me", pace="full")
    wait_for(lambda: log.newest_mark(unpaced), what="the first run")
    waiting = log.create(small(steps=100_001), owner="me", pace="full")
    paced = log.create(small(steps=600), owner="me", pace="slow")
    wait_for(lambda: log.newest_mark(paced), what="a paced run, which needs no core of its own")
    assert log.run(waiting).queue_position == 1  # type: ignore[union-attr]
    other = processes.start("-m", "kdcore.runs.supervisor", stderr=subprocess.DEVNULL)
    assert other.wait(30) != 0, "there is only one supervisor"

    log.command(unpaced, Command("pause"), client="me", counter=1)
    wait_for(lambda: log.newest_mark(waiting), what="the run that waited for a core")
    wait_for(lambda: log.run(unpaced).worker is None, what="the paused run to be written out")  # type: ignore[union-attr]
    assert log.run(unpaced).state == "paused"  # type: ignore[union-attr]
    log.command(waiting, Command("stop"), client="me", counter=2)
    log.command(paced, Command("stop"), client="me", counter=3)
    step = log.newest_mark(unpaced)[0]  # type: ignore[index]
    log.command(unpaced, Command("resume"), client="me", counter=4)
    wait_for(lambda: log.newest_mark(unpaced)[0] > step, what="the run to go on")  # type: ignore[index]
    log.command(unpaced, Command("stop"), client="me", counter=5)
    wait_for(lambda: {log.run(i).state for i in (unpaced, waiting, paced)} == {"stopped"})  # type: ignore[union-attr]

    assert supervisor.wait(20) == 0, "with neither server nor runs it ends itself"


def test_a_worker_that_cannot_start_is_reported_and_not_started_without_end(log: RunLog) -> None:
    run_id = log.create(small(), owner="me")
    crew = Crew(log, ["--no-such-option"])
    supervisor = Supervisor(log, crew, idle_seconds=60, cores=1)
    wait_for(lambda: supervisor.attend() and bool(crew.workers))
    crew.workers[0].process.wait(60)
    wait_for(lambda: supervisor.attend() and "No worker could be started" in log.run(run_id).reason)  # type: ignore[union-attr]
    assert log.run(run_id).state == "queued" and crew.start() is None  # type: ignore[union-attr]


def test_a_run_given_to_a_worker_that_is_still_warming_up_keeps_it() -> None:
    script = "print('ready', flush=True); input(); input(); print('ready', flush=True); input()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    worker = Worker(subprocess.Popen([sys.executable, "-c", script], **pipes))  # type: ignore[call-overload]
    assert worker.process.stdout is not None
    os.set_blocking(worker.process.stdout.fileno(), False)
    worker.give("abc")
    wait_for(worker.listen)
    assert worker.ready and worker.run_id == "abc", "ready says only that it is warm now"
    worker.process.stdin.write(b"the run ends\n")  # type: ignore[union-attr]
    worker.process.stdin.flush()  # type: ignore[union-attr]
    wait_for(worker.listen)
    assert worker.run_id is None
    worker.dismiss()
    worker.process.wait(30)
