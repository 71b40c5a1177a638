"""What is shown and what is hidden: links that name parts, that name nonsense, that would hide everything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import visible
from app.lessons import load_all
from app.visible import BOARD, PARTS, WIDGETS
from kdcore.runs import RunLog
from tests.app.page import opened


def test_without_a_word_everything_is_shown() -> None:
    assert visible.chosen(None) == (frozenset(PARTS), [])
    assert visible.hidden(PARTS) == [] and visible.text(frozenset(PARTS)) == ""


def test_a_link_shows_only_what_it_names() -> None:
    shown, sentences = visible.chosen("accuracy, Temperature")
    assert shown == {"accuracy", "temperature"} and not sentences
    assert visible.hidden(shown) == [name for name in BOARD if name not in shown]


def test_what_is_unknown_is_said() -> None:
    shown, sentences = visible.chosen("accuracy,curves")
    assert shown == {"accuracy"} and "'curves'" in sentences[0]


@pytest.mark.parametrize("text", ["", ",,", "nothing", "<b>"])
def test_a_link_that_hides_everything_shows_everything_and_says_so(text: str) -> None:
    shown, sentences = visible.chosen(text)
    assert shown == frozenset(PARTS) and "nothing to see" in sentences[-1]


@given(st.sets(st.sampled_from(sorted(PARTS)), min_size=1))
def test_the_text_of_a_link_leads_back_to_its_parts(parts: set[str]) -> None:
    assert visible.chosen(visible.text(frozenset(parts)) or None) == (frozenset(parts), [])


@given(st.text(max_size=60))
def test_any_text_shows_something(text: str) -> None:
    assert visible.chosen(text)[0]


def test_lessons_show_parts_that_there_are() -> None:
    for lesson in load_all().values():
        for step in lesson.steps:
            assert set(step.show) <= set(PARTS), f"{lesson.name}: {step.title}"


def test_hidden_controls_are_not_drawn_and_keep_their_value(log: RunLog) -> None:
    page = opened(show="accuracy,dataset", dataset="spirals", student="mlp-16")
    assert [box.label for box in page.selectbox] == ["data"]
    assert page.session_state["student"] == "mlp-16"
    assert set(page.session_state["seen"]["hidden"]) == set(BOARD) - {"accuracy"}
    page.run()
    assert page.session_state["student"] == "mlp-16" and "accuracy,dataset" in page.query_params["show"]


def test_a_control_that_is_hidden_later_keeps_its_value(log: RunLog) -> None:
    page = opened()
    page.selectbox(key="student").select("mlp-16").run()
    page.query_params["show"] = "accuracy"
    page.run()
    page.run()
    assert not page.selectbox and page.session_state["student"] == "mlp-16"


def test_nonsense_in_a_link_is_said_on_the_board(log: RunLog) -> None:
    seen = opened(show="everything").session_state["seen"]
    assert seen["hidden"] == [] and any("nothing to see" in note for note in seen["notes"])


def test_presenting_is_a_part_of_the_address_and_changes_nothing_else(log: RunLog) -> None:
    page = opened(present="1", student="mlp-16")
    assert page.session_state["seen"]["present"] and page.session_state["student"] == "mlp-16"
    next(button for button in page.button if button.label == "End presenting").click().run()
    assert not page.session_state["seen"]["present"] and "present" not in page.query_params
    assert page.session_state["student"] == "mlp-16"


def test_the_widgets_of_the_first_row_are_parts() -> None:
    assert list(WIDGETS) == ["dataset", "teacher", "student", "method"]
