"""The drawing pad: what a hand draws is what the networks see, and the pad's teacher reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

from kdcore import pad
from tests.browser.conftest import Problems
from tests.browser.scripted_digits import Strokes, jittered, scripted
from tests.browser.server import Server
from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
Cells = NDArray[np.float64]

TRACE = """
async (drawings) => {
  const { cellsOf } = await import("/lab/microscope/strokes.js");
  return JSON.stringify(JSON.parse(drawings).map((strokes) => [...cellsOf(strokes)]));
}
"""
PUT = """
async (width) => {
  const { Pad } = await import("/lab/microscope/pad.js");
  window.heard = { changed: [], committed: [] };
  const pad = new Pad({
    changed: (cells) => window.heard.changed.push([...cells]),
    committed: (cells) => window.heard.committed.push([...cells]),
  });
  window.pad = pad;
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "/lab/board/board.css" });
  const holder = document.createElement("main");
  holder.className = "dk";
  holder.style.cssText = `display: block; min-height: 0; width: ${width}px`;
  holder.append(pad.element);
  document.head.append(sheet);
  document.body.replaceChildren(holder);
  const loaded = (link) => link.sheet ? null : new Promise((done) => (link.onload = done));
  await Promise.all([sheet, pad.element.querySelector("link")].map(loaded));
}
"""


@pytest.fixture(scope="module")
def engine(browser: Browser, server: Server) -> Iterator[Page]:
    """A page on which modules can be imported, for pure numbers."""
    page = browser.new_page()
    page.goto(server.url + "/_stcore/health")
    yield page
    page.close()


@pytest.fixture
def sheet(visitor: Visitor, problems: Problems) -> Callable[..., Page]:
    """The real pad alone on a page."""

    def put(width: int = 268, **options: Any) -> Page:
        page = visitor("/_stcore/health", **options)
        page.evaluate(PUT, width)
        problems.clear()  # the bare page that it is put on has no icon
        return page

    return put


def traced(page: Page, drawings: list[Strokes]) -> Cells:
    """What `strokes.js` makes of drawings: `[n, 64]`."""
    return np.array(json.loads(page.evaluate(TRACE, json.dumps(drawings))))  # as text, which is much quicker


def read(cells: Cells) -> NDArray[np.int64]:
    """What the pad's teacher takes them for."""
    said = pad.ask(cells.reshape(-1, 1, 8, 8))
    assert said is not None
    answers: NDArray[np.int64] = said.argmax(-1)
    return answers


def draw(page: Page, strokes: Strokes) -> None:
    """Draw with the mouse, inside a margin of the pad."""
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    for stroke in strokes:
        for number, (x, y) in enumerate(stroke):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if number == 0:
                page.mouse.down()
        page.mouse.up()


def committed(page: Page) -> list[list[float]]:
    heard: list[list[float]] = page.evaluate("window.heard.committed")
    return heard


def test_nine_of_ten_scripted_digits_are_read(engine: Page) -> None:
    digits = scripted()
    answers = read(traced(engine, list(digits.values())))
    assert np.sum(answers == np.array(list(digits))) >= 9, answers


def test_four_of_five_jittered_digits_are_read(engine: Page) -> None:
    drawings = jittered(20)
    answers = read(traced(engine, [strokes for _, strokes in drawings]))
    right = answers == np.array([digit for digit, _ in drawings])
    assert right.mean() >= 0.8, {d: right[20 * d : 20 * d + 20].mean() for d in range(10)}


def test_place_and_size_on_the_pad_do_not_matter(engine: Page) -> None:
    strokes = scripted()[5]
    small = [[[0.1 + 0.5 * x, 0.4 + 0.5 * y] for x, y in stroke] for stroke in strokes]
    cells = traced(engine, [strokes, small])
    np.testing.assert_allclose(cells[0], cells[1], atol=1 / 16)


def test_cells_are_sixteenths_and_a_drawing_fills_the_height_in_the_middle(engine: Page) -> None:
    cells = traced(engine, list(scripted().values()))
    levels = cells * 16
    np.testing.assert_array_equal(levels, levels.round())
    assert levels.min() == 0 and levels.max() == 16
    pictures = levels.reshape(-1, 8, 8)
    assert (pictures[:, [0, 7]].sum(-1) > 0).all(), "ink in the first and the last row"
    assert (pictures[:, :, [0, 7]].sum((1, 2)) <= 12).all(), "hardly any in the first and the last column"
    middle = [np.flatnonzero(picture.sum(0)).mean() for picture in pictures]
    np.testing.assert_allclose(middle, 3.5, atol=0.6)


def test_odd_drawings_have_their_picture_too(engine: Page) -> None:
    nothing, dot, dash, wide = traced(
        engine, [[], [[[0.9, 0.1]]], [[[0.2, 0.5], [0.8, 0.5]]], [[[0.0, 0.2], [1.0, 0.4], [0.0, 0.6]]]]
    )
    assert not nothing.any()
    assert 0 < dot.sum() < 3 and dot.reshape(8, 8)[3:5, 3:5].sum() == dot.sum(), "a dot stays a dot, in the middle"
    assert dash.reshape(8, 8)[3:5].sum() == dash.sum() > 4
    assert not wide.reshape(8, 8)[:, [0, 7]].any(), "what is wider than digits are is made narrower"


