"""A lesson walked to its end with the keyboard alone, on real runs; every other one opened; present mode; words."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from app.lessons import Lesson, load_all
from tests.browser.board import Board
from tests.browser.server import Server
from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
LESSONS = load_all()
WALKED = "thirty_pictures"
TABS = 60


def at(lesson: str, step: int, **more: str) -> str:
    rest = "".join(f"&{name}={value}" for name, value in more.items())
    return f"/lessons?lesson={lesson}&step={step}{rest}"


def tab_to(page: Page, looked_for: str) -> None:
    """Press Tab until the thing that this selector names has the focus."""
    for _ in range(TABS):
        if page.evaluate("selector => Boolean(document.activeElement?.matches(selector))", looked_for):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{TABS} times Tab did not reach {looked_for}")


def predict_by_keys(page: Page, lesson: Lesson, number: int) -> None:
    question = lesson.steps[number - 1].question
    if question is None:
        return
    if question.kind == "choice":
        tab_to(page, ".stRadio input")
        page.keyboard.press("Space")
        tab_to(page, ".stFormSubmitButton button")
    else:
        tab_to(page, ".stNumberInput input")
        page.keyboard.type(f"{question.high:g}")
    page.keyboard.press("Enter")
    expect(page.get_by_text("You said")).to_be_visible()


def test_a_lesson_is_walked_to_its_end_with_the_keyboard_alone(visitor: Visitor) -> None:
    lesson = LESSONS[WALKED]
    page = visitor(at(WALKED, 1), reduced_motion="reduce")
    for number, step in enumerate(lesson.steps, start=1):
        expect(page.get_by_role("heading", name=step.title)).to_be_visible(timeout=60_000)
        board = Board(page)
        expect(board.state).to_have_text("ready", timeout=60_000)
        predict_by_keys(page, lesson, number)
        tab_to(page, ".dk .button.train")
        page.keyboard.press("Enter")
        expect(page.get_by_text("What this run says")).to_be_visible(timeout=90_000)
        expect(page.get_by_text("What this run says")).to_be_in_viewport()
        for claim in step.claims:
            expect(page.get_by_text(claim.text)).to_be_attached()
        assert page.get_by_text(re.compile("Holds|Does not hold in this run|Not measured")).count() >= len(step.claims)
        if number < len(lesson.steps):
            page.keyboard.press("PageDown")
    page.keyboard.press("PageUp")
    expect(page.get_by_role("heading", name=lesson.steps[-2].title)).to_be_visible()
    expect(page.get_by_text("What this run says")).to_be_visible()


def test_every_lesson_opens_and_is_walked_without_training(visitor: Visitor) -> None:
    page = visitor("/lessons", reduced_motion="reduce")
    expect(page.get_by_role("heading", name="Lessons")).to_be_visible(timeout=60_000)
    first = next(iter(LESSONS.values()))
    page.get_by_role("button", name=first.title).click()
    for lesson in LESSONS.values():
        for step in lesson.steps:
            expect(page.get_by_role("heading", name=step.title, exact=True)).to_be_visible(timeout=30_000)
            Board(page)
            assert "run" not in parse_qs(urlsplit(page.url).query) or lesson.name == WALKED
            page.keyboard.press("PageDown")


def test_nothing_jumps_between_the_first_look_and_the_result(visitor: Visitor) -> None:
    page = visitor(at(WALKED, 1), reduced_motion="reduce")
    board = Board(page)
    expect(board.root.locator(".thumb")).to_have_count(30, timeout=30_000)
    page.wait_for_timeout(500)
    parts = [".transport", ".area-heard", ".area-example", ".area-accuracy", ".timeline"]
    before = [board.root.locator(part).bounding_box() for part in parts]
    curves = "chart => [chart._fullLayout._size.l, chart._fullLayout._size.w]"
    room = board.chart("accuracy").evaluate(curves)
    board.train("quick")
    board.wait_for_step(30)
    assert [board.root.locator(part).bounding_box() for part in parts] == before
    board.wait_until_finished()
    assert board.chart("accuracy").evaluate(curves) == room
    assert [board.root.locator(part).bounding_box() for part in parts] == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_new_pages(visitor: Visitor, scheme: str) -> None:
    page = visitor("/lessons", color_scheme=scheme, reduced_motion="reduce")
    expect(page.get_by_role("heading", name="Lessons")).to_be_visible(timeout=60_000)
    page.wait_for_timeout(500)
    assert serious(page) == []
    page = visitor(at(WALKED, 1), color_scheme=scheme, reduced_motion="reduce")
    expect(Board(page).root.locator(".thumb")).to_have_count(30, timeout=30_000)
    page.wait_for_timeout(500)
    assert serious(page) == []
    page = visitor("/lecturer", color_scheme=scheme)
    expect(page.get_by_role("heading", name="Ninety minutes")).to_be_visible(timeout=60_000)
    assert serious(page) == []


def test_the_lecturers_links_lead_to_lessons(visitor: Visitor) -> None:
    page = visitor("/lecturer")
    page.get_by_role("link", name="Lesson: Thirty pictures").click()
    expect(page.get_by_role("heading", name=LESSONS[WALKED].steps[0].title)).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("address", [at("nothing", 1), at(WALKED, 99), "/lessons?lesson=../x"])
def test_a_place_that_is_not_there_is_a_sentence(visitor: Visitor, address: str) -> None:
    page = visitor(address)
    expect(page.get_by_text(re.compile("There is no lesson|there is no step"))).to_be_visible(timeout=60_000)
    expect(page.get_by_text("Traceback")).to_have_count(0)


def test_present_mode_is_larger_thicker_and_has_no_frame(visitor: Visitor) -> None:
    page = visitor("/", reduced_motion="reduce")
    board = Board(page)
    board.wait_for_step(600)
    size = "node => parseFloat(getComputedStyle(node).fontSize)"
    width = "chart => Math.max(...chart._fullData.filter(line => line.meta).map(line => line.line.width))"
    before = board.root.evaluate(size), board.chart("accuracy").evaluate(width)
    page.get_by_role("button", name="Present").click()
    expect(page.locator(".stAppHeader")).to_be_hidden()
    board.eventually(lambda: board.chart("accuracy").evaluate(width) > 1.3 * before[1], "thicker lines")
    assert board.root.evaluate(size) >= 1.2 * before[0]
    assert "present=1" in page.url and board.sideways() == 0
    page.get_by_role("button", name="End presenting").click()
    expect(page.locator(".stAppHeader")).to_be_visible()


def test_a_link_hides_parts_and_the_others_use_their_room(visitor: Visitor) -> None:
    whole = Board(visitor("/", reduced_motion="reduce"))
    small = whole.root.locator(".area-accuracy").bounding_box()
    board = Board(visitor("/?show=transport,temperature,accuracy", reduced_motion="reduce"))
    for part in (
        ".head h2",
        ".mix",
        ".area-heard",
        ".area-example",
        ".area-embedding",
        ".area-similarity",
        ".timeline",
    ):
        expect(board.root.locator(part)).to_be_hidden()
    large = board.root.locator(".area-accuracy").bounding_box()
    assert small and large and large["width"] > 2 * small["width"] and large["height"] > small["height"]
    expect(board.page.get_by_role("button", name="More")).to_have_count(0)
    expect(board.button("Train")).to_be_in_viewport()


ARRANGE = """
async (names) => {
  const { arrange } = await import("/lab/board/room.js");
  const wrong = [];
  for (let chosen = 0; chosen < 2 ** names.length; chosen++) {
    const there = new Set(["head", ...names.filter((_, k) => chosen & (1 << k))]);
    for (const narrow of [false, true]) {
      const { rows, places } = arrange((name) => there.has(name), narrow);
      const lines = rows.split(/ (?=minmax|auto|max-content)/).length;
      const cells = new Set();
      for (const [name, area] of Object.entries(places)) {
        if (name === "walk") continue; // it stands where other parts stand at other times
        const [line, column, down, across] = area.match(/[0-9]+/g).map(Number);
        for (let y = line; y < line + down; y++) {
          for (let x = column; x < column + across; x++) {
            if (cells.has(`${y},${x}`) || x > 12 || y > lines) wrong.push(`${[...there]}: ${name} at ${area}`);
            cells.add(`${y},${x}`);
          }
        }
      }
      for (const name of there) if (!places[name]) wrong.push(`${[...there]}: ${name} has no place`);
    }
  }
  return wrong;
}
"""


def test_every_choice_of_parts_has_a_place_for_each_and_none_twice(visitor: Visitor) -> None:
    names = ["transport", "strip", "heard", "example", "accuracy", "embedding", "similarity", "timeline"]
    assert visitor("/").evaluate(ARRANGE, names) == []


def test_terms_are_explained_where_they_stand(visitor: Visitor, server: Server) -> None:
    page = visitor("/", reduced_motion="reduce")
    board = Board(page)
    tip = board.root.get_by_role("tooltip")
    word = board.root.locator(".voice .term")
    word.hover()
    expect(tip).to_contain_text("temperature")
    expect(tip).to_contain_text("logits")
    page.mouse.move(5, 5)
    expect(tip).to_be_hidden()
    tab_to(page, ".dk .who .term")
    expect(tip).to_contain_text("teacher")
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()
    known = page.evaluate("fetch('/lab/glossary.json').then(answer => answer.json())")
    titles = [*board.root.locator(".panel h3").all_text_contents(), *board.root.locator(".tab").all_text_contents()]
    assert titles and all(title.strip().lower() in known for title in titles)


def test_a_term_is_explained_at_a_tap(visitor: Visitor) -> None:
    page = visitor("/", reduced_motion="reduce", has_touch=True, viewport={"width": 390, "height": 844})
    board = Board(page)
    board.root.locator(".voice .term").tap()
    expect(board.root.get_by_role("tooltip")).to_contain_text("temperature")
    assert board.sideways() == 0


def test_lessons_fit_a_phone(visitor: Visitor) -> None:
    page = visitor(at(WALKED, 1), viewport={"width": 390, "height": 844})
    board = Board(page)
    assert board.sideways() == 0
    text, figure = page.locator(".st-key-lesson-text").bounding_box(), board.root.bounding_box()
    assert text and figure and figure["y"] > text["y"] + text["height"] - 1 and figure["width"] > 300
