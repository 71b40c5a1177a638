"""The microscope's page as a test sees it."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

FIRST_DRAWING = 60_000


class Lens:
    """The microscope of a page, once something is under it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.get_by_test_id("microscope")
        self.headline = self.root.get_by_role("heading", level=2)
        self.temperature = self.root.get_by_test_id("slider-temperature")
        self.what = self.root.locator(".under-lens .what")
        expect(self.root).to_have_attribute("data-ready", "true", timeout=FIRST_DRAWING)
        expect(self.row("one").locator(".reading")).not_to_have_text("cannot be asked", timeout=FIRST_DRAWING)

    def row(self, place: str) -> Locator:
        """One of the three voices: heard (the target), one, two."""
        return self.root.locator(f'.voice-row[data-place="{place}"]')

    def counted(self, place: str) -> dict[str, str]:
        """The numbers beside a voice, by their names."""
        names = self.row(place).locator("dt").all_text_contents()
        return dict(zip(names, self.row(place).locator("dd").all_text_contents(), strict=True))

    def examples(self) -> Locator:
        return self.root.locator(".chooser .example")

    def button(self, name: str) -> Locator:
        return self.root.get_by_role("button", name=name, exact=True)

    def panel(self, area: str) -> Locator:
        return self.root.locator(f".panel.area-{area}")

    def table(self, area: str) -> list[list[str]]:
        """The numbers behind a panel, head and rows; the panel stays turned to its table."""
        panel = self.panel(area)
        closed = panel.get_by_role("button", name="table", exact=True)
        if closed.count():
            closed.click()
        read = "table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent))"
        rows: list[list[str]] = panel.locator(".table table").evaluate(read)
        return rows

    def heat(self, temperature: float) -> None:
        """Set the temperature with the keyboard: to one of the slider's stops."""
        self.temperature.press("Home")
        while float(self.temperature.get_attribute("aria-valuetext") or "64") < temperature - 1e-9:
            self.temperature.press("ArrowRight")

    def sentence(self, area: str) -> str:
        return self.panel(area).locator(".says").first.text_content() or ""

    def run_in_address(self) -> str | None:
        found = re.search(r"[?&]run=([\w-]+)", self.page.url)
        return found[1] if found else None

    def stage(self) -> dict[str, Any]:
        """What the server says of the run under the lens: the stage and the students' opinions."""
        script = """async () => {
          const asked = performance.getEntriesByType("resource").map((entry) => entry.name);
          const get = async (part) => (await fetch(asked.filter((name) => name.includes(part)).at(-1))).json();
          return { ...(await get("stage.json")), opinions: await get("opinions.json") };
        }"""
        facts: dict[str, Any] = self.page.evaluate(script)
        return facts