def test_what_the_mouse_draws_is_shown_told_and_read(sheet: Callable[..., Page]) -> None:
    page = sheet()
    expected, finals = traced(page, list(scripted().values())), []
    for strokes in scripted().values():
        page.evaluate("window.heard.changed.length = window.heard.committed.length = 0")
        draw(page, strokes)
        heard = page.evaluate("window.heard")
        assert len(heard["committed"]) == len(strokes), "once for every stroke"
        assert len(heard["changed"]) >= sum(map(len, strokes)) - 2, "at every point"
        finals.append(heard["committed"][-1])
        shown = page.locator(".cell").evaluate_all("all => all.map(cell => cell.style.getPropertyValue('--inked'))")
        np.testing.assert_allclose([float(ink) for ink in shown], finals[-1], atol=1e-3)
        assert page.locator(".pad polyline").count() == len(strokes)
        page.get_by_role("button", name="Clear").click()
        assert not any(committed(page)[-1])
    assert np.abs(np.array(finals) - expected).max() <= 3 / 16, "but for the pixels of the mouse"
    assert np.sum(read(np.array(finals)) == np.arange(10)) >= 9


def test_a_finger_draws_and_does_not_scroll(sheet: Callable[..., Page]) -> None:
    page = sheet(has_touch=True, is_mobile=True, viewport={"width": 390, "height": 600})
    page.evaluate("document.body.style.height = '3000px'")
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    finger = page.context.new_cdp_session(page)
    x = box["x"] + box["width"] / 2
    down = [box["y"] + box["height"] * share for share in np.linspace(0.9, 0.1, 12)]
    for number, y in enumerate(down):
        kind = "touchMove" if number else "touchStart"
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert read(np.array(committed(page)))[0] == 1
    assert page.evaluate("scrollY") == 0


def test_a_digit_is_inked_with_keys_alone(sheet: Callable[..., Page]) -> None:
    page = sheet()
    page.keyboard.press("Tab")
    page.evaluate("document.querySelector('.cell[tabindex=\"0\"]').focus()")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    for row in range(8):
        page.keyboard.press("Space")
        page.keyboard.press("Space")
        if row == 0:
            expect(page.locator(".cell:focus")).to_have_attribute("aria-label", "row 1, column 5: inked")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        page.keyboard.press("ArrowDown")
    page.wait_for_function("window.heard.committed.length > 0")
    cells = np.array(committed(page))
    assert len(cells) == 1, "once, when the hand has let go"
    wanted = np.zeros((8, 8))
    wanted[:, 4], wanted[:, 3] = 1.0, 0.5
    np.testing.assert_array_equal(cells[0].reshape(8, 8), wanted)
    assert read(cells)[0] == 1
    expect(page.get_by_role("status")).to_have_text("A drawing with ink in 16 of 64 cells.")
    page.keyboard.press("Delete")
    assert not any(committed(page)[-1])
    expect(page.get_by_role("status")).to_have_text("The pad is empty.")


def test_a_key_cycles_a_cell_and_stops_at_the_edge(sheet: Callable[..., Page]) -> None:
    page = sheet()
    page.evaluate("document.querySelector('.cell[tabindex=\"0\"]').focus()")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    seen = []
    for _ in range(3):
        page.keyboard.press("Space")
        seen.append(page.evaluate("window.heard.changed.at(-1)[0]"))
    assert seen == [0.5, 1, 0]
    assert page.locator(".cell[tabindex='0']").count() == 1, "one place for Tab"


def test_keys_that_are_meant_for_others_pass(sheet: Callable[..., Page]) -> None:
    page = sheet()
    page.evaluate("() => { window.passed = []; document.onkeydown = (event) => window.passed.push(event.key); }")
    page.evaluate("document.querySelector('.cell[tabindex=\"0\"]').focus()")
    for key in ("ArrowDown", "Space", "Delete", "Control+ArrowDown", "t", "Tab"):
        page.keyboard.press(key)
    assert page.evaluate("window.passed") == ["Control", "ArrowDown", "t", "Tab"]


def test_cells_from_elsewhere_are_shown_but_an_echo_leaves_the_strokes(sheet: Callable[..., Page]) -> None:
    page = sheet()
    draw(page, scripted()[3])
    page.evaluate("pad.set(window.heard.committed.at(-1).map(value => Number(value.toFixed(4))))")
    assert page.locator(".pad polyline").count() == 1 + 1
    page.evaluate("pad.set(Array(64).fill(0.25))")
    assert page.locator(".pad polyline").count() == 0
    expect(page.locator(".cell").first).to_have_attribute("aria-label", "row 1, column 1: 4 sixteenths inked")
    assert len(committed(page)) == 2, "what comes from elsewhere is not sent back"


def test_a_second_finger_or_button_draws_nothing(sheet: Callable[..., Page]) -> None:
    page = sheet()
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 40, box["y"] + 40)
    page.mouse.down(button="right")
    page.mouse.up(button="right")
    assert page.evaluate("window.heard.changed.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_pad(sheet: Callable[..., Page], scheme: str) -> None:
    page = sheet(color_scheme=scheme)
    page.evaluate("document.documentElement.lang = 'en'; document.title = 'pad'")
    draw(page, scripted()[8])
    assert serious(page) == []


def test_a_point_of_a_long_drawing_is_taken_within_a_frame(sheet: Callable[..., Page]) -> None:
    page = sheet()
    box = page.get_by_test_id("pad").bounding_box()
    assert box is not None
    page.evaluate(
        """() => {
          window.spent = [];
          const pad = document.querySelector("[data-testid=pad]");
          const moved = pad.onpointermove;
          pad.onpointermove = (event) => {
            const began = performance.now();
            moved(event);
            window.spent.push(performance.now() - began);
          };
        }"""
    )
    spiral = [[0.5 + 0.4 * np.cos(t / 9) * (1 - t / 400), 0.5 + 0.4 * np.sin(t / 9)] for t in range(300)]
    draw(page, [spiral])
    spent = np.array(page.evaluate("window.spent"))
    print(f"{len(spent)} points: median {np.median(spent):.2f} ms, p95 {np.quantile(spent, 0.95):.2f} ms")
    assert np.quantile(spent, 0.95) < 16
