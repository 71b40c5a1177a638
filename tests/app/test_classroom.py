"""A class: who leads it, who follows where, and what the votes add up to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import ballot, classroom, session, viewers
from app.charts.votes import of_choices, of_numbers
from app.lessons import Question, load_all
from kdcore.experiment import Experiment
from kdcore.runs import RunLog
from kdcore.runs.classes import Vote
from tests.app.made import write_run
from tests.app.test_session import Tab

MAIN = str(Path(__file__).parents[2] / "app" / "main.py")
CHOICE = Question(text="Who wins?", options=("labels", "opinions", "nobody"), above=(0.0, 1.0))
NUMBER = Question(text="By how much?", kind="number", unit="points", low=-10, high=20)


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "FRESH", -1.0)
    classroom._present.clear()


def opened(browser: str = "", **address: str) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=30)
    for name, value in address.items():
        page.query_params[name] = value
    if browser:
        page.session_state["browser"] = browser
    return again(page)


def again(page: AppTest) -> AppTest:
    page.run()
    assert not page.exception
    return page


def buttons(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def said(page: AppTest) -> str:
    return " ".join(text.value for text in page.markdown)


def asked(log: RunLog, question: bool = True) -> tuple[str, int]:
    """A lesson and the number of a step of it that has a question, or has none."""
    for lesson in load_all().values():
        for number, step in enumerate(lesson.steps, start=1):
            if (step.question is not None) == question:
                return lesson.name, number
    raise AssertionError("no such lesson")


def test_the_lecturers_page_tells_the_class_what_it_shows(log: RunLog) -> None:
    run_id = write_run(log)
    code = log.open_class("lecturer")
    opened("lecturer", run=run_id)
    shown = log.class_of(code)
    assert shown is not None and (shown.lesson, shown.run, shown.revealed) == (None, run_id, True)
    opened("somebody", run=write_run(log))
    assert log.class_of(code) == shown, "nobody else leads it"


def test_a_page_writes_only_when_something_changed(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    log.open_class("lecturer")
    page = opened("lecturer", run=write_run(log))
    monkeypatch.setattr(log, "show_class", lambda *_, **__: pytest.fail("written again"))
    again(page)


def test_a_follower_sees_the_lecturers_run_and_moves_on_with_it(log: RunLog) -> None:
    first = write_run(log, Experiment(steps=77))
    second = write_run(log, Experiment(steps=88), state="running")
    code = log.open_class("lecturer")
    log.show_class(code, "lecturer", lesson=None, step=1, run=first, revealed=True)
    page = opened("phone", **{"class": code.lower()})
    assert page.session_state["run"] == first and page.number_input(key="steps").value == 77
    assert page.query_params == {"class": code.lower()}
    assert classroom.present(code) == 1
    log.show_class(code, "lecturer", lesson=None, step=1, run=second, revealed=True)
    again(page)
    assert page.session_state["run"] == second and page.number_input(key="steps").value == 88
    assert len(log.runs()) == 2, "following starts no training"


def test_a_follower_goes_on_alone_and_comes_back(log: RunLog) -> None:
    first, second = write_run(log), write_run(log)
    code = log.open_class("lecturer")
    log.show_class(code, "lecturer", lesson=None, step=1, run=first, revealed=True)
    page = opened("phone", **{"class": code})
    page.button[buttons(page).index("Go on alone")].click()
    again(page)
    log.show_class(code, "lecturer", lesson=None, step=1, run=second, revealed=True)
    again(page)
    assert page.session_state["run"] == first
    assert page.query_params == {"class": code, "alone": "1", "run": first}
    page.button[buttons(page).index(f"Follow class {code} again")].click()
    again(page)
    assert page.session_state["run"] == second and page.query_params == {"class": code}


def test_a_follower_takes_a_copy_and_so_goes_on_alone(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id, code = write_run(log, state="running"), log.open_class("lecturer")
    log.show_class(code, "lecturer", lesson=None, step=1, run=run_id, revealed=True)
    phone = Tab(log, "phone", **{"class": code})
    monkeypatch.setitem(vars(session), "st", phone.streamlit)
    monkeypatch.setitem(vars(classroom), "st", phone.streamlit)
    classroom.go_along("lab")
    phone.look()
    phone.act("stop")
    assert "only the browser that started this run" in phone.notes and log.commands(run_id) == []
    phone.act("copy")
    copy = log.run(phone.state["run"])
    assert copy is not None and copy.parent == run_id and copy.owner == "phone"
    assert phone.address == {"class": code, "alone": "1", "run": copy.id}
    phone.look()
    assert phone.state["run"] == copy.id


def test_an_unknown_or_closed_class_is_said(log: RunLog) -> None:
    assert "There is no class never (any more)" in said(opened("phone", **{"class": "never"}))
    assert "There is no such class (any more)" in said(opened("phone", **{"class": "![](//a.b/c)"}))
    code = log.open_class("lecturer")
    page = opened("phone", **{"class": code})
    assert f"You follow class {code}" in said(page)
    log.close_class(code, "lecturer")
    assert f"There is no class {code}" in said(again(page))


def test_the_lecturer_does_not_follow_their_own_link(log: RunLog) -> None:
    code = log.open_class("lecturer")
    page = opened("lecturer", **{"class": code})
    assert f"Class {code}" in buttons(page) and "Go on alone" not in buttons(page)


def test_a_follower_goes_to_the_page_where_the_lecturer_is(log: RunLog) -> None:
    lesson, step = asked(log)
    code = log.open_class("lecturer")
    log.show_class(code, "lecturer", lesson=lesson, step=step, run=None, revealed=False)
    page = opened("phone", **{"class": code})
    assert any(load_all()[lesson].title in text.value for text in page.markdown)
    log.show_class(code, "lecturer", lesson=None, step=1, run=write_run(log), revealed=True)
    again(page)
    assert page.selectbox(key="dataset")


def test_the_class_is_opened_and_closed_by_its_button(log: RunLog) -> None:
    page = opened("lecturer")
    page.button[buttons(page).index("Class")].click()
    again(page)
    page.button[buttons(page).index("Open a class")].click()
    again(page)
    led = log.class_led("lecturer")
    assert led is not None
    page.button[buttons(page).index(f"Class {led.code}")].click()
    again(page)
    assert any(led.code in code.value for code in page.code)
    page.button[buttons(page).index("Close the class")].click()
    again(page)
    assert log.class_led("lecturer") is None


def test_thirty_who_follow_read_the_class_once(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewers, "FRESH", 60.0)
    code, reads = log.open_class("lecturer"), iter(range(30))
    assert [viewers.read_once(("class", id(log), code), lambda: next(reads)) for _ in range(30)] == [0] * 30


def test_what_was_read_long_ago_is_forgotten() -> None:
    for number in range(500):
        viewers.read_once(("test", number), time.monotonic)
    assert len(viewers._read) <= viewers.KEPT + 1


def votes(*answers: str) -> list[Vote]:
    return [Vote(answer, None, 0.0) for answer in answers]


def test_each_vote_for_an_option_is_one_dot() -> None:
    said = ballot.counted(CHOICE, votes("opinions", "labels", "opinions", "<i>x</i>"), 12, None)
    dots = said["figure"]["data"][0]
    assert sorted(zip(dots["y"], dots["x"], strict=True)) == [(0, 1), (1, 1), (1, 2)]
    assert said["count"] == 3 and said["says"] == "3 votes of 12 who follow."
    assert said["describes"] == "3 votes of 12 who follow: 1 for labels, 2 for opinions, 0 for nobody."
    assert not said["figure"]["layout"]["shapes"]


def test_numbers_are_stacked_where_they_fall() -> None:
    said = ballot.counted(NUMBER, votes("5", "5.1", "-99", "1e9", "nonsense", "nan"), 0, None)
    dots = said["figure"]["data"][0]
    assert dots["x"] == [5.0, 5.0, -10.0, 20.0] and dots["y"] == [1, 2, 1, 1]
    assert said["describes"] == "4 votes: the middle one 5.05 points."
    assert len(of_numbers(0, 1, "", [0.5] * 30)["data"][0]["x"]) == 30


def test_what_the_run_measured_is_marked() -> None:
    chosen = ballot.counted(CHOICE, votes("labels"), 3, "opinions")
    assert chosen["figure"]["layout"]["shapes"][0]["y0"] < 1 < chosen["figure"]["layout"]["shapes"][0]["y1"]
    names = [note["text"] for note in chosen["figure"]["layout"]["annotations"]]
    assert names == ["labels", "1", "<b>opinions</b> (this run)", "0", "nobody", "0"]
    number = ballot.counted(NUMBER, votes("3"), 3, 31.25)
    assert number["figure"]["layout"]["shapes"][0]["x0"] == 31.25
    assert number["figure"]["layout"]["xaxis"]["range"][1] > 31.25, "a value beyond the scale is seen too"
    assert "31.2 points" in number["figure"]["layout"]["annotations"][0]["text"]


def test_an_option_is_never_markup() -> None:
    figure = of_choices(("<b>bold</b> & more", "b"), [])
    assert figure["layout"]["annotations"][0]["text"] == "&lt;b>bold&lt;/b> &amp; more"


def form(code: str, revealed: bool = False) -> None:
    """A page with nothing but a ballot."""
    import streamlit as st

    from app import classroom, store
    from app.lessons import Question

    st.session_state["browser"] = "phone"
    question = Question(text="By how much?", kind="number", unit="points", low=-10, high=20)
    place = classroom.Classroom(code, "luck", 1, None, revealed)
    classroom.ask(store.open_log(), place, "luck", 1, question)


def ballot_of(code: str, revealed: bool = False) -> AppTest:
    return again(AppTest.from_function(form, kwargs={"code": code, "revealed": revealed}))


def test_a_vote_is_cast_and_changed(log: RunLog) -> None:
    code = log.open_class("lecturer")
    log.show_class(code, "lecturer", lesson="luck", step=1, run=None, revealed=False)
    page = ballot_of(code)
    page.button[0].click()
    assert again(page).warning[0].value == "Choose an answer first."
    for answer in (3.0, 7.5):
        page.number_input[0].set_value(answer)
        page.button[0].click()
        assert again(page).success[0].value.startswith(f"Your vote: **{answer} points**.")
        assert [vote.answer for vote in log.votes(code, "luck", 1)] == [str(answer)]
    page = ballot_of(code, revealed=True)
    assert page.success[0].value == "Your vote: **7.5 points**." and not page.button


def test_a_vote_after_the_reveal_is_not_counted(log: RunLog) -> None:
    code = log.open_class("lecturer")
    log.show_class(code, "lecturer", lesson="luck", step=1, run=None, revealed=False)
    page: Any = ballot_of(code)
    log.show_class(code, "lecturer", lesson="luck", step=1, run=write_run(log), revealed=True)
    page.number_input[0].set_value(3.0)
    page.button[0].click()
    assert again(page).warning[0].value.startswith("This vote could not be counted")
    assert log.votes(code, "luck", 1) == []
