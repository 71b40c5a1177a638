"""The page Tune: a plane fills while it learns, a cell is chosen by hand, and its students are met again in the Lab."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
FIRST_DRAWING = 60_000
PATIENCE = 40_000


class Map:
    """The plane of a page, once its map is drawn."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.get_by_test_id("plane")
        self.chart = self.root.locator("[data-chart=map] .js-plotly-plot")
        self.cell = self.root.locator(".area-cell > header h3")
        expect(self.chart.locator(".heatmaplayer image").first).to_be_attached(timeout=FIRST_DRAWING)

    def drawn(self, name: str = "map") -> Any:
        chart = self.root.locator(f"[data-chart={name}] .js-plotly-plot")
        return chart.evaluate("chart => ({ data: chart.data, layout: chart.layout })")

    def place(self, column: int, row: int) -> tuple[float, float]:
        """The middle of a cell on the page."""
        place: list[float] = self.chart.evaluate(
            "(chart, [column, row]) => { const box = chart.getBoundingClientRect(); const { xaxis, yaxis } ="
            " chart._fullLayout; return [box.x + xaxis._offset + xaxis.d2p(column), box.y + yaxis._offset +"
            " yaxis.d2p(row)]; }",
            [column, row],
        )
        return place[0], place[1]

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)


@pytest.fixture
def tuned(visitor: Visitor) -> Map:
    return Map(visitor("/tune"))


def test_recorded_plane_is_there_without_a_click_and_hands_can_read_it(tuned: Map) -> None:
    page, root = tuned.page, tuned.root
    heading = root.get_by_role("heading", level=2)
    expect(heading).to_have_text(re.compile(r"The best is a region: T \d+, alpha [\d.]+ has 9\d\.\d % on validation"))
    expect(root.locator(".detail")).to_contain_text("200 labelled examples were used to tune and 30 to learn. Recorded")
    for part in ("h2", ".transport", ".area-map", ".area-cell", ".area-slice-x", ".area-slice-y"):
        expect(root.locator(part).first).to_be_in_viewport(ratio=0.99)
    assert len(tuned.drawn()["layout"]["shapes"]) == 3, "the outline of the best cell, dark in light, on the ground"
    assert serious(page) == []
    assert any("told apart" in trace.get("name", "") for trace in tuned.drawn()["data"])

    page.mouse.move(*tuned.place(2, 9))
    expect(root.locator(".area-cell")).to_have_attribute("data-curve", "2,9")
    page.mouse.click(*tuned.place(2, 9))
    expect(tuned.cell).to_have_text("T 1, alpha 0.9")
    expect(page).to_have_url(re.compile(r"cell=2%2C9"))
    expect(root.locator(".cell-numbers")).to_contain_text("test accuracy")
    expect(root.locator(".verdict")).to_contain_text("more than chance makes")
    assert tuned.drawn("slice-x")["layout"]["shapes"][0]["x0"] == 2

    keys = root.get_by_role("application")
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"):
        keys.press(key)
    expect(tuned.cell).to_have_text("T 4, alpha 0.7")
    expect(root.locator("[aria-live=polite].unseen").first).to_contain_text("T 4, alpha 0.7, 9")

    root.get_by_label("Colour by").select_option("gradient_ratio")
    expect(root.locator(".area-map .caption")).to_contain_text("the best cell is still the one on validation")
    root.get_by_label("How the loss is written").select_option("no_t_squared")
    root.get_by_role("spinbutton", name="your alpha").fill("0.5")
    root.get_by_role("spinbutton", name="your T").fill("4")
    page.keyboard.press("Tab")
    expect(root.locator(".conventions .says")).to_have_text("Yours is alpha 0.0588, T 4 here.")
    expect(root.locator(".conventions label").first).to_be_visible()
    assert tuned.drawn()["layout"]["yaxis"]["title"]["text"] == "their alpha at T 4"

    tuned.button("table").first.click()
    head, *rows = root.locator(".area-map table").evaluate(
        "t => [...t.rows].map(r => [...r.cells].map(c => c.innerText))"
    )
    assert len(rows) == 12 and len(head) == 12 and rows[0][0] == "1"
    assert serious(page) == []
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(overflow) <= 0


def test_plane_fills_live_and_a_cell_is_the_same_in_the_lab(visitor: Visitor) -> None:
    page = visitor("/tune?steps=120&seeds=2&per_class=2")
    tuned = Map(page)
    expect(tuned.root.locator(".whisper")).to_contain_text("pictures a class: 3, now 2")
    tuned.chart.evaluate(
        "chart => { window.maps = new Set(); chart.on('plotly_afterplot', () =>"
        " window.maps.add(JSON.stringify(chart.data[0].z))); window.chart = chart; }"
    )
    tuned.button("Train plane").click()
    expect(page).to_have_url(re.compile(r"plane=\w+"))
    expect(tuned.root).to_have_attribute("data-state", "training", timeout=PATIENCE)
    expect(tuned.button("Stop")).to_be_visible()
    expect(tuned.root).to_have_attribute("data-state", "finished", timeout=PATIENCE)
    expect(tuned.root.locator("h2")).to_have_text(re.compile("on validation, and .*cannot be told apart|worse beyond"))
    assert page.evaluate("window.maps.size") >= 3, "empty, some frames, the last one"
    assert page.evaluate("window.chart.isConnected"), "redrawn in place"
    expect(tuned.root.locator(".whisper")).to_contain_text("Dashed: the region with 30 pictures")

    tuned.root.get_by_role("application").focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"run=\w+"), timeout=PATIENCE)
    says = page.locator(".st-key-cell-alone")
    expect(says).to_contain_text("every student's accuracies equal those on the plane", timeout=PATIENCE)
    says.get_by_role("link").click()
    expect(page).to_have_url(re.compile(r"/tune\?.*plane=\w+"))
    expect(page.get_by_test_id("plane").locator("h2")).to_contain_text("on validation")
