"""A search through the log: its runs are all there is of it, whoever is killed; the budget is kept; failures said."""

from __future__ import annotations

import contextlib
import signal
from typing import Any

import numpy as np
import psutil
import pytest
import sqlalchemy as sa

from kdcore import methods
from kdcore.methods.declaration import Method
from kdcore.runs import RunLog, Study, open_log, schema, searches, weights
from kdcore.runs.log import ENDED
from kdcore.runs.searcher import Searcher
from kdcore.runs.searches import Dimension, Search, Trial
from kdcore.runs.worker import work

from .conftest import Processes, made_up, small, wait_for

ALPHA = (Dimension("alpha", 0, 1),)


def quick(**changes: Any) -> Search:
    """Two seeds, 12 steps, four trials a batch; 48 students."""
    settings: dict[str, Any] = {"experiment": small(steps=12), "space": ALPHA, "batch": 4, "students": 48}
    return Search(**settings | changes)


def begun(log: RunLog, search: Search) -> Study:
    study = log.study(searches.begin(log, search, owner="me"))
    assert study is not None
    return study


def again(log: RunLog, study: Study) -> Study:
    found = log.study(study.id)
    assert found is not None
    return found


def driven(log: RunLog, study: Study, searcher: Searcher | None = None, *, runs: int = 100) -> list[Trial]:
    """The search driven in this process, every run trained in it too, until it ends or so many runs were made."""
    searcher = searcher or Searcher(log)
    for _ in range(runs):
        searcher.attend()
        going = [run for run in searches.runs_of(log, study.id) if run.state not in ENDED]
        if not going:
            break
        work(log, going[0].id)
    return searches.trials(log, again(log, study))


@pytest.mark.parametrize("pruner", ["none", "halving", "median"])
def test_a_search_trains_until_its_budget_is_spent(log: RunLog, pruner: str) -> None:
    study = begun(log, quick(pruner=pruner))
    trials = driven(log, study)
    assert again(log, study).state == "finished"
    spent = {by: sum(t.students_cost for t in trials if t.by == by) for by in ("search", "baseline")}
    assert 36 <= sum(spent.values()) <= 48
    assert abs(spent["search"] - spent["baseline"]) <= 4
    assert {t.state for t in trials} == ({"done"} if pruner == "none" else {"done", "pruned"})
    assert all(run.group == study.id and run.owner == "me" for run in searches.runs_of(log, study.id))


def test_a_trial_has_its_students_mean_validation_accuracy_and_nothing_of_the_test(log: RunLog) -> None:
    study = begun(log, quick(students=8))
    trials = driven(log, study)
    (run,) = searches.runs_of(log, study.id)
    frame = log.newest(run.id)
    assert frame is not None and len(trials) == 4
    for trial in trials:
        measured = frame.measures["validation_accuracy"][trial.arm]
        assert trial.value == pytest.approx(measured.mean()) and trial.values == pytest.approx(tuple(measured))
        assert trial.parameters["alpha"] == next(a.weight for a in run.experiment.arms if a.name == trial.arm)
        assert trial.students_cost == 2 and trial.run == run.id


def size_of(log: RunLog, run_id: str) -> int:
    """Bytes that the log counts for a run."""
    with log.read() as connection:
        query = sa.select(schema.runs.c.size).where(schema.runs.c.id == run_id)
        return int(connection.execute(query).scalar_one())


def test_a_search_keeps_the_numbers_of_its_runs_and_neither_pictures_nor_weights(log: RunLog) -> None:
    study = begun(log, quick(students=8))
    Searcher(log).attend()
    (run,) = searches.runs_of(log, study.id)
    work(log, run.id)
    before, whole = searches.trials(log, study), size_of(log, run.id)
    steps = [frame.step for frame in log.history(run.id)]
    assert log.keyframe_steps(run.id) and weights.load(log.folder, run.id) is not None
    searches._ended.clear()
    driven(log, study)
    assert searches.trials(log, study) == before
    with contextlib.closing(open_log()) as other:
        frame = other.newest(run.id)
        assert frame is not None and frame.step == 12 and frame.shown is None
        assert [frame.step for frame in other.history(run.id)] == steps and not list(other.keyframe_steps(run.id))
    assert size_of(log, run.id) < whole / 4
    assert weights.load(log.folder, run.id) is None


