"""Searches in the log: a study, and its trials as its runs tell them. Nothing else is kept of a search."""

import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import sqlalchemy as sa

from kdcore.batches import survivors
from kdcore.experiment import Command, Experiment
from kdcore.frame import Frame
from kdcore.parts import Arm
from kdcore.proposals import importance
from kdcore.runs import schema, weights
from kdcore.runs.log import ENDED, Run, RunLog
from kdcore.runs.studies import Study
from kdcore.searching import ARM_NAMES, By, Dimension, Search, Trial, best, best_so_far

__all__ = [
    "Dimension",
    "Search",
    "Trial",
    "begin",
    "best",
    "best_so_far",
    "go_on",
    "importance",
    "keep_numbers_only",
    "runs_of",
    "search_of",
    "seconds_spent",
    "stop",
    "trials",
]

MOST_RUNS = 10_000
_ended: dict[tuple[str, str], tuple[Trial, ...]] = {}
"""What ended runs have told, by log and run: it does not change any more, and only the budget of a search can."""
BY_NAME: dict[str, By] = {name: by for by, name in ARM_NAMES.items()}


def begin(log: RunLog, search: Search, *, owner: str, name: str | None = None) -> str:
    """Start a search; the id of its study. The supervisor sees it and starts the process that drives it."""
    return log.create_study("search", search.model_dump_json(), owner=owner, name=name)


def search_of(study: Study) -> Search:
    """What is searched. Raises pydantic's ValidationError where an older version wrote what is not allowed now."""
    return _search(study.spec)


@lru_cache(maxsize=64)
def _search(spec: str) -> Search:
    return Search.model_validate_json(spec)


def stop(log: RunLog, study_id: str, *, client: str) -> None:
    """End a search now, with what it is training; `go_on` takes it up again."""
    log.update_study(study_id, state="stopped", reason="")
    for run in runs_of(log, study_id, limit=10):
        if run.state not in ENDED:
            counter = time.time_ns() // 1_000_000
            log.command(run.id, Command("stop"), client=f"{client} search", counter=counter)


def go_on(log: RunLog, study_id: str, *, students: int | None = None, seconds: float | None = None) -> None:
    """Take up a search that was stopped, has failed or is finished, with another budget if one is given.

    Raises ValueError where there is no such search, or for a budget that cannot be.
    """
    study = log.study(study_id)
    if study is None or study.kind != "search":
        raise ValueError(f"there is no search {study_id!r} in this log")
    search = search_of(study)
    if students is not None or seconds is not None:
        search = Search(**dict(search) | {"students": students, "seconds": seconds})
    log.update_study(study_id, spec=search.model_dump_json(), state="running", reason="")


def runs_of(log: RunLog, study_id: str, limit: int = MOST_RUNS) -> list[Run]:
    """The runs of a search, the oldest first, or the last few of them; those of teachers, which have a parent, left
    out."""
    return [run for run in log.runs(limit=limit, group=study_id) if run.parent is None][::-1]


def keep_numbers_only(log: RunLog, run: Run) -> None:
    """Give up the pictures and the weights of an ended run, nine tenths of its room; its numbers are kept.

    A search makes many runs, and a full log gives up its oldest ones, which would be trials.
    """
    frame = log.newest(run.id)
    if frame is None or (frame.shown is None and frame.test_logits is None):
        return
    weights.delete(log.folder, run.id)
    scalars, newest, runs = schema.scalars, schema.newest, schema.runs
    kept = sa.select(sa.func.coalesce(sa.func.sum(sa.func.length(scalars.c.data)), 0)).where(scalars.c.run == run.id)
    with log.write() as connection:
        for table in (schema.keyframes, schema.layouts):
            connection.execute(table.delete().where(table.c.run == run.id))
        connection.execute(newest.update().where(newest.c.run == run.id).values(data=frame.thin().to_bytes()))
        connection.execute(runs.update().where(runs.c.id == run.id).values(size=kept.scalar_subquery()))


def seconds_spent(runs: Sequence[Run]) -> float:
    """Seconds that these runs have been training, waiting in the queue not counted."""
    return sum((run.ended or time.time()) - run.started for run in runs if run.started is not None)


def trials(log: RunLog, study: Study, runs: Sequence[Run] | None = None) -> list[Trial]:
    """Every trial as the runs of the study tell it, in the order in which they began. runs: those, where known."""
    search = search_of(study)
    found: dict[tuple[By, int], Trial] = {}
    known = runs_of(log, study.id) if runs is None else runs
    for run in known:
        for told in _told(log, run, search):
            before = found.get((told.by, told.number))
            found[told.by, told.number] = told if before is None else _joined(before, told)
    together = list(found.values())
    if not known:
        return together
    screened = [trial for trial in together if trial.run == known[-1].id and _waits(trial, search, known[-1])]
    chosen = {trial.arm for trial in survivors(search, together, screened)}
    return [
        replace(trial, state="training") if trial in screened and trial.arm in chosen else trial for trial in together
    ]


def _waits(trial: Trial, search: Search, run: Run) -> bool:
    return search.pruner != "none" and run.state in ENDED and trial.state == "pruned" and trial.early is not None


def _joined(screening: Trial, whole: Trial) -> Trial:
    """A trial that was trained twice: first until the pruner decided, then to the end."""
    return replace(whole, early=screening.early, students_cost=screening.students_cost + whole.students_cost)


def _told(log: RunLog, run: Run, search: Search) -> tuple[Trial, ...]:
    if run.state not in ENDED:
        return _from_run(search, run, log.newest(run.id))
    key = (log.url, run.id)
    if key not in _ended:
        if len(_ended) >= MOST_RUNS:
            _ended.clear()
        _ended[key] = _from_run(search, run, log.newest(run.id))
    return _ended[key]


def _from_run(search: Search, run: Run, frame: Frame | None) -> tuple[Trial, ...]:
    found = []
    for arm in _arms(run.experiment_json):
        name, _, number = arm.name.partition(" ")
        if name in BY_NAME and number.isdigit():
            base = Trial(int(number), BY_NAME[name], search.parameters(arm), "training", run.id, arm.name, 0.0)
            found.append(_measured(search, base, run, frame))
    return tuple(found)


@lru_cache(maxsize=1024)
def _arms(experiment_json: str) -> tuple[Arm, ...]:
    return Experiment.model_validate_json(experiment_json).arms


def _measured(search: Search, trial: Trial, run: Run, frame: Frame | None) -> Trial:
    """A trial with what the newest frame of its run says. Before the last frame an accuracy is of fewer examples."""
    if frame is not None:
        place, share = frame.arms.index(trial.arm), frame.step / max(1, frame.steps)
        trial = replace(trial, students_cost=len(frame.seeds) * share)
    if run.state not in ENDED:
        return trial
    if frame is None or run.state == "failed":
        return replace(trial, state="pruned" if run.state == "stopped" else "failed")
    values = frame.scalars["validation_accuracy"][place].astype(np.float64)
    if frame.stopped[place].any() or not np.isfinite(values).all():
        return replace(trial, state="failed", diverged=True)
    mean = float(values.mean())
    if frame.step >= frame.steps:
        return replace(trial, state="done", value=mean, values=tuple(float(value) for value in values))
    early = mean if frame.step == search.screening_step else None
    return replace(trial, state="pruned", early=early)
