"""The library of runs under real hands: found, chosen, tagged, deleted, brought back, handed on as a file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

from kdcore.experiment import Experiment
from kdcore.runs import RunLog, open_log
from tests.app.made import write_run
from tests.browser.server import Server

Visitor = Callable[..., Page]
HEAD, ROW, BOX = 38, 35, 16


class Library:
    """The page Compare as a person handles it. Lines are counted from the top, from 0."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.table = page.get_by_test_id("stDataFrame")
        self.found()
        self.chosen = 0

    def found(self, text: str = "runs.") -> None:
        """Wait until the page says how many runs there are."""
        expect(self.page.locator(".st-key-library-bar")).to_contain_text(text, timeout=20_000)

    def cell(self, line: int, column: int = 1) -> Locator:
        """A cell, as a screen reader meets it; columns are counted with the boxes."""
        return self.table.locator(f"#glide-cell-{column}-{line}")

    def find(self, text: str) -> None:
        box = self.page.get_by_role("searchbox")
        box.fill(text)
        box.press("Enter")

    def choose(self, line: int) -> None:
        expect(self.cell(line)).to_be_attached(timeout=20_000)
        place = self.table.bounding_box()
        assert place is not None
        self.page.mouse.click(place["x"] + BOX, place["y"] + HEAD + ROW * (line + 0.5))
        self.chosen += 1
        self.found(f"{self.chosen} chosen")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


@pytest.fixture
def log(server: Server) -> Iterator[RunLog]:
    """The log of the server, with four runs in it beside the recorded one."""
    opened = open_log(f"sqlite:///{server.home / 'log.sqlite'}")
    for run in opened.runs():
        if not run.recorded:
            opened.delete(run.id)
    for number, dataset in enumerate(("digits", "spirals", "digits", "spirals")):
        run_id = write_run(opened, Experiment(dataset=dataset, split=number), seed=number)
        opened.update(run_id, name=f"run {number}")
    yield opened
    opened.close()


def names(log: RunLog) -> list[str | None]:
    """Of all runs but the recorded one, the newest first."""
    return [run.name for run in log.runs() if not run.recorded]


def test_found_tagged_deleted_and_brought_back(visitor: Visitor, log: RunLog) -> None:
    library = Library(visitor("/compare"))
    library.find("dataset = spirals")
    library.found("2 runs.")
    expect(library.cell(0)).to_have_text("run 3", timeout=20_000)
    assert "find=dataset" in library.page.url
    library.choose(1)
    library.press("Edit")
    library.page.get_by_label("Tags, separated by commas").fill("lecture")
    library.press("Save")
    library.page.keyboard.press("Escape")
    library.find("lecture")
    expect(library.cell(0)).to_have_text("run 1", timeout=20_000)
    library.press("Delete")
    library.found("1 run deleted.")
    assert names(log) == ["run 3", "run 2", "run 0"]
    library.press("Undo")
    expect(library.cell(0)).to_have_text("run 1", timeout=20_000)
    assert names(log) == ["run 3", "run 2", "run 1", "run 0"]


def test_chosen_runs_are_a_link_that_another_person_opens(visitor: Visitor, log: RunLog) -> None:
    library = Library(visitor("/compare"))
    library.choose(0)
    library.choose(2)
    library.press("Compare 2 runs")
    library.page.wait_for_url("**runs=*")
    ids = {run.name: run.id for run in log.runs()}
    assert f"{ids['run 3']}%2C{ids['run 1']}" in library.page.url
    theirs = visitor(library.page.url)
    expect(theirs.get_by_text("run 3").locator("visible=true").first).to_be_visible(timeout=20_000)


def test_runs_are_handed_on_as_a_file(visitor: Visitor, log: RunLog, tmp_path: Path) -> None:
    library = Library(visitor("/compare"))
    library.choose(0)
    library.choose(1)
    library.press("Export")
    with library.page.expect_download() as download:
        library.page.get_by_role("link", name="runs.dklab").click()
    download.value.save_as(tmp_path / "two.dklab")
    line = library.page.locator("code").inner_text()
    url = re.search(r'pandas\.read_parquet\("(http[^"]+)"\)', "".join(line.split()))
    assert url is not None and len(pandas.read_parquet(url[1])) == 2 * 8 * 2 * 8
    library.page.keyboard.press("Escape")
    other = Library(visitor("/compare"))
    other.press("Import")
    other.page.locator("input[type=file]").set_input_files(tmp_path / "two.dklab")
    expect(other.page.locator(".st-key-library")).to_contain_text("2 runs imported.", timeout=20_000)
    assert len(names(log)) == 6
    (tmp_path / "bad.dklab").write_bytes((tmp_path / "two.dklab").read_bytes()[:9000])
    other.page.locator("input[type=file]").set_input_files(tmp_path / "bad.dklab")
    expect(other.page.get_by_text("Nothing was imported")).to_be_visible(timeout=20_000)
    assert len(names(log)) == 6


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visitor: Visitor, log: RunLog, scheme: str) -> None:
    library = Library(visitor("/compare", color_scheme=scheme))
    library.choose(0)
    found = Axe().run(library.page, context=".st-key-library").response["violations"]
    assert [
        f"{violation['id']}: {node['html'][:200]}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ] == []