def test_what_is_screened_is_stopped_at_a_quarter_and_trained_anew_to_the_end(log: RunLog) -> None:
    study = begun(log, quick(pruner="halving", batch=8, students=24))
    driven(log, study)
    first, second = searches.runs_of(log, study.id)[:2]
    early = log.newest(first.id)
    assert early is not None and (early.step, early.steps, first.state) == (3, 12, "stopped")
    screened = {arm.name for arm in first.experiment.arms}
    trials = [t for t in searches.trials(log, again(log, study)) if t.arm in screened]
    ours = [arm.name for arm in second.experiment.arms if arm.name in screened]
    ranked = sorted(trials, key=lambda t: -(t.early or 0.0))
    assert ours == [t.arm for t in ranked if t.value is not None] == [t.arm for t in ranked[:2]]
    assert {t.students_cost for t in trials} == {0.5, 2.5}


def test_a_search_that_is_taken_up_by_another_process_goes_on_as_if_it_had_not_been_left(log: RunLog) -> None:
    for pruner in ("none", "halving"):
        whole, cut = (begun(log, quick(pruner=pruner, students=32)) for _ in range(2))
        expected = driven(log, whole)
        for _ in range(10):
            driven(log, cut, Searcher(log), runs=1)
        searches._ended.clear()
        found = driven(log, cut)
        assert [(t.by, t.number, t.parameters, t.value, t.early, t.state) for t in found] == [
            (t.by, t.number, t.parameters, t.value, t.early, t.state) for t in expected
        ]


def test_a_search_is_continued_with_a_larger_budget(log: RunLog) -> None:
    study = begun(log, quick(students=16))
    before = driven(log, study)
    searches.go_on(log, study.id, students=32)
    after = driven(log, study)
    assert again(log, study).state == "finished"
    assert after[: len(before)] == before and sum(t.students_cost for t in after) == 32
    with pytest.raises(ValueError, match="there is no search 'nothing'"):
        searches.go_on(log, "nothing")
    with pytest.raises(ValueError, match="one trial takes 4 students"):
        searches.go_on(log, study.id, students=1)


def test_a_stop_ends_what_is_training_and_what_is_stopped_counts_for_its_share(log: RunLog) -> None:
    study = begun(log, quick())
    searcher = Searcher(log)
    driven(log, study, searcher, runs=1)
    searcher.attend()
    searches.stop(log, study.id, client="me")
    assert searcher.attend() == 0 and again(log, study).state == "stopped"
    runs = searches.runs_of(log, study.id)
    assert [run.state for run in runs] == ["finished", "stopped"]
    states = [(t.state, t.students_cost) for t in searches.trials(log, again(log, study))]
    assert states == [("done", 2.0)] * 4 + [("pruned", 0.0)] * 4
    searches.go_on(log, study.id)
    assert sum(t.students_cost for t in driven(log, study, searcher)) == 48


