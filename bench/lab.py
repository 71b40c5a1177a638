"""The Lab as a person meets it: a server of its own, a browser, a page with the board."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from bench.measuring import peak_megabytes
from kdcore import runs
from kdcore.experiment import Command
from kdcore.runs import RunLog
from kdcore.runs.log import ENDED
from scripts.browser import ADVICE, OPTIONS, find_browser

Value = TypeVar("Value")
ROOT = Path(__file__).parent.parent
MEGABYTE = 2**20
PATIENCE = 120.0


class Lab:
    """A server on a free port with an empty data folder."""

    def __init__(self, home: Path) -> None:
        self.home, port = home, free_port()
        self.url, database = f"http://localhost:{port}", f"sqlite:///{home / 'log.sqlite'}"
        own = {"DKLAB_HOME": str(home), "DKLAB_DATABASE_URL": database, "HOST": "localhost", "PORT": str(port)}
        self.process = psutil.Popen(
            [sys.executable, str(ROOT / "scripts" / "serve.py")],
            env=os.environ | own,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self._answers, "the server")
        self.log: RunLog = runs.open_log(database)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
            return bool(answer.read() == b"ok")
        return False

    def resident(self) -> float:
        """Megabytes of the server process."""
        return float(self.process.memory_info().rss) / MEGABYTE

    def peak_of_worker(self, run_id: str) -> float:
        """The most megabytes that the process training this run has held so far; 0 before there is one."""
        run = self.log.run(run_id)
        if run is None or run.worker is None:
            return 0.0
        with contextlib.suppress(OSError, psutil.Error):
            return peak_megabytes(int(run.worker.split(":")[1]))
        return 0.0

    def state(self, run_id: str) -> str:
        """The state of a run."""
        run = self.log.run(run_id)
        return run.state if run else ""

    def stop_newest_run(self) -> None:
        """So that it takes nothing from what is measured next."""
        (run,) = self.log.runs(limit=1)
        self.log.command(run.id, Command(kind="stop"), client="bench", counter=time.monotonic_ns())
        eventually(lambda: self.state(run.id) in ENDED, "the end of the run")

    def stop(self) -> None:
        """End the server and whatever it started, each by its number."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("DKLAB_HOME") == str(self.home):
                    process.kill()
        self.process.wait()


@contextlib.contextmanager
def lab() -> Iterator[Lab]:
    """A server for as long as it is needed."""
    with tempfile.TemporaryDirectory(prefix="dklab-bench-", ignore_cleanup_errors=True) as home:
        server = Lab(Path(home))
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    program = find_browser()
    if program is None:
        sys.exit(f"no browser to measure in. {ADVICE}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


def visit(browser: Browser, address: str) -> Page:
    """A page of a person of their own, once its board has drawn something."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(address)
    page.wait_for_function(f"{BOARD}?.dataset.step", timeout=PATIENCE * 1000)
    return page


BOARD = """document.querySelector('[data-testid="board"]')"""


def eventually(look: Callable[[], Value], what: str, *, every: float = 0.1, within: float = PATIENCE) -> Value:
    """The first answer that is not empty; RuntimeError after so many seconds without one."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(every)
    raise RuntimeError(f"{what} did not come within {within:.0f} s")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
