"""What a person does while a run goes on: change, pause, step, resume, stop; and what a replay makes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from kdcore.experiment import Command, Experiment, Network, Teacher
from kdcore.frame import Frame
from kdcore.runs import PACES, RunLog, live, weights
from kdcore.runs.outbox import Outbox
from kdcore.runs.worker import work
from kdcore.training import Training, prepare, replay

from .conftest import small, wait_for


class Person:
    """Someone at a browser who started a run."""

    def __init__(self, log: RunLog, experiment: Experiment, **settings: Any) -> None:
        self.log, self._counter = log, 0
        self.run_id = log.create(experiment, owner="me", **settings)

    def does(self, kind: Any, **rest: Any) -> None:
        self._counter += 1
        assert self.log.command(self.run_id, Command(kind, **rest), client="me", counter=self._counter)

    def sees(self, state: str) -> int:
        """Wait until the run is in that state and all commands have acted; the step it is at."""
        wait_for(lambda: self._run.state == state and not self.log.pending(self.run_id), what=state)
        return self.step

    def waits_for_step(self, step: int) -> None:
        wait_for(lambda: self.step >= step, what=f"step {step}")

    @property
    def step(self) -> int:
        mark = self.log.newest_mark(self.run_id)
        return -1 if mark is None else mark[0]

    @property
    def _run(self) -> Any:
        return self.log.run(self.run_id)

    @contextmanager
    def at_work(self, suspend_after: float = 60.0) -> Iterator[threading.Thread]:
        """A worker on this run."""
        thread = threading.Thread(target=work, args=(self.log, self.run_id, suspend_after))
        thread.start()
        try:
            yield thread
            thread.join(60)
            assert not thread.is_alive()
        finally:
            if thread.is_alive():
                self.does("stop")
                thread.join(60)


def assert_replay_is_equal(log: RunLog, run_id: str, steps: int) -> None:
    """Experiment and commands in the log give the stored weights, to the last bit."""
    stored = weights.load(log.folder, run_id)
    run = log.run(run_id)
    assert stored is not None and run is not None and stored[0] == steps
    again = Training(run.experiment, commands=replay(log.commands(run_id, applied_only=True)))
    last = list(again)[-1]
    assert set(again.state()) == set(stored[1])
    for name, tensor in again.state().items():
        assert torch.equal(tensor, stored[1][name].view_as(tensor)), name
    newest = log.newest(run_id)
    assert newest is not None
    assert all((last.scalars[name] == newest.scalars[name]).all() for name in ("accuracy", "hard_loss", "agreement"))


def test_a_run_with_changes_pause_and_steps_replays_to_the_last_bit(log: RunLog) -> None:
    person = Person(log, small(steps=120), pace="quick")
    with person.at_work():
        person.waits_for_step(5)
        person.does("set", knob="temperature", value=8.0)
        person.waits_for_step(15)
        person.does("pause")
        paused = person.sees("paused")
        person.does("set", knob="alpha", value=0.5)
        for more in (1, 2, 3):
            person.does("step")
            wait_for(lambda more=more: person.step == paused + more)  # type: ignore[misc]
        person.sees("paused")
        person.does("set", knob="learning_rate", value=0.01)
        person.does("resume")
        person.does("pace", value="full")
        person.sees("finished")
    applied = log.commands(person.run_id, applied_only=True)
    assert len(applied) == 9 and [c.step for c in applied if c.kind == "step"] == [paused, paused + 1, paused + 2]
    assert applied[0].step is not None and 5 <= applied[0].step <= paused
    assert log.run(person.run_id).pace == "full"  # type: ignore[union-attr]
    assert_replay_is_equal(log, person.run_id, 120)


def test_a_run_pauses_at_the_step_that_was_asked_for_and_shows_exactly_that_one(log: RunLog) -> None:
    person = Person(log, small(steps=200), pace="full", stop_at=37)
    with person.at_work():
        assert person.sees("paused") == 37
        assert log.keyframe_steps(person.run_id)[-1] == 37 and log.history(person.run_id)[-1].step == 37
        assert log.run(person.run_id).stop_at is None  # type: ignore[union-attr]
        person.does("stop_at", value=90)
        person.does("resume")
        wait_for(lambda: person.step == 90)
        assert person.sees("paused") == 90
        person.does("stop_at", value=20)
        person.does("resume")
        assert person.sees("finished") == 200
    assert_replay_is_equal(log, person.run_id, 200)


def test_a_pause_shows_the_very_step_and_nothing_moves_until_the_next_word(log: RunLog) -> None:
    person = Person(log, small(steps=100_000), pace="full")
    with person.at_work():
        person.waits_for_step(1)
        person.does("pause")
        step = person.sees("paused")
        assert log.commands(person.run_id)[-1].step == step
        time.sleep(0.3)
        assert person.step == step
        person.does("stop")
        person.sees("stopped")
    run = log.run(person.run_id)
    assert run is not None and run.step == step and run.summary["step"] == step
    assert weights.load(log.folder, person.run_id)[0] == step  # type: ignore[index]


def test_a_change_during_a_pause_is_seen_at_once(log: RunLog) -> None:
    person = Person(log, small(steps=50, seeds=3), stop_at=0)
    with person.at_work():
        assert person.sees("paused") == 0
        person.does("set", knob="temperature", value=2.5)
        wait_for(lambda: log.newest(person.run_id).knobs["temperature"][0] == 2.5)  # type: ignore[union-attr]
        person.does("show", value=2)
        wait_for(lambda: log.newest(person.run_id).shown.seed == 2)  # type: ignore[union-attr]
        assert person.step == 0
        person.does("stop")


def test_a_command_that_cannot_act_is_refused_and_the_run_goes_on(log: RunLog) -> None:
    person = Person(log, small(steps=60), pace="full", stop_at=10)
    with person.at_work():
        person.sees("paused")
        person.does("set", knob="temperature", value=1e9)
        person.does("set", knob="charm", value=1.0)
        wait_for(lambda: "charm" in log.run(person.run_id).reason)  # type: ignore[union-attr]
        person.does("resume")
        assert person.sees("finished") == 60
    assert [command.kind for command in log.commands(person.run_id, applied_only=True)] == ["resume"]
    assert_replay_is_equal(log, person.run_id, 60)


def plan(*steps_and_values: tuple[int, float]) -> list[Command]:
    return [Command("set", knob="temperature", value=value, step=step) for step, value in steps_and_values]


@pytest.mark.parametrize("pace", ["full", "quick"])
def test_a_planned_change_acts_at_its_step_and_the_step_before_it_is_seen(log: RunLog, pace: str) -> None:
    person = Person(log, small(steps=90), pace=pace, commands=plan((40, 8.0), (70, 2.0)))
    assert log.commands(person.run_id) == [], "what has not happened yet is no change"
    with person.at_work():
        person.waits_for_step(1)
        person.does("set", knob="alpha", value=0.5)
        person.does("pace", value="full")
        wait_for(lambda: log.run(person.run_id).state == "finished")  # type: ignore[union-attr]
    assert [(c.knob, c.value, c.step) for c in log.commands(person.run_id) if c.knob == "temperature"] == [
        ("temperature", 8.0, 40),
        ("temperature", 2.0, 70),
    ]
    warm = {frame.step: frame.knobs["temperature"][0] for frame in log.history(person.run_id)}
    assert warm[40] == 4.0 and warm[70] == 8.0 and warm[90] == 2.0
    assert log.planned(person.run_id) == plan((40, 8.0), (70, 2.0))
    assert_replay_is_equal(log, person.run_id, 90)


def test_a_planned_change_waits_through_a_long_pause_and_does_not_wake_the_run(log: RunLog) -> None:
    person = Person(log, small(steps=80), pace="full", stop_at=30, commands=plan((50, 9.0)))
    with person.at_work(suspend_after=0.2) as worker:
        wait_for(lambda: log.run(person.run_id).state == "paused")  # type: ignore[union-attr]
        worker.join(30)
    assert log.wake() == 0
    person.does("resume")
    assert log.wake() == 1
    with person.at_work():
        assert person.sees("finished") == 80
    assert [c.step for c in log.commands(person.run_id) if c.kind == "set"] == [50]
    assert_replay_is_equal(log, person.run_id, 80)


def test_a_run_that_is_stopped_before_never_makes_its_planned_change(log: RunLog) -> None:
    person = Person(log, small(steps=100_000), pace="full", commands=plan((99_999, 8.0)))
    with person.at_work():
        person.waits_for_step(1)
        person.does("stop")
    waiting = Person(log, small(), commands=plan((5, 8.0)))
    waiting.does("stop")
    for run_id in (person.run_id, waiting.run_id):
        assert log.run(run_id).state == "stopped"  # type: ignore[union-attr]
        assert [c.kind for c in log.commands(run_id)] == ["stop"]


def test_a_planned_change_that_cannot_act_is_refused_and_one_without_a_step_is_not_taken(log: RunLog) -> None:
    person = Person(log, small(steps=20), pace="full", commands=plan((10, 1e9)))
    with person.at_work():
        assert person.sees("finished") == 20
    assert log.commands(person.run_id) == []
    with pytest.raises(ValueError, match="needs the step"):
        log.create(small(), owner="me", commands=[Command("set", knob="temperature", value=8.0)])


def test_a_run_paused_for_long_is_written_out_and_goes_on_as_if_nothing_had_been(log: RunLog) -> None:
    person = Person(log, small(steps=80), pace="full", stop_at=30)
    with person.at_work(suspend_after=0.2) as worker:
        person.sees("paused")
        person.does("set", knob="temperature", value=9.0)
        person.sees("paused")
        worker.join(30)
        assert not worker.is_alive()
    run = log.run(person.run_id)
    assert run is not None and (run.state, run.worker, run.step) == ("paused", None, 30)
    assert log.wake() == 0 and log.active() == []
    person.does("resume")
    assert log.wake() == 1 and [waiting.id for waiting in log.queued()] == [person.run_id]
    with person.at_work():
        assert person.sees("finished") == 80
    assert log.newest(person.run_id).knobs["temperature"][0] == 9.0  # type: ignore[union-attr]
    assert_replay_is_equal(log, person.run_id, 80)


@pytest.mark.parametrize("pace", ["quick", "full"])
def test_pace_is_time_and_nothing_else(log: RunLog, pace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PACES, "quick", 2.0)
    prepare(small())
    person = Person(log, small(steps=40), pace=pace)
    began = time.monotonic()
    with person.at_work():
        person.sees("finished")
    seconds = time.monotonic() - began
    assert 1.8 < seconds < 5 if pace == "quick" else seconds < 4
    assert_replay_is_equal(log, person.run_id, 40)
    if pace == "quick":
        assert len(log.history(person.run_id)) >= 8


def test_a_teacher_that_is_not_there_yet_is_trained_first_as_a_run_to_watch(log: RunLog) -> None:
    person = Person(log, small(steps=20), pace="full", group="together")
    with person.at_work():
        person.sees("finished")
    run = log.run(person.run_id)
    assert run is not None and run.teacher_run is not None
    teacher = log.run(run.teacher_run)
    assert teacher is not None and (teacher.state, teacher.parent, teacher.group) == ("finished", run.id, "together")
    assert [arm.method for arm in teacher.experiment.arms] == ["hard"] and teacher.step == 30
    assert log.stage(teacher.id) is not None and len(log.history(teacher.id)) >= 2
    assert set(run.versions) >= {"torch", "kdcore"} and run.summary["accuracy"].keys() == {"hinton", "hard"}
    again = Person(log, small(steps=20, seeds=1), pace="full")
    with again.at_work():
        again.sees("finished")
    assert log.run(again.run_id).teacher_run is None  # type: ignore[union-attr]


def test_a_run_can_be_stopped_while_its_teacher_is_trained(log: RunLog) -> None:
    teacher = Teacher(network=Network("mlp", widths=(17,)), steps=100_000)
    person = Person(log, small(teacher=teacher))
    with person.at_work():
        teacher_run = wait_for(lambda: log.run(person.run_id).teacher_run or "")  # type: ignore[union-attr]
        wait_for(lambda: log.newest_mark(teacher_run), what="the teacher's picture")
        assert log.run(person.run_id).state == "teacher"  # type: ignore[union-attr]
        person.does("stop")
        person.sees("stopped")
    assert log.run(teacher_run).state == "stopped"  # type: ignore[union-attr]


def test_a_paused_run_whose_weights_are_gone_says_so(log: RunLog) -> None:
    person = Person(log, small(steps=80), pace="full", stop_at=3)
    with person.at_work(suspend_after=0.1):
        person.sees("paused")
    weights.delete(log.folder, person.run_id)
    person.does("resume")
    log.wake()
    work(log, person.run_id)
    run = log.run(person.run_id)
    assert run is not None and run.state == "failed" and "weights" in run.reason


def test_a_run_that_breaks_says_why_and_keeps_its_frames(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Training) -> Iterator[Frame]:
        yield self.observer.frame(0)
        raise ArithmeticError("the numbers went to sea")

    run_id = log.create(small(), owner="me")
    prepare(small())
    monkeypatch.setattr(Training, "__iter__", broken)
    with pytest.raises(SystemExit):
        work(log, run_id)
    run = log.run(run_id)
    assert run is not None
    assert (run.state, run.reason) == ("failed", "ArithmeticError: the numbers went to sea")
    assert [frame.step for frame in log.history(run_id)] == [0]


def test_missing_data_say_how_to_get_them(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    from kdcore import datasets

    def missing(*_rest: object) -> None:
        raise datasets.Missing("install the package dataset-fashion-mnist")

    monkeypatch.setattr("kdcore.runs.worker.teach", missing)
    run_id = log.create(small(), owner="me")
    work(log, run_id)
    run = log.run(run_id)
    assert run is not None
    assert (run.state, run.reason) == ("failed", "install the package dataset-fashion-mnist")


@pytest.mark.parametrize(("cost", "low", "high"), [(0.01, 70, 130), (0.1, 20, 26), (0.3, 11, 12)])
def test_frames_cost_a_tenth_of_the_time_or_up_to_a_third_for_two_a_second(
    log: RunLog, monkeypatch: pytest.MonkeyPatch, cost: float, low: int, high: int
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(live, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=time.sleep))
    run = log.run(log.create(small(steps=10_000), owner="me", pace="full"))
    assert run is not None
    source = live.LiveSource(log, Outbox(), run, 10_000, None)  # type: ignore[arg-type]
    frames = 0
    for step in range(10_000):
        source.commands(step)
        clock[0] += 0.02
        if source.frame_due(step + 1):
            frames, clock[0] = frames + 1, clock[0] + cost
        if clock[0] >= 1010:
            break
    assert low <= frames <= high, f"{frames} in ten seconds"