def test_a_stop_that_comes_while_a_run_is_being_made_ends_that_run_too(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = begun(log, quick())
    create = log.create

    def slow(*given: Any, **more: Any) -> str:
        searches.stop(log, study.id, client="me")
        return create(*given, **more)

    monkeypatch.setattr(log, "create", slow)
    Searcher(log).attend()
    assert [run.state for run in searches.runs_of(log, study.id)] == ["stopped"]


def test_a_budget_in_seconds_counts_training_alone(log: RunLog) -> None:
    study = begun(log, quick(students=None, seconds=1000.0))
    driven(log, study, runs=1)
    (run,) = searches.runs_of(log, study.id)
    assert run.ended is not None and run.started is not None
    assert searches.seconds_spent([run]) == run.ended - run.started
    searches.go_on(log, study.id, seconds=run.ended - run.started)
    driven(log, study)
    assert again(log, study).state == "finished" and len(searches.runs_of(log, study.id)) == 1


def failing(log: RunLog, study: Study) -> str:
    run = next(run for run in searches.runs_of(log, study.id) if run.state not in ENDED)
    log.set_state(run.id, "failed", "The memory is full.")
    return run.id


def test_a_failed_run_fails_its_trials_and_not_the_search(log: RunLog) -> None:
    study = begun(log, quick(students=16))
    searcher = Searcher(log)
    searcher.attend()
    lost = failing(log, study)
    trials = driven(log, study, searcher)
    assert {t.state for t in trials if t.run == lost} == {"failed"}
    assert again(log, study).state == "finished" and sum(t.students_cost for t in trials) == 16


def test_what_fails_twice_in_turn_ends_the_search_with_the_reason(log: RunLog) -> None:
    study = begun(log, quick())
    searcher = Searcher(log)
    for _ in range(2):
        searcher.attend()
        failing(log, study)
    searcher.attend()
    ended = again(log, study)
    assert ended.state == "failed" and ended.reason.endswith("one after the other: The memory is full.")
    searches.go_on(log, study.id)
    assert searcher.attend() == 1 and searches.runs_of(log, study.id)[-1].state == "queued"


def test_a_search_that_an_older_version_wrote_is_said_to_be_unreadable(log: RunLog) -> None:
    study_id = log.create_study("search", '{"sampler": "grid"}', owner="me")
    other = begun(log, quick())
    Searcher(log).attend()
    broken = log.study(study_id)
    assert broken is not None and broken.state == "failed" and "sampler" in broken.reason
    assert searches.runs_of(log, other.id), "the others go on"


def test_a_student_that_diverged_is_a_failed_trial(log: RunLog) -> None:
    study = begun(log, quick(students=8))
    Searcher(log).attend()
    (run,) = searches.runs_of(log, study.id)
    arms = tuple(arm.name for arm in run.experiment.arms)
    frame = made_up(12, steps=12, arms=arms)
    frame.scalars["validation_accuracy"] = np.array([[0.5, 0.6], [np.nan, np.nan], [0.7, 0.7], [0.1, 0.3]], np.float32)
    frame.stopped[1] = True
    log.append(run.id, frame)
    log.set_state(run.id, "finished")
    told = [(t.state, t.diverged) for t in searches.trials(log, study)]
    assert told == [("done", False), ("failed", True), ("done", False), ("done", False)]


def test_the_search_finds_the_only_knob_that_decides(log: RunLog) -> None:
    """A toy method that says nothing: only the rate at which labels are learnt decides, hardly their weight in Adam."""

    def silent(student: Any, teacher: Any, labels: Any) -> dict[str, Any]:
        return {"silence": 0 * student.logits.sum(-1)}

    toy = Method("silent", silent, ("labels",), (), {}, (), 0.5, 0.5, None, None, "")
    methods.register(toy)
    try:
        experiment = small(steps=30, dataset="digits")
        search = Search(experiment=experiment, method="silent", space=(Dimension("hard_weight", 1e-6, 1, log=True),
                        Dimension("learning_rate", 1e-5, 0.03, log=True)), batch=8, students=96)  # fmt: skip
        trials = driven(log, begun(log, search))
    finally:
        del methods._methods["silent"]
    found = searches.best(trials, "search")
    assert found is not None and found.parameters["learning_rate"] > 0.001
    shares = searches.importance(search, trials)
    assert shares is not None and shares["learning_rate"] > 0.7


def test_a_killed_searcher_is_replaced_and_the_search_ends_as_it_would_have(log: RunLog, processes: Processes) -> None:
    study = begun(log, quick(students=32, experiment=small(steps=400)))
    processes.supervisor(log)
    wait_for(lambda: len(searches.runs_of(log, study.id)) >= 1, what="the first run")
    (searcher,) = [p for p in psutil.process_iter(["cmdline", "environ"]) if is_searcher(p, log)]
    searcher.send_signal(signal.SIGKILL)
    wait_for(lambda: again(log, study).state == "finished", what="the end of the search")
    trials = searches.trials(log, again(log, study))
    assert len(trials) == 16 and {t.state for t in trials} == {"done"}
    for process in [p for p in psutil.process_iter(["cmdline", "environ"]) if is_searcher(p, log)]:
        process.kill()


def is_searcher(process: psutil.Process, log: RunLog) -> bool:
    """Whether that is the searcher of this test's log."""
    info = process.info
    environment, line = info["environ"] or {}, info["cmdline"] or []
    return "kdcore.runs.searcher" in line and environment.get("DKLAB_HOME") == str(log.folder)
