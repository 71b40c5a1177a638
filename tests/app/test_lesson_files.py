"""Lesson files: what is wrong in one is a sentence with its place; the ones that ship are whole."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from app import glossary, lessons, visible
from app.lessons import BadLesson, Question
from kdcore.claims import Measured

GOOD = """
title = "A lesson"
minutes = 5
idea = "One sentence."

[[steps]]
title = "First"
text = "Look."

[steps.experiment]
seeds = 5

[steps.question]
text = "How much?"
kind = "number"

[[steps.claims]]
text = "It is so."
arm = "hinton"
other = "hard"
bound = 4.0
"""


def written(folder: Path, content: str, name: str = "01_made.toml") -> Path:
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_text(content, encoding="utf-8")
    return file


def test_a_good_file_is_a_lesson_named_by_its_file(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    lesson = lessons.load("made", tmp_path)
    assert lesson.name == "made" and lesson.steps[0].claims[0].bound == 4.0
    assert list(lessons.load_all(tmp_path)) == ["made"] and not lessons.problems(tmp_path)


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    file = written(tmp_path, GOOD)
    assert lessons.load("made", tmp_path).title == "A lesson"
    before = file.stat().st_mtime_ns
    written(tmp_path, GOOD.replace("A lesson", "Another"))
    if file.stat().st_mtime_ns != before:
        assert lessons.load("made", tmp_path).title == "Another"


@pytest.mark.parametrize(
    ("change", "place", "why"),
    [
        (("title = ", "title == "), "", "cannot be read"),
        (("minutes = 5", "minutes = 500"), "minutes", "less than or equal to 90"),
        (('idea = "One sentence."', ""), "idea", "required"),
        (("bound = 4.0", 'formula = "1 + 1"'), "steps.0.claims.0.formula", "not permitted"),
        (("bound = 4.0", 'measure = "charm"'), "steps.0.claims.0", "there is no measure 'charm'"),
        (('arm = "hinton"', 'arm = "charm"'), "steps.0", "there is no arm 'charm'"),
        (('kind = "number"', 'kind = "number"\nclaim = 3'), "steps.0", "claims are numbered 0 to 0"),
        (('kind = "number"', 'kind = "choice"'), "steps.0.question", "two or more different options"),
        (('kind = "number"', 'options = ["a", "b"]'), "steps.0.question", "either by above or by highest"),
        (('kind = "number"', 'options = ["a", "b"]\nabove = [1, 2]'), "steps.0.question", "1 rising bounds"),
        (('kind = "number"', 'options = ["a", "b"]\nhighest = [0]'), "steps.0.question", "1 claims for 2 options"),
        (('kind = "number"', 'kind = "number"\nlow = 5\nhigh = 5'), "steps.0.question", "low must lie under high"),
        (("seeds = 5", 'seeds = 5\ndataset = "cats"'), "steps.0.experiment.dataset", "there is no data set 'cats'"),
        (('text = "Look."', 'text = "Look."\npace = "brisk"'), "steps.0", "there is no pace 'brisk'"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_with_its_place(
    tmp_path: Path, change: tuple[str, str], place: str, why: str
) -> None:
    assert change[0] in GOOD
    written(tmp_path, GOOD.replace(*change))
    written(tmp_path, GOOD, "02_good.toml")
    with pytest.raises(BadLesson, match=re.escape(why)) as refused:
        lessons.load("made", tmp_path)
    bad = refused.value
    assert (bad.file, bad.place) == ("01_made.toml", place) and str(bad).startswith("01_made.toml")
    assert "\n" not in bad.sentence
    assert list(lessons.load_all(tmp_path)) == ["good"], "the other lessons stay"
    assert [str(problem) for problem in lessons.problems(tmp_path)] == [str(bad)]


COMMAND = '\n[[steps.commands]]\nkind = "{kind}"\nknob = "temperature"\nvalue = 8.0\n{step}'


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (COMMAND.format(kind="set", step=""), "needs the step"),
        (COMMAND.format(kind="set", step="step = 600"), "before the last; got 600"),
        (COMMAND.format(kind="stop", step="step = 5"), "set, show or pause; got 'stop'"),
    ],
)
def test_a_planned_change_must_be_possible(tmp_path: Path, command: str, why: str) -> None:
    written(tmp_path, GOOD + command)
    with pytest.raises(BadLesson, match=re.escape(why)):
        lessons.load("made", tmp_path)


def test_a_file_that_is_no_text_is_a_bad_lesson(tmp_path: Path) -> None:
    (tmp_path / "01_made.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadLesson, match="cannot be read"):
        lessons.load("made", tmp_path)


@pytest.mark.parametrize("name", ["charm", "", "../../etc/passwd", "01_thirty_pictures", "x" * 500])
def test_an_unknown_name_is_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match="There is no lesson") as refused:
        lessons.load(name)
    assert not isinstance(refused.value, BadLesson) and len(str(refused.value)) < 400


def test_the_lessons_that_ship_show_parts_that_exist_and_change_arms_that_exist() -> None:
    assert len(lessons.load_all()) == 10 and not lessons.problems()
    for lesson in lessons.load_all().values():
        for step in lesson.steps:
            assert set(step.show) <= set(visible.PARTS) and "accuracy" in step.show and "transport" in step.show
            arms = {arm.name for arm in step.experiment.arms}
            assert {command.arm for command in step.commands} <= arms
            if step.question and step.question.kind == "number":
                assert step.question.unit == step.claims[step.question.claim].unit
            assert "!" not in step.text + step.after + lesson.idea


def measured(*values: float) -> list[Measured]:
    return [Measured(value, value, value, 8, True, "points", 600) for value in values]


@pytest.mark.parametrize(("value", "answer"), [(-7.0, "worse"), (-1.0, "level"), (0.9, "level"), (1.0, "better")])
def test_a_value_answers_a_choice_by_where_it_falls(value: float, answer: str) -> None:
    question = Question(text="?", options=("worse", "level", "better"), above=(-1.0, 1.0), claim=1)
    assert question.answered(measured(99.0, value)) == answer


def test_the_highest_claim_answers_a_choice_and_a_value_a_number() -> None:
    best = Question(text="?", options=("a", "b", "c"), highest=(2, 0, 1))
    assert best.answered(measured(1.0, 2.0, 3.0)) == "a" and best.asks == (2, 0, 1)
    number: Any = Question(text="?", kind="number", claim=1)
    assert number.answered(measured(1.0, 2.5)) == 2.5


def test_what_was_not_measured_answers_nothing() -> None:
    nothing = measured(float("nan"), 1.0)
    assert Question(text="?", kind="number").answered(nothing) is None
    assert Question(text="?", options=("a", "b"), highest=(1, 0)).answered(nothing) is None


def test_lessons_speak_of_knobs_and_measures_that_the_glossary_explains() -> None:
    for word in ("temperature", "alpha", "soft labels", "fidelity", "null student", "standard deviation", "spread"):
        assert glossary.find(word), word
