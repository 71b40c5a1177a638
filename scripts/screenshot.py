"""Make docs/lab.png, the picture in the README, from the real page: `make screenshot`.

Starts a server with a data folder of its own, presses Train, and takes the picture when the run has finished.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from scripts.browser import ADVICE, OPTIONS, find_browser
from tests.browser.board import Board
from tests.browser.server import Server

PICTURE = Path(__file__).parent.parent / "docs" / "lab.png"
CHARTS = ("accuracy", "embedding_teacher", "embedding_student", "similarity")


def main() -> None:
    program = find_browser() or sys.exit(f"No browser to take the picture with. {ADVICE}")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        server = Server(Path(home))
        server.start()
        try:
            browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
            page = browser.new_page(
                viewport={"width": 1280, "height": 800}, color_scheme="light", reduced_motion="reduce"
            )
            page.goto(server.url)
            board = Board(page)
            board.train("quick")
            board.wait_until_finished()
            board.wait_for_step(600)
            for chart in CHARTS:
                board.chart(chart).wait_for()
            page.wait_for_timeout(2000)  # the slower charts draw their last frame within a second
            page.mouse.move(640, 140)
            page.screenshot(path=PICTURE)
        finally:
            server.stop()
    print(f"{PICTURE.relative_to(Path.cwd())}: {PICTURE.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main()
