"""A class: a lecturer and two who follow; the code on the screen; a handout that needs neither network nor script."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from kdcore.runs import RunLog
from tests.browser.board import Board
from tests.browser.server import Server
from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
LESSON = "/lessons?lesson=thirty_pictures&step=1"


def code_on(picture: Locator) -> str:
    """What a camera reads where this picture is shown."""
    found = zxingcpp.read_barcode(Image.open(io.BytesIO(picture.screenshot())))
    assert found is not None, "no code is seen"
    return str(found.text)


def open_class(page: Page) -> str:
    """Open a class with the page's own buttons; the link for those who follow."""
    page.get_by_role("button", name="Class", exact=True).click()
    page.get_by_role("button", name="Open a class").click()
    dialog = page.get_by_role("dialog")
    link = dialog.get_by_test_id("stCode").locator("code")
    expect(link).to_contain_text("?class=")
    shown = link.inner_text().strip()
    code = dialog.get_by_role("img", name="QR code")
    expect(code).to_be_visible()
    page.wait_for_timeout(500)
    assert code_on(code) == shown
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    return shown


def path_of(link: str) -> str:
    return "/" + link.split("/", 3)[3]


def vote(page: Page, points: str) -> None:
    page.get_by_label(re.compile("By how many points")).first.fill(points)
    page.get_by_role("button", name="Vote", exact=True).click()
    expect(page.get_by_text("Your vote:")).to_contain_text("you may change it")


def test_a_class_votes_sees_the_result_and_cannot_command(visitor: Visitor, server: Server) -> None:
    lecturer = visitor(LESSON)
    board = Board(lecturer)
    link = open_class(lecturer)
    followers = [visitor(path_of(link), viewport={"width": 390, "height": 844}) for _ in range(2)]
    for page, points in zip(followers, ("5", "-3"), strict=True):
        expect(page.get_by_role("button", name="Vote", exact=True)).to_be_visible(timeout=30_000)
        expect(page.get_by_test_id("board")).to_have_attribute("data-step", re.compile(r"\d+"), timeout=60_000)
        vote(page, points)
    votes = lecturer.get_by_test_id("votes")
    expect(votes).to_have_attribute("data-votes", "2")
    expect(votes).to_contain_text("2 votes of 2 who follow")
    dots = "chart => Array.from(chart._fullData[0].x)"
    assert sorted(votes.locator(".js-plotly-plot").evaluate(dots)) == [-2.5, 5]
    vote(followers[1], "8")
    board.eventually(lambda: sorted(votes.locator(".js-plotly-plot").evaluate(dots)) == [5, 7.5], "a vote that changed")
    assert serious(followers[0]) == []

    run = board.train("quick")
    for page in followers:
        expect(page.locator(".state")).to_have_text(re.compile("^(training|finished)"), timeout=30_000)
        for name in ("Train", "Pause", "Step"):
            button = page.get_by_test_id("board").get_by_role("button", name=name, exact=True)
            assert button.count() == 0 or button.is_disabled()
        assert "run=" not in page.url
        expect(page.get_by_text("What this run says")).to_have_count(0)
    lecturer.get_by_role("button", name="Reveal", exact=True).click(timeout=60_000)
    for page in [lecturer, *followers]:
        expect(page.get_by_text("What this run says")).to_be_visible(timeout=20_000)
        expect(page.get_by_test_id("votes")).to_have_attribute("data-votes", "2")
    expect(followers[0].get_by_text("Your vote:")).to_contain_text("5")
    with lecturer.expect_download() as download:
        board.root.get_by_role("button", name="handout").click()
    assert download.value.suggested_filename == "dark-knowledge-thirty_pictures-1.html"
    handout = download.value.path().read_text(encoding="utf-8")
    assert "in this run" in handout and "Hinton, Vinyals, Dean" in handout
    code = link.split("class=")[1]
    log = RunLog(f"sqlite:///{server.home / 'log.sqlite'}")
    assert [(vote.answer, vote.run) for vote in log.votes(code, "thirty_pictures", 1)] == [("5.0", run), ("8.0", run)]
    log.close()

    alone = followers[1]
    alone.get_by_role("button", name="Go on alone").click()
    expect(alone).to_have_url(re.compile("alone=1"))
    lecturer.goto(server.url)
    Board(lecturer)
    expect(followers[0]).to_have_url(re.compile(r"/\?class="), timeout=20_000)
    expect(alone).to_have_url(re.compile("lesson=thirty_pictures"))
    alone.get_by_role("button", name="Follow class").click()
    expect(alone).to_have_url(re.compile(r"/\?class=\w+$"), timeout=20_000)


def test_a_link_that_shows_chosen_parts_is_made_and_read_from_the_screen(visitor: Visitor) -> None:
    page = visitor()
    Board(page)
    page.get_by_role("button", name="Share", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("the alpha slider").click()
    dialog.get_by_text("everything behind More").click()
    link = dialog.get_by_test_id("stCode").locator("code")
    expect(link).to_contain_text("show=")
    expect(link).not_to_contain_text("more")
    shown = link.inner_text().strip()
    code = dialog.get_by_role("img", name="QR code")
    expect(code).to_have_attribute("alt", f"QR code of {shown}")
    page.wait_for_timeout(500)
    assert code_on(code) == shown
    box = code.bounding_box()
    assert box is not None and box["width"] > 400, "large enough for the last row"
    assert serious(page) == []
    other = visitor(path_of(shown))
    Board(other)
    expect(other.get_by_test_id("slider-alpha")).to_be_hidden()
    expect(other.get_by_test_id("slider-temperature")).to_be_visible()
    expect(other.get_by_role("button", name="More")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_handout_is_read_and_printed_without_network_or_script(
    visitor: Visitor, browser: Browser, tmp_path: Path, scheme: str
) -> None:
    page = visitor("/", color_scheme=scheme)
    board = Board(page)
    board.wait_for_step(600)
    with page.expect_download() as download:
        board.root.get_by_role("button", name="handout").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert file.suffix == ".html" and len(text) < 2_000_000 and "<script" not in text

    context = browser.new_context(java_script_enabled=False, offline=True, viewport={"width": 900, "height": 1200})
    paper = context.new_page()
    asked: list[str] = []
    paper.on("request", lambda request: asked.append(request.url))
    paper.goto(file.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    headline = (board.headline.text_content() or "").removeprefix("Recorded run. ")
    expect(paper.get_by_role("heading", level=1)).to_have_text(headline)
    figures = paper.locator("figure svg.main-svg")
    assert figures.count() >= 7 and paper.locator("image[href^='data:image/png']").count() == 0, "vectors, not pixels"
    assert "#ffffff" not in (paper.locator("figure svg .ytick text").first.get_attribute("style") or "").lower()
    assert paper.locator(".heard img").count() == 30
    expect(paper.get_by_role("table").first).to_contain_text("opinions")
    assert code_on(paper.locator(".qr")) == paper.locator("footer a").get_attribute("href")
    assert sideways(paper) == 0
    printed = paper.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) <= 4
    context.close()


def sideways(page: Page) -> int:
    """How many pixels the page scrolls sideways, seen without a script of its own."""
    box = page.locator("body").bounding_box()
    assert box is not None
    widest = max(
        (found["x"] + found["width"] for part in page.locator("body *").all()[:40] if (found := part.bounding_box())),
        default=0,
    )
    return max(0, round(widest - 900))
