"""Make the pictures in the README from the real pages: `make screenshot`.

Starts a server with a data folder of its own, trains as a person would, and takes each picture when its run is over.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from scripts.browser import ADVICE, OPTIONS, find_browser
from tests.browser.board import Board
from tests.browser.lens import Lens
from tests.browser.server import Server

DOCS = Path(__file__).parent.parent / "docs"
CHARTS = ("accuracy", "embedding_teacher", "embedding_student", "similarity")
FIRST = 60_000  # milliseconds
SETTLED = 2500  # milliseconds: the slower charts draw their last frame within a second


def lab(page: Page, home: str) -> None:
    """The default experiment, trained."""
    page.goto(home)
    board = Board(page)
    board.train("quick")
    board.wait_until_finished()
    board.wait_for_step(600)
    for chart in CHARTS:
        board.chart(chart).wait_for()


def dark_knowledge(page: Page, home: str) -> None:
    """The microscope as it opens, on the recorded run."""
    page.goto(f"{home}/dark_knowledge")
    Lens(page)


def lesson(page: Page, home: str) -> None:
    """The first step of the first lesson: predicted, trained, revealed."""
    page.goto(f"{home}/lessons?lesson=thirty_pictures&step=1")
    board = Board(page)
    page.locator(".stNumberInput input").fill("5")
    page.get_by_role("button", name="Predict").click()
    expect(page.get_by_text("You said")).to_be_visible()
    board.train("quick")
    expect(page.get_by_text("What this run says")).to_be_visible(timeout=90_000)


def tune(page: Page, home: str) -> None:
    """The plane as it opens: recorded."""
    page.goto(f"{home}/tune")
    expect(page.get_by_test_id("plane")).to_contain_text("cannot be told apart", timeout=FIRST)


def compare(page: Page, home: str) -> None:
    """The run that was trained for the first picture, and the recorded one, side by side."""
    page.goto(f"{home}/compare")
    expect(page.get_by_test_id("comparison")).to_contain_text("points above", timeout=FIRST)


def race(page: Page, home: str) -> None:
    """The leaderboard as it opens: recorded."""
    page.goto(f"{home}/methods?tab=Race")
    expect(page.get_by_test_id("race")).to_contain_text("told apart", timeout=FIRST)


def main() -> None:
    program = find_browser() or sys.exit(f"No browser to take the pictures with. {ADVICE}")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        server.start()
        try:
            browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
            for show in (lab, dark_knowledge, tune, compare, race, lesson):
                page = browser.new_page(
                    viewport={"width": 1280, "height": 800}, color_scheme="light", reduced_motion="reduce"
                )
                show(page, server.url)
                page.mouse.move(640, 140)
                page.wait_for_timeout(SETTLED)
                picture = DOCS / f"{show.__name__}.png"
                page.screenshot(path=picture)
                page.close()
                print(f"{picture.name}: {picture.stat().st_size // 1024} kB")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
