"""A server and a browser for the whole session; for every test pages that notice what goes wrong in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from scripts.browser import ADVICE, OPTIONS, find_browser
from tests.browser.server import Server

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one file share a server and a browser, so they run in one process, one after the other."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("lab"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.fail(f"no browser for the tests. {ADVICE}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


def looked_for_server(url: str) -> bool:
    """On a page such as /lessons Streamlit first looks for its server below that page, where it is not."""
    return "/_stcore/" in urlsplit(url).path[1:]


class Problems(list[str]):
    """What went wrong in a page; a test that provokes an error takes it out again."""

    def watch(self, page: Page, home: str) -> None:
        page.on("console", lambda line: self._printed(line.type, line.text, line.location["url"]))
        page.on("pageerror", lambda error: self.append(f"page error: {error}"))
        page.on("requestfailed", lambda request: self._failed(request.url, request.failure or ""))
        page.on("response", lambda answer: self._answered(answer.status, answer.url))
        page.on("request", lambda request: self._asked(request.url, home))
        page.on("websocket", lambda connection: self._asked(connection.url, home))

    def _printed(self, kind: str, text: str, url: str) -> None:
        if kind == "error" and not looked_for_server(url):
            self.append(f"console: {text}")

    def _failed(self, url: str, reason: str) -> None:
        if "ERR_ABORTED" not in reason:  # a page that is left behind drops what it was loading
            self.append(f"failed request: {url} ({reason})")

    def _answered(self, status: int, url: str) -> None:
        if status >= 400 and not looked_for_server(url):
            self.append(f"answer {status}: {url}")

    def _asked(self, url: str, home: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != urlsplit(home).netloc:
            self.append(f"another host: {url}")


@pytest.fixture
def problems() -> Problems:
    return Problems()


@pytest.fixture
def visitor(browser: Browser, server: Server, problems: Problems) -> Iterator[Callable[..., Page]]:
    """Call it for a page in a browser of its own (a new person); options are those of Playwright's `new_context`."""
    contexts: list[BrowserContext] = []

    def visit(path: str = "/", **options: object) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | options))  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        problems.watch(page, server.url)
        page.set_default_timeout(20_000)
        page.goto(server.url + path if path.startswith("/") else path)
        return page

    yield visit
    for context in contexts:
        context.close()
    server.end_runs()
    assert not problems, "\n".join(problems) + f"\nthe server said:\n{server.said()}"
