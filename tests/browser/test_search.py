"""A search on the page: started, seen to arrive, stopped, continued; a trial chosen and sent to the Lab."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

from tests.browser.board import FIRST_DRAWING, Board
from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
POINTS = "chart => chart._fullData.filter(t => t.mode === 'markers' && t.customdata).map(t => t.x.length)"


def fill(page: Page, label: str, value: str) -> None:
    field = page.get_by_label(label, exact=True)
    field.fill(value)
    field.press("Enter")


def set_up(page: Page) -> Locator:
    """A small search: two seeds, 60 steps, eight trials together, 320 students."""
    root = page.get_by_test_id("search")
    expect(root.get_by_role("button", name="Start search")).to_be_visible(timeout=FIRST_DRAWING)
    expect(root).to_contain_text("No search has been started yet")
    page.get_by_role("button", name="How").click()
    for label, value in {"trials trained together": "8", "steps": "60", "seeds": "2", "budget, students": "3"}.items():
        fill(page, label, value)
    expect(root).to_contain_text("one trial takes 4 students (2 x 2 seeds); got a budget below")
    expect(root.get_by_role("button", name="Start search")).to_be_disabled()
    fill(page, "budget, students", "320")
    page.keyboard.press("Escape")
    expect(root.get_by_role("button", name="Start search")).to_be_enabled()
    return root


def test_a_search_is_started_seen_stopped_continued_and_its_best_trained(visitor: Visitor) -> None:
    page = visitor("/tune?tab=Search")
    root = set_up(page)
    root.get_by_role("button", name="Start search").click()
    expect(page).to_have_url(re.compile("search="), timeout=20_000)
    expect(root).to_have_attribute("data-trials", re.compile(r"^(8|16|24)$"), timeout=40_000)
    expect(root.get_by_role("heading", level=2)).to_contain_text("random search", timeout=40_000)
    best = root.locator("[data-chart=best] .js-plotly-plot")
    assert sum(best.evaluate(POINTS)) >= 8

    root.get_by_role("button", name="Stop").click()
    expect(root).to_have_attribute("data-state", "stopped", timeout=20_000)
    go_on = root.get_by_role("button", name="Continue")
    expect(go_on).to_be_visible(timeout=20_000)
    before = int(root.get_attribute("data-trials") or 0)
    assert before < 160
    expect(root.locator(".counter")).not_to_have_text("320")
    assert serious(page) == []

    chosen = root.get_by_label("The chosen trial, the best first")
    other = chosen.locator("option").nth(1).get_attribute("value") or ""
    chosen.select_option(other)
    expect(root.get_by_role("heading", name=other, exact=True)).to_be_visible()
    stranger = visitor(page.url)
    theirs = stranger.get_by_test_id("search")
    expect(theirs.get_by_role("heading", level=2)).to_contain_text("random search", timeout=FIRST_DRAWING)
    expect(theirs.get_by_role("button", name="Continue")).to_be_hidden()
    stranger.context.close()

    go_on.click()
    expect(root).to_have_attribute("data-state", "running", timeout=20_000)
    expect(root).not_to_have_attribute("data-trials", str(before), timeout=30_000)
    root.get_by_role("button", name="With new seeds").click()
    board = Board(page)
    board.wait_for_step(60)
    assert board.run
