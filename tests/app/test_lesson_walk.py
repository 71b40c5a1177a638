"""Hands on the board of a lesson: Train trains the experiment of the step, with what it plans; looking does not."""

from __future__ import annotations

from typing import Any

import pytest

from app import classroom, lesson_walk, session
from app.lesson_walk import Place
from app.lessons import Lesson, load_all
from app.watch import watch
from kdcore.experiment import Command, Experiment
from kdcore.runs import RunLog
from tests.app.made import make_frame, make_stage
from tests.app.test_session import Tab, put


@pytest.fixture
def lesson() -> Lesson:
    """A lesson whose first step raises T by itself, and whose second has the same experiment."""
    found = next(iter(load_all().values()))
    plan = (Command(kind="set", knob="temperature", value=8.0, step=20),)
    first = found.steps[0].model_copy(update={"experiment": Experiment(steps=50, seeds=2), "commands": plan})
    return found.model_copy(update={"steps": (first, first.model_copy(update={"title": "Again"}), found.steps[0])})


class Walker(Tab):
    """A tab that stands in a lesson."""

    def __init__(self, log: RunLog, lesson: Lesson, monkeypatch: pytest.MonkeyPatch, browser: str = "me") -> None:
        super().__init__(log, browser)
        self.lesson = lesson
        for module in (lesson_walk, session, classroom):
            monkeypatch.setattr(module, "st", self.streamlit)

    def stand(self, number: int, run: str | None = None) -> Place:
        put(self.streamlit)
        place = Place(self.lesson, number)
        self.address.from_dict({"lesson": self.lesson.name, "step": str(number)} | ({"run": run} if run else {}))
        lesson_walk.arrive(self.log, place)
        return place

    def again(self, number: int) -> None:
        """The page is run once more where it stands."""
        lesson_walk.arrive(self.log, Place(self.lesson, number))

    @property
    def run(self) -> Any:
        """The run that is shown."""
        return self.log.run(self.state["run"]) if self.state["run"] else None


@pytest.fixture
def walker(log: RunLog, lesson: Lesson, monkeypatch: pytest.MonkeyPatch) -> Walker:
    return Walker(log, lesson, monkeypatch)


def finish(log: RunLog, run_id: str) -> None:
    """What a worker would do with a run."""
    run = log.run(run_id)
    assert run is not None
    log.claim(run_id, "worker", {})
    log.set_stage(run_id, make_stage(run.experiment))
    log.append(run_id, make_frame(run.experiment, run.experiment.steps or 600))
    log.set_state(run_id, "finished")


def test_looking_starts_nothing(walker: Walker, log: RunLog) -> None:
    for number in (1, 2, 3, 1):
        walker.stand(number)
    assert log.runs() == [] and walker.run is None


def test_train_trains_the_experiment_of_the_step_with_its_plan(walker: Walker, log: RunLog, lesson: Lesson) -> None:
    walker.stand(1)
    walker.act("train")
    assert walker.run.experiment == lesson.steps[0].experiment and walker.run.owner == "me"
    assert log.planned(walker.run.id) == list(lesson.steps[0].commands)
    assert walker.run.pace == lesson.steps[0].pace
    assert walker.address["run"] == walker.run.id and walker.address["lesson"] == lesson.name


def test_the_next_run_begins_as_the_step_says_whatever_the_last_one_came_to(walker: Walker, log: RunLog) -> None:
    walker.stand(1)
    walker.act("train")
    finish(log, walker.run.id)
    log.command(walker.run.id, Command(kind="set", knob="temperature", value=20.0), client="x", counter=1)
    walker.again(1)
    walker.state["temperature"] = 20.0
    walker.act("train")
    assert walker.run.experiment.arms[0].knobs["temperature"] == 4.0 and walker.state["temperature"] == 4.0


def test_a_knob_that_is_moved_beforehand_is_trained_with(walker: Walker) -> None:
    walker.stand(1)
    walker.act("set", knob="temperature", value=2.0)
    walker.act("train")
    assert walker.run.experiment.arms[0].knobs["temperature"] == 2.0
    assert len(walker.log.planned(walker.run.id)) == 1


def test_other_seeds_of_the_same_experiment(walker: Walker) -> None:
    walker.stand(1)
    walker.act("new_seeds")
    assert walker.run.experiment.seed_list == (2, 3) and walker.run.experiment.steps == 50


def test_a_step_with_the_same_experiment_shows_the_run_that_is_there(walker: Walker, log: RunLog) -> None:
    walker.stand(1)
    walker.act("train")
    walker.again(1)
    run_id = walker.run.id
    finish(log, run_id)
    place = walker.stand(2)
    assert walker.run.id == run_id
    assert not lesson_walk.revealed(place, watch(log, run_id)), "its own question comes first"
    walker.stand(3)
    assert walker.run is None


def test_the_result_is_revealed_by_a_prediction_and_the_end_of_the_run(walker: Walker, log: RunLog) -> None:
    place = walker.stand(1)
    lesson_walk.predict(place, 3.0)
    walker.act("train")
    assert not lesson_walk.revealed(place, watch(log, walker.run.id))
    finish(log, walker.run.id)
    watched = watch(log, walker.run.id)
    assert watched is not None
    watched._read_at = -1e9
    assert lesson_walk.revealed(place, watch(log, walker.run.id))
    assert lesson_walk.predicted(place) == 3.0


def test_a_lecturer_who_reloads_has_revealed_what_was_revealed(walker: Walker, log: RunLog) -> None:
    place = walker.stand(1)
    walker.act(do="train")
    finish(log, walker.state["run"])
    shown = watch(log, walker.state["run"])
    assert not lesson_walk.revealed(place, shown)
    code = log.open_class("me")
    log.show_class(code, "me", lesson=place.lesson.name, step=1, run=walker.state["run"], revealed=True)
    assert classroom.leading(log) == code
    assert lesson_walk.revealed(place, shown) and not lesson_walk.revealed(Place(place.lesson, 3), shown)


def test_whoever_watches_takes_a_copy_with_its_plan(
    walker: Walker, log: RunLog, lesson: Lesson, monkeypatch: pytest.MonkeyPatch
) -> None:
    walker.stand(1)
    walker.act("train")
    original = walker.run.id
    other = Walker(log, lesson, monkeypatch, "other")
    other.stand(1, run=original)
    other.act("pause")
    assert "only the browser that started this run" in other.notes
    other.act("copy")
    assert other.run.parent == original and log.planned(other.run.id) == log.planned(original)


def test_back_on_the_lab_the_controls_are_heard_again(walker: Walker) -> None:
    walker.stand(1)
    walker.address.from_dict({"student": "mlp-16"})
    walker.look()
    walker.act("train")
    assert walker.run.experiment.student.widths == (16,) and walker.run.experiment.steps == 600
