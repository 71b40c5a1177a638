"""The race on the page Methods: a small one is run, its leaderboard moves, ties are seen, a line opens Compare."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
FIRST_DRAWING = 60_000
PATIENCE = 90_000


class Race:
    """The race of a page, once its leaderboard is drawn."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.get_by_test_id("race")
        self.rows = self.root.locator("tbody tr")
        expect(self.rows.first).to_be_visible(timeout=FIRST_DRAWING)

    def row(self, name: str) -> Locator:
        return self.root.locator(f"tr[data-lane={name}]")

    def box(self, name: str) -> Locator:
        return self.root.locator(f"input[data-method={name}]")

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)


@pytest.fixture
def race(visitor: Visitor) -> Race:
    return Race(visitor("/methods?tab=Race"))


def test_recorded_race_is_there_without_a_click(race: Race) -> None:
    page, root = race.page, race.root
    expect(root).to_have_attribute("data-state", "recorded")
    expect(root.locator(".detail")).to_contain_text("Recorded")
    expect(race.rows).to_have_count(12)
    expect(root.locator("h2")).to_have_text(re.compile("cannot be told apart: no single winner|wins: "))
    for part in ("h2", ".transport", ".area-entries", "tbody tr:last-child"):
        expect(root.locator(part).first).to_be_in_viewport(ratio=0.9)
    tied = root.locator("tr[data-tied=true]")
    ranks = tied.locator("td.rank").all_inner_texts()
    assert all(rank.startswith("1") for rank in ranks)
    expect(race.row("shuffled")).to_have_attribute("data-tied", "false")
    expect(race.row("hard").locator(".picked")).to_have_text(re.compile("one trial"))
    dots = [race.rows.nth(number).locator(".dot").bounding_box() for number in range(12)]
    places = [dot["x"] for dot in dots if dot]
    assert places == sorted(places, reverse=True) and places[0] - places[-1] > 50, "one axis for all lines"
    root.get_by_text("How to read this").click()
    expect(root.locator(".reading")).to_contain_text("Every method tries equally many values")
    expect(page.get_by_text("not measured here", exact=True)).to_be_visible()
    assert serious(page) == []
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


def test_choice_is_in_the_address_and_hands_need_no_mouse(race: Race) -> None:
    page = race.page
    expect(race.box("hinton")).to_be_disabled()
    expect(race.box("attention")).to_be_disabled()
    expect(race.root.locator(".whys")).to_contain_text("maps")
    race.box("dkd").focus()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile("enter="))
    expect(race.root.locator(".whisper")).to_contain_text("Decoupled distillation left out: 11 lines")
    race.button("none").click()
    expect(page).to_have_url(re.compile("enter=none"))
    expect(race.root.locator(".whisper")).to_contain_text("5 lines")
    race.button("usual").click()
    expect(page).not_to_have_url(re.compile("enter="))
    race.root.get_by_role("spinbutton", name="trials of each method").fill("3")
    page.keyboard.press("Tab")
    expect(page).to_have_url(re.compile("trials=3"))
    page.reload()
    again = Race(page)
    expect(again.root.get_by_role("spinbutton", name="trials of each method")).to_have_value("3")


def test_small_race_runs_live_and_a_line_opens_compare(visitor: Visitor) -> None:
    page = visitor("/methods?tab=Race&enter=dkd,ttm&tuned=false&seeds=5&steps=200&per_class=2")
    race = Race(page)
    expect(race.root.locator(".whisper")).to_contain_text("7 lines, 7 kinds of student, 35 students")
    race.root.evaluate(
        "root => { window.seen = new Set(); const look = () => window.seen.add([...root.querySelectorAll('tbody tr')]"
        ".map(row => row.dataset.lane + row.querySelector('.mean').textContent).join());"
        " new MutationObserver(look).observe(root, { subtree: true, childList: true, characterData: true,"
        " attributes: true }); }"
    )
    race.button("Race").click()
    expect(page).to_have_url(re.compile(r"race=\w+"))
    expect(race.button("Stop")).to_be_visible()
    expect(race.root).to_have_attribute("data-state", "finished", timeout=PATIENCE)
    expect(race.rows).to_have_count(7)
    assert page.evaluate("window.seen.size") >= 3, "the start, the way, the end"
    assert race.root.locator("tr[data-tied=true]").count() >= 1
    assert re.match(r"\d+ %|\d+\.\d %", race.row("dkd").locator(".number").nth(3).inner_text()), "agreement"
    assert serious(page) == []

    run = re.search(r"race=(\w+)", page.url)
    assert run
    race.row("dkd").get_by_role("button", name=re.compile("Compare")).click()
    expect(page).to_have_url(re.compile(f"/compare.*runs={run[1]}"), timeout=PATIENCE)
    expect(page.locator(".standings tbody tr")).to_have_count(7, timeout=PATIENCE)


def test_line_of_the_recording_is_trained_anew_for_the_lab(race: Race) -> None:
    race.row("dkd").get_by_role("button", name=re.compile("Lab")).click()
    expect(race.page).to_have_url(re.compile(r"run=\w+"), timeout=PATIENCE)
    expect(race.page.get_by_test_id("board")).to_be_visible(timeout=PATIENCE)


def test_small_screen_shows_the_leaderboard_without_scrolling_sideways(visitor: Visitor) -> None:
    page = visitor("/methods?tab=Race", viewport={"width": 390, "height": 800}, color_scheme="dark")
    race = Race(page)
    expect(race.row("hinton")).to_be_visible()
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0
    assert serious(page) == []
