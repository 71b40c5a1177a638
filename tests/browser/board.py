"""The Lab's page as a test sees it: what a person can press and read, and what the charts hold."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from playwright.sync_api import Locator, Page, expect

Value = TypeVar("Value")
FIRST_DRAWING = 60_000
PATIENCE = 20.0


class Board:
    """The board of a page, once it has drawn something."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.get_by_test_id("board")
        self.state = self.root.locator(".state")
        self.headline = self.root.get_by_role("heading", level=2)
        expect(self.root).to_have_attribute("data-step", re.compile(r"\d+"), timeout=FIRST_DRAWING)

    @property
    def step(self) -> int:
        """The newest step that is drawn."""
        return int(self.root.get_attribute("data-step") or -1)

    @property
    def made_at(self) -> float:
        """When the worker made the frame that is drawn (Unix time)."""
        return float(self.root.get_attribute("data-at") or 0)

    @property
    def run(self) -> str | None:
        """The run in the address."""
        found = re.search(r"[?&]run=([\w-]+)", self.page.url)
        return found[1] if found else None

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def train(self, pace: str = "watch") -> str:
        """Press Train; returns the new run once its first step is drawn."""
        before = self.run
        self.root.get_by_label("Pace").select_option(pace)
        self.button("Train").click()
        run = self.eventually(lambda: self.run if self.run != before else None, "a new run in the address")
        expect(self.state).to_have_text(re.compile("^(training|finished)"), timeout=30_000)
        return run

    def wait_for_step(self, least: int, within: float = PATIENCE) -> int:
        return self.eventually(lambda: self.step if self.step >= least else None, f"step {least}", within)

    def wait_until_finished(self, within: float = 40.0) -> None:
        expect(self.state).to_have_text("finished", timeout=within * 1000)

    def eventually(self, look: Callable[[], Value | None], what: str, within: float = PATIENCE) -> Value:
        """The first answer of `look` that is not None, False or empty; the page goes on meanwhile."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = look()
            if found not in (None, False, [], ""):
                return found
            self.page.wait_for_timeout(40)
        raise AssertionError(
            f"{what} did not come within {within:.0f} s; step {self.step}, {self.state.text_content()}"
        )

    def stays(self, look: Callable[[], Value], seconds: float) -> Value:
        """What `look` says now, after making sure that it says the same for so long."""
        first = look()
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert look() == first
            self.page.wait_for_timeout(40)
        return first

    def seeds(self) -> list[str]:
        return self.root.locator(".seed option").all_text_contents()

    def open_tables(self) -> None:
        """Turn every panel into its table of numbers."""
        closed = self.root.get_by_role("button", name="table", exact=True)
        while closed.count():
            closed.first.click()

    def chart(self, name: str) -> Locator:
        return self.root.locator(f'[data-chart="{name}"] .js-plotly-plot')

    def curve(self, meta: str) -> tuple[list[float], list[float]]:
        """Steps and percents of the accuracy curve of one part: distilled, control, teacher, chance."""
        x, y = self.chart("accuracy").evaluate(
            "(chart, meta) => { const line = chart._fullData.find(trace => trace.meta === meta);"
            " return [Array.from(line.x), Array.from(line.y)]; }",
            meta,
        )
        return [value - 1 for value in x], y

    def marked_steps(self) -> list[int]:
        """Steps at which the accuracy chart has a vertical line."""
        lines = self.chart("accuracy").evaluate("chart => (chart.layout.shapes ?? []).map(line => [line.x0, line.x1])")
        assert all(left == right for left, right in lines)
        return [round(left) - 1 for left, _ in lines]

    def points(self, name: str) -> Any:
        """Everything a chart draws, to be compared."""
        return self.chart(name).evaluate(
            "chart => JSON.stringify(chart.data.map(trace => [trace.x, trace.y, trace.z]))"
        )

    def sideways(self) -> int:
        """How many pixels the page scrolls sideways."""
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.page.evaluate(overflow))
