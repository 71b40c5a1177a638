"""What can be seen and read without training anything: the recorded run, its time line, opinions under the hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from playwright.sync_api import Locator, Page, expect

from tests.browser.board import Board
from tests.browser.server import Server

Visitor = Callable[..., Page]
SCRIPT_TIME = 16.0  # ms, one frame of a screen


def test_the_first_screen_plays_a_recorded_run_without_a_click(visitor: Visitor) -> None:
    board = Board(visitor())
    expect(board.headline).to_contain_text("Recorded run.")
    expect(board.state).to_contain_text("recorded run")
    early = board.eventually(lambda: board.step if 0 <= board.step < 600 else None, "an early step of the replay")
    board.wait_for_step(600, within=30)
    assert early < 600
    _, distilled = board.curve("distilled")
    _, control = board.curve("control")
    assert distilled[-1] > control[-1] + 4
    expect(board.button("Train")).to_be_enabled()
    assert board.root.locator(".thumb").count() == 30


def test_the_time_line_leads_back_and_all_charts_follow(visitor: Visitor) -> None:
    board = Board(visitor(reduced_motion="reduce"))
    board.wait_for_step(600)
    line = board.root.get_by_test_id("timeline")
    line.scroll_into_view_if_needed()
    pictures = charts(board)
    reading = board.root.locator(".says").nth(1).text_content()
    place = line.bounding_box()
    assert place is not None
    board.page.mouse.move(place["x"] + place["width"] - 10, place["y"] + place["height"] / 2)
    board.page.mouse.down()
    board.page.mouse.move(place["x"] + place["width"] * 0.3, place["y"] + place["height"] / 2, steps=8)
    board.page.mouse.up()
    # On the way there the hand passes later keyframes, which may be drawn before it rests.
    past = board.eventually(lambda: board.step if 0 < board.step < 100 else None, "an early step")
    board.eventually(lambda: all(a != b for a, b in zip(charts(board), pictures, strict=True)), "other pictures")
    board.eventually(lambda: board.root.locator(".says").nth(1).text_content() != reading, "another sentence")
    expect(board.root.locator('[data-chart="accuracy"] .cursor')).to_be_visible()
    line.press("ArrowLeft")
    board.eventually(lambda: board.step < past, "the keyframe before")
    board.button("to the end").click()
    board.wait_for_step(600)
    expect(board.root.locator('[data-chart="accuracy"] .cursor')).to_be_hidden()
    board.eventually(lambda: charts(board) == pictures, "the pictures of before")


def charts(board: Board) -> list[str]:
    return [board.points(name) for name in ("embedding_student", "similarity")]


def test_dragging_the_temperature_moves_the_bars_without_asking_the_server(visitor: Visitor, server: Server) -> None:
    sent: list[float] = []
    page = visitor("about:blank", reduced_motion="reduce")
    page.on("websocket", lambda connection: connection.on("framesent", lambda _: sent.append(1)))
    page.goto(server.url)
    board = Board(page)
    expect(board.root.locator(".thumb")).to_have_count(30)
    slider = board.root.get_by_test_id("slider-temperature")
    board.page.wait_for_timeout(1500)
    quiet = len(sent)
    drawn = slider.evaluate(DRAG, list(range(800, 2001, 60)))
    assert len(sent) == quiet
    shapes = [shape for shape, _ in drawn]
    assert all(len(set(bars)) > 1 for bars in zip(*shapes, strict=True))
    assert all(before != after for before, after in pairwise(shapes))
    times = sorted(took for _, took in drawn)
    assert times[len(times) // 2] <= SCRIPT_TIME
    assert slider.get_attribute("aria-valuetext") == "64"


# Moves the slider as a hand does, and notes after each movement the shape of every picture's bars and the time it took.
DRAG = """
(slider, positions) => positions.map((position) => {
  slider.value = position;
  const began = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  const took = performance.now() - began;
  return [[...slider.getRootNode().querySelectorAll(".thumb .bars")].map((bars) => bars.getAttribute("d")), took];
})
"""


def test_choosing_a_picture_shows_what_everyone_thinks_of_it(visitor: Visitor) -> None:
    board = Board(visitor(reduced_motion="reduce"))
    expect(board.root.locator(".specimen")).to_contain_text("never heard")
    thumb = board.root.locator(".thumb").nth(4)
    thumb.click()
    expect(board.root.locator(".specimen .whether")).to_have_text("heard")
    expect(thumb).to_have_attribute("aria-pressed", "true")
    named = re.search(r"Picture of (\S+),", thumb.get_attribute("aria-label") or "")
    assert named is not None
    expect(board.root.locator(".specimen .what")).to_have_text(named[1])


def test_every_chart_has_words_and_a_table(visitor: Visitor) -> None:
    board = Board(visitor(reduced_motion="reduce"))
    board.wait_for_step(600)
    for chart in ("accuracy", "embedding_teacher", "embedding_student", "similarity"):
        label = board.root.locator(f'[data-chart="{chart}"]').get_attribute("aria-label") or ""
        assert re.search(r"\d", label), f"{chart}: {label}"
    board.open_tables()
    tables = board.root.get_by_role("table")
    board.eventually(lambda: tables.count() >= 5, "five tables")
    assert all(re.search(r"\d", text) for text in tables.all_text_contents())


def test_dark_mode_is_dark_and_keeps_its_contrast(visitor: Visitor) -> None:
    board = Board(visitor(color_scheme="dark", reduced_motion="reduce"))
    board.wait_for_step(600)
    ground = luminance(colour(board.page.locator('[data-testid="stApp"]'), "background-color"))
    ink = luminance(colour(board.headline, "color"))
    assert ground < 0.03
    assert (ink + 0.05) / (ground + 0.05) > 7
    chart_ink = board.chart("accuracy").locator(".xtitle").first
    assert luminance(colour(chart_ink, "fill")) > 0.3


def test_nothing_scrolls_sideways_on_a_laptop_or_a_phone(visitor: Visitor) -> None:
    for width, height in ((1280, 800), (390, 844)):
        board = Board(visitor(viewport={"width": width, "height": height}))
        assert board.sideways() == 0
        expect(board.headline).to_be_in_viewport()
        expect(board.button("Train")).to_be_in_viewport()


def test_the_laptop_screen_shows_the_whole_board_without_scrolling(visitor: Visitor) -> None:
    board = Board(visitor(reduced_motion="reduce"))
    for part in (".area-heard", '[data-chart="accuracy"]', '[data-chart="similarity"]', ".timeline"):
        expect(board.root.locator(part)).to_be_in_viewport(ratio=0.95)


def colour(where: Locator, kind: str) -> list[float]:
    text = where.evaluate("(element, kind) => getComputedStyle(element).getPropertyValue(kind)", kind)
    return [float(number) for number in re.findall(r"[\d.]+", text)[:3]]


def luminance(rgb: list[float]) -> float:
    """Relative luminance as WCAG defines it."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
