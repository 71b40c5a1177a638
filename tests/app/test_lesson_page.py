"""A lesson on its page: it opens, asks first, and says what the run that is shown measured, whatever that is."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import hands, lesson_walk, verdicts
from app.class_plan import MINUTES, PLAN
from app.experiments import adjusted, values_of
from app.lessons import Lesson, Question, Step, load, load_all
from kdcore.claims import Claim, Measured
from kdcore.experiment import Arm, Experiment
from kdcore.runs import RunLog
from tests.app.made import write_run
from tests.app.page import MAIN

PAGE = "screens/lessons.py"
LESSONS = load_all()
STEPS = [(lesson.name, number) for lesson in LESSONS.values() for number in range(1, len(lesson.steps) + 1)]


def opened(browser: str = "me", **address: Any) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=30).run()
    page.session_state["browser"] = browser
    for name, value in address.items():
        page.query_params[name] = str(value)
    page.switch_page(PAGE).run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    return "\n".join([*(part.value for part in page.markdown), *(part.value for part in page.warning)])


def step_of(lesson: str, number: int) -> Step:
    return LESSONS[lesson].steps[number - 1]


def predict(page: AppTest, question: Question) -> None:
    if question.kind == "choice":
        page.radio[0].set_value(question.options[0])
    else:
        page.number_input[0].set_value(question.high)
    next(button for button in page.button if button.label == "Predict").click().run()
    assert not page.exception


def test_the_list_leads_to_every_lesson(log: RunLog) -> None:
    page = opened()
    assert all(lesson.idea in words(page) for lesson in LESSONS.values())
    first = next(iter(LESSONS))
    page.button(key=f"open-{first}").click().run()
    assert step_of(first, 1).title in words(page) and not page.exception


@pytest.mark.parametrize(("lesson", "number"), STEPS)
def test_every_step_opens_and_nothing_is_trained(log: RunLog, lesson: str, number: int) -> None:
    page, step = opened(lesson=lesson, step=number), step_of(lesson, number)
    assert step.title in words(page) and log.runs() == []
    seen = page.session_state["seen"]
    assert seen["state"] == "idle" and seen["figures"]["accuracy"]
    assert not step.show or set(seen["hidden"]).isdisjoint(step.show)
    assert "What this run says" not in words(page)


@pytest.mark.parametrize(("lesson", "number"), STEPS)
def test_every_step_asks_first_and_then_says_what_the_run_measured(log: RunLog, lesson: str, number: int) -> None:
    step = step_of(lesson, number)
    page = opened(lesson=lesson, step=number, run=write_run(log, step.experiment))
    if step.question:
        assert "What this run says" not in words(page), "not before a prediction"
        predict(page, step.question)
    said = words(page)
    assert step.after.strip()[:60] in said
    assert all(claim.text in said for claim in step.claims)


def test_what_disagrees_is_said_too(log: RunLog) -> None:
    step = step_of("thirty_pictures", 1)
    page = opened(lesson="thirty_pictures", step=1, run=write_run(log, step.experiment, gain=-0.2))
    next(button for button in page.button if button.label == "Reveal without a prediction").click().run()
    assert "Does not hold in this run." in words(page) and "This run measured" in words(page)


def test_a_run_of_another_experiment_says_nothing_to_the_claims(log: RunLog) -> None:
    other = Experiment(arms=(Arm("hinton", "another name"), Arm("hard")))
    page = opened(lesson="thirty_pictures", step=1, run=write_run(log, other))
    next(button for button in page.button if button.label == "Reveal without a prediction").click().run()
    assert "not the experiment of this step" in words(page)


def test_the_result_waits_for_the_end_of_the_run(log: RunLog) -> None:
    step = step_of("thirty_pictures", 1)
    run_id = write_run(log, step.experiment, state="running", steps=(0, 10, 100))
    page = opened(lesson="thirty_pictures", step=1, run=run_id)
    assert step.question is not None
    predict(page, step.question)
    assert "What this run says" not in words(page) and "You said" in words(page)


def test_a_step_that_was_trained_elsewhere_shows_its_pictures_and_no_result(log: RunLog) -> None:
    step = step_of("thirty_pictures", 1)
    write_run(log, step.experiment, owner="somebody")
    seen = opened(lesson="thirty_pictures", step=1).session_state["seen"]
    assert seen["stage_url"] and seen["run"] is None
    assert [opinion["role"] for opinion in seen["example"]["opinions"]] == ["teacher"]
    lines = {line["name"]: line["y"] for line in seen["figures"]["accuracy"]["data"]}
    assert set(lines) == {"teacher", "guessing", "opinions", "labels only"} and lines["opinions"] == [None]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ({"lesson": "nothing"}, "There is no lesson 'nothing'"),
        ({"lesson": "thirty_pictures", "step": "9"}, "there is no step '9'"),
        ({"lesson": "thirty_pictures", "step": "<b>"}, "there is no step"),
        ({"lesson": "../thirty_pictures"}, "There is no lesson"),
    ],
)
def test_a_place_that_is_not_there_is_a_sentence(log: RunLog, address: dict[str, str], sentence: str) -> None:
    page = opened(**address)
    assert sentence in words(page) and "Lessons" in words(page)


def test_a_lesson_that_cannot_be_read_is_a_sentence(
    log: RunLog, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "01_broken.toml").write_text("title = ", encoding="utf-8")
    with pytest.raises(lesson_walk.Astray, match="no lesson"):
        lesson_walk.find("broken", "1")
    monkeypatch.setattr(lesson_walk, "load", lambda name: load(name, tmp_path))
    with pytest.raises(lesson_walk.Astray, match="cannot be shown"):
        lesson_walk.find("broken", "1")


def test_next_and_back_walk_through_the_lesson_and_on_to_the_next(log: RunLog) -> None:
    page, names = opened(lesson="thirty_pictures", step=1), list(LESSONS)
    for title in [step.title for step in LESSONS["thirty_pictures"].steps[1:]]:
        next(button for button in page.button if button.label == "Next").click().run()
        assert title in words(page)
    next(button for button in page.button if button.label == "Next lesson").click().run()
    assert step_of(names[1], 1).title in words(page)
    page.query_params["step"] = "2"
    page.run()
    next(button for button in page.button if button.label == "Back").click().run()
    assert step_of(names[1], 1).title in words(page)


def test_a_step_shows_its_own_run_again_and_another_step_of_the_same_experiment_does_too(log: RunLog) -> None:
    step = step_of("thirty_pictures", 1)
    run_id = write_run(log, step.experiment)
    page = opened(lesson="thirty_pictures", step=1, run=run_id)
    next(button for button in page.button if button.label == "Next").click().run()
    assert page.session_state["run"] is None
    next(button for button in page.button if button.label == "Back").click().run()
    assert page.session_state["run"] == run_id


def test_a_knob_moved_before_training_acts_in_every_arm_that_has_it() -> None:
    given = Experiment(arms=(Arm("hinton", temperature=1.0), Arm("hard"), Arm("smoothed", temperature=1.0)))
    values = values_of(given) | {"temperature": 8.0}
    moved = adjusted(given, values, {"temperature"})
    assert isinstance(moved, Experiment)
    assert [arm.knobs.get("temperature") for arm in moved.arms] == [8.0, None, 8.0]
    assert adjusted(given, values, set()) == given


def test_new_seeds_are_other_seeds_of_the_same_experiment() -> None:
    given = Experiment(seeds=4, steps=77)
    moved = adjusted(given, values_of(given) | {"first_seed": 4}, set())
    assert moved == given.model_copy(update={"seeds": (4, 5, 6, 7)})


def test_students_that_differ_in_temperature_do_not_all_get_the_same() -> None:
    ladder = Experiment(arms=(Arm("hinton", "a", temperature=1.0), Arm("hinton", "b", temperature=8.0)))
    assert hands.is_a_ladder(ladder, "temperature") and not hands.is_a_ladder(ladder, "alpha")
    assert not hands.is_a_ladder(Experiment(), "temperature")


CLAIM = Claim(text="It helps.", arm="hinton", other="hard", bound=5.0)
SHARE = Claim(text="It is right.", arm="hinton", bound=50.0)


@pytest.mark.parametrize(
    ("claim", "found", "sentence"),
    [
        (CLAIM, Measured(9.94, 8.1, 11.7, 8, True, "points", 600), "+9.9 points (95 % interval 8.1 to 11.7; 8 seeds)"),
        (CLAIM, Measured(-0.4, -2.0, 1.2, 8, False, "points", 600), "−0.4 points (95 % interval −2.0 to 1.2; 8 seeds)"),
        (SHARE, Measured(81.8, 80.0, 83.0, 8, True, "points", 600), "81.8 % (95 % interval 80.0 to 83.0; 8 seeds)"),
        (
            CLAIM,
            Measured(3.0, float("nan"), float("nan"), 1, False, "points", 600),
            "+3.0 points (1 seed, so no interval)",
        ),
    ],
)
def test_numbers_have_unit_interval_and_n(claim: Claim, found: Measured, sentence: str) -> None:
    assert verdicts.spoken(claim, found) == sentence
    assert verdicts.verdict(claim, found).startswith("**Holds.**" if found.holds else "**Does not hold in this run.**")


def test_a_prediction_stands_beside_what_was_measured() -> None:
    number = Question(text="How much?", kind="number", unit="points", low=0, high=20)
    assert verdicts.compared(number, 8.0, 10.43) == (
        "You said **8 points**; this run measured **10.4 points**, 2.4 points apart."
    )
    choice = Question(text="Which?", options=("a", "b"), above=(1.0,))
    assert verdicts.compared(choice, "a", "a") == "You said **a**. So does this run."
    assert "This run says **b**" in verdicts.compared(choice, "a", "b")
    assert verdicts.compared(choice, None, "b") == "This run says: **b**."
    assert "cannot answer" in verdicts.compared(choice, "a", None)


def test_the_lecturers_plan_fills_ninety_minutes_with_six_lessons(log: RunLog) -> None:
    assert sum(part.minutes for part in PLAN) == MINUTES
    named = [part.lesson for part in PLAN if part.lesson]
    assert len(named) == 6 and set(named) <= set(LESSONS)
    for part in PLAN:
        lesson: Lesson | None = LESSONS.get(part.lesson or "")
        assert lesson is None or part.minutes >= lesson.minutes
    page = AppTest.from_file(MAIN, default_timeout=30).run().switch_page("screens/lecturer.py").run()
    assert not page.exception and "HOST=0.0.0.0" in words(page)
