"""A run's teachers, trained before it where they are not kept yet; each is a run of its own, to be watched."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from kdcore import teachers
from kdcore.experiment import Teacher
from kdcore.preparation import prepare
from kdcore.runs.frames import Keeping
from kdcore.runs.log import Run, RunLog
from kdcore.runs.outbox import Outbox
from kdcore.runs.processes import own_name
from kdcore.runs.summary import Account, versions
from kdcore.staging import Scene


class Stopped(Exception):
    """The run was stopped before it began."""


def teach(log: RunLog, outbox: Outbox, run: Run, alive: list[str]) -> None:
    """Train every teacher of a run that is not kept yet, whoever taught it first.

    Raises Stopped if the run is stopped meanwhile.
    """
    experiment = run.experiment
    for wanted in experiment.teachers:
        for teacher in teachers.untrained(experiment.dataset, experiment.split, wanted):
            with _alone(log, run, teacher):
                if not teachers.is_cached(experiment.dataset, experiment.split, teacher):
                    _train(log, outbox, run, teacher, alive)
            log.set_state(run.id, "running")


def _train(log: RunLog, outbox: Outbox, run: Run, teacher: Teacher, alive: list[str]) -> None:
    own = teachers.experiment_of(run.experiment, teacher)
    run_id = log.create(
        own, owner=run.owner, pace="full", group=run.group, parent=run.id, state="running", worker=own_name()
    )
    # Each points at the one before it, so that all of them are known as teachers.
    before = log.run(run.id)
    log.update(run_id, versions=json.dumps(versions()), teacher_run=before.teacher_run if before else None)
    log.update(run.id, teacher_run=run_id)
    log.set_state(run.id, "teacher")
    alive.append(run_id)
    stage = Scene(prepare(own, solo=teacher.taught_by is None)).stage()
    outbox.put(lambda: log.set_stage(run_id, stage))
    keeping, account = None, Account({})
    for frame in teachers.train(run.experiment, teacher):
        keeping = keeping or Keeping(frame.steps)
        outbox.put(lambda frame=frame, keeping=keeping: log.append(run_id, frame, keeping), spare=True)  # type: ignore[misc]
        account.see(frame)
        _stop_if_asked(log, run, run_id, frame.step)
    outbox.drain()
    alive.remove(run_id)
    log.set_state(run_id, "finished", summary=account.line())


def _stop_if_asked(log: RunLog, run: Run, teacher_run: str, step: int) -> None:
    for asked in (run.id, teacher_run):
        for pending in log.pending(asked):
            if pending.command.kind == "stop" and pending.command.step is None:  # a planned one waits for its step
                log.applied(pending.number, 0 if asked == run.id else step)
                log.set_state(teacher_run, "stopped")
                raise Stopped


@contextmanager
def _alone(log: RunLog, run: Run, teacher: Teacher) -> Iterator[None]:
    """Two runs do not train the same teacher at once: one waits, and may be stopped."""
    text = f"{run.experiment.dataset} {run.experiment.split} {teacher.model_dump_json()}"
    folder = log.folder / "locks"
    folder.mkdir(exist_ok=True)
    lock = FileLock(folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.lock")
    while True:
        try:
            lock.acquire(timeout=0.2)
            break
        except Timeout:
            log.set_state(run.id, "teacher", "Another run is training the same teacher; this one waits for it.")
            _stop_if_asked(log, run, run.id, 0)
    try:
        yield
    finally:
        lock.release()
