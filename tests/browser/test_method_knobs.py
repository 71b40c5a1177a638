"""A person chooses a method: its paper's values come with it, its own knobs act, and what cannot be is mended."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.board import Board

Visitor = Callable[..., Page]


def choose(board: Board, words: str) -> None:
    """Choose the method that these typed words find."""
    board.page.get_by_role("combobox", name="method").click()
    board.page.keyboard.type(words)
    board.page.get_by_role("option", name=re.compile(words)).first.wait_for()
    board.page.keyboard.press("Enter")


def test_a_method_brings_its_papers_values_and_its_weight_stands_where_alpha_was(visitor: Visitor) -> None:
    board = Board(visitor())
    alpha, weight = (board.root.get_by_test_id(f"slider-{name}") for name in ("alpha", "weight"))
    expect(alpha).to_be_visible()
    expect(weight).to_be_hidden()
    choose(board, "nkd")
    expect(board.page).to_have_url(re.compile(r"\?method=nkd$"))
    expect(weight).to_be_visible()
    expect(alpha).to_be_hidden()
    expect(weight).to_have_attribute("aria-valuetext", "1")
    expect(board.root.get_by_test_id("slider-temperature")).to_have_attribute("aria-valuetext", "1")
    expect(board.root.locator(".whisper")).to_contain_text("Temperature 1 and weight 1")
    weight.press("ArrowRight")
    expect(board.page).to_have_url(re.compile(r"\?method=nkd&weight=3$"))


def test_a_knob_behind_more_acts_on_a_run_while_it_goes_on(visitor: Visitor) -> None:
    board = Board(visitor("/?method=nkd&gamma=2"))
    board.train("slow")
    board.wait_for_step(5)
    board.page.get_by_role("button", name="More").click()
    gamma = board.page.get_by_role("slider", name="gamma")
    expect(gamma).to_have_value("2")
    gamma.press("ArrowRight")
    expect(gamma).to_have_value("2.5")
    marked = board.eventually(board.marked_steps, "a vertical line where it acted")
    note = board.chart("accuracy").evaluate("chart => chart.layout.annotations[0].text")
    assert len(marked) == 1 and note.startswith("gamma 2 → 2.5")
    expect(board.state).to_have_text("training")


def test_networks_that_a_method_cannot_use_are_mended_by_one_click(visitor: Visitor) -> None:
    board = Board(visitor("/?method=attention"))
    expect(board.root.locator(".detail")).to_contain_text("This cannot be trained: attention needs maps")
    board.root.get_by_role("button", name="Use student CNN 4-8 and teacher CNN 8-16").click()
    expect(board.page).to_have_url(re.compile("student=cnn-4-8"))
    expect(board.root.locator(".detail")).not_to_contain_text("cannot be trained")
    assert board.train("full")
