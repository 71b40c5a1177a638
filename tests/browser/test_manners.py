"""What a page must not do: flicker, shut people out, talk to strangers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.board import Board
from tests.browser.server import Server

Visitor = Callable[..., Page]

# Counts what is taken out of the board while it lives: charts, their drawings, the board itself.
COUNT_REMOVALS = """
(board) => {
  const parts = ".plot, .js-plotly-plot, .plotly, .svg-container, .main-svg, canvas, .panel, [data-testid=board]";
  window.removed = [];
  const watcher = new MutationObserver((changes) => {
    for (const change of changes) {
      for (const node of change.removedNodes) {
        if (node.nodeType !== 1) continue;
        const gone = [node, ...node.querySelectorAll("*")].filter((element) => element.matches(parts));
        window.removed.push(...gone.map((element) => element.getAttribute("class") ?? element.tagName));
      }
    }
  });
  watcher.observe(document, { childList: true, subtree: true });
  window.charts = [...board.querySelectorAll(".js-plotly-plot")];
}
"""


def test_no_chart_is_remounted_while_live(visitor: Visitor) -> None:
    board = Board(visitor(reduced_motion="reduce"))
    board.train("slow")
    board.wait_for_step(5)
    board.page.wait_for_timeout(1000)
    board.root.evaluate(COUNT_REMOVALS)
    drawn = {board.step}

    def drawn_again() -> bool:
        drawn.add(board.step)
        return len(drawn) >= 20

    board.eventually(drawn_again, "twenty drawings")
    assert board.page.evaluate("window.removed") == []
    assert board.page.evaluate("window.charts.length > 3 && window.charts.every(chart => chart.isConnected)")


def test_zoom_and_legend_choices_survive_updates(visitor: Visitor) -> None:
    board = Board(visitor(reduced_motion="reduce"))
    board.train("slow")
    board.wait_for_step(10)
    chart = board.chart("accuracy")
    plot = chart.locator(".nsewdrag").bounding_box()
    assert plot is not None
    board.page.mouse.move(plot["x"] + plot["width"] * 0.6, plot["y"] + plot["height"] * 0.4)
    board.page.mouse.down()
    board.page.mouse.move(plot["x"] + plot["width"] * 0.9, plot["y"] + plot["height"] * 0.8, steps=5)
    board.page.mouse.up()
    axes = "chart => [...chart._fullLayout.xaxis.range, ...chart._fullLayout.yaxis.range]"
    zoomed = board.eventually(lambda: chart.evaluate(axes), "axes")
    assert zoomed[2] > 10 and zoomed[3] < 90
    chart.locator(".legendtoggle").nth(1).click()
    hidden = "chart => chart._fullData.filter(trace => trace.visible === 'legendonly').map(trace => trace.legendgroup)"
    board.eventually(lambda: chart.evaluate(hidden), "a curve that was switched off")
    before = board.step
    board.wait_for_step(before + 5)
    assert chart.evaluate(axes) == zoomed
    assert chart.evaluate(hidden)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visitor: Visitor, scheme: str) -> None:
    board = Board(visitor(color_scheme=scheme, reduced_motion="reduce"))
    board.wait_for_step(600)
    board.page.wait_for_timeout(500)
    assert serious(board.page) == []
    for name in ("Losses", "Difference"):
        board.root.get_by_role("tab", name=name).click()
    board.open_tables()
    assert serious(board.page) == []


def serious(page: Page) -> list[str]:
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def test_pause_is_among_the_first_things_that_take_focus(visitor: Visitor) -> None:
    board = Board(visitor())
    board.train("slow")
    board.wait_for_step(3)
    board.page.locator("body").focus()
    for _ in range(12):
        board.page.keyboard.press("Tab")
        if board.button("Pause").evaluate("button => button.matches(':focus')"):
            return
    raise AssertionError("twelve times Tab did not reach Pause")


def test_the_server_has_spoken_to_no_other_machine(visitor: Visitor, server: Server) -> None:
    """The pages' own requests are watched in every test; this is the server, its supervisor and its workers."""
    board = Board(visitor())
    board.train("full")
    board.wait_until_finished()
    assert server.asked_outside() == []
