"""The page Methods: search while typing, filter, choose by mouse and keyboard, and take an entry to the Lab."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from kdcore import gallery
from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
FIRST_DRAWING = 60_000
WIDER = """block => Math.max(...[...block.querySelectorAll(".base")].map(part => part.getBoundingClientRect().width))
  - block.getBoundingClientRect().width"""


class Methods:
    """The list of a page and the entry beside it, once both are there."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.root = page.get_by_test_id("methods")
        self.search = self.root.get_by_role("searchbox", name="Search methods")
        self.count = self.root.get_by_role("status")
        self.title = page.locator(".st-key-entry h2")
        self.drawing = page.get_by_test_id("diagram")
        expect(self.title).to_be_visible(timeout=FIRST_DRAWING)
        expect(self.drawing.first.locator("svg")).to_be_visible(timeout=FIRST_DRAWING)

    def line(self, name: str) -> Locator:
        return self.root.locator(f"[data-entry={name}]")

    @property
    def shown(self) -> list[str]:
        lines: list[str] = self.root.evaluate(
            "root => [...root.querySelectorAll('a')].filter(a => !a.hidden).map(a => a.dataset.entry)"
        )
        return lines


@pytest.fixture
def methods(visitor: Visitor) -> Methods:
    return Methods(visitor("/methods"))


def test_first_entry_is_open_before_any_click_and_the_page_is_readable(methods: Methods) -> None:
    page = methods.page
    expect(methods.title).to_have_text("Hinton's distillation")
    expect(methods.line("hinton")).to_have_attribute("aria-current", "true")
    expect(methods.line("hinton")).to_be_in_viewport()
    for part in (methods.title, methods.drawing, page.locator(".katex-display"), page.get_by_text("Try it in the Lab")):
        expect(part.first).to_be_in_viewport(ratio=0.99)
    assert sorted(methods.shown) == sorted(gallery.names())
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_search_answers_while_one_types_and_filters_narrow_it(methods: Methods) -> None:
    methods.search.press_sequentially("zhao 2022")
    expect(methods.line("logit_mse")).to_be_hidden()
    assert "dkd" in methods.shown and len(methods.shown) < 4
    expect(methods.count).to_have_text(re.compile(r"\d of \d\d"))
    methods.search.fill("no such words at all")
    expect(methods.count).to_have_text(re.compile("None of"))
    methods.root.get_by_role("button", name="Show all").click()
    assert sorted(methods.shown) == sorted(gallery.names())
    methods.root.get_by_label("Moves").select_option("programme")
    wanted = {entry.name for entry in gallery.entries() if entry.family == "programme"}
    assert set(methods.shown) == wanted and "chain" in wanted
    methods.root.get_by_label("Moves").select_option("")
    methods.root.get_by_label("Needs").select_option("maps")
    assert set(methods.shown) == {entry.name for entry in gallery.entries() if "maps" in entry.needs}
    expect(methods.title).to_have_text("Hinton's distillation")


def test_choosing_by_mouse_and_by_keys_opens_the_entry_and_writes_the_address(methods: Methods) -> None:
    page = methods.page
    methods.line("dkd").click()
    expect(methods.title).to_have_text("Decoupled distillation")
    expect(page).to_have_url(re.compile(r"entry=dkd"))
    expect(page.get_by_test_id("stCode")).to_contain_text("def dkd")
    expect(methods.drawing).to_have_attribute("data-of", "dkd")

    methods.search.fill("reverse")
    methods.search.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(methods.title).to_have_text("Reverse KL")
    page.keyboard.press("ArrowUp")
    expect(methods.search).to_be_focused()
    methods.search.press("Escape")
    assert sorted(methods.shown) == sorted(gallery.names())
    page.reload()
    expect(Methods(page).title).to_have_text("Reverse KL")
    expect(Methods(page).line("reverse_kl")).to_have_attribute("aria-current", "true")


def test_every_entry_can_be_opened_with_its_formula_and_drawing(visitor: Visitor) -> None:
    methods = Methods(visitor("/methods"))
    page = methods.page
    for entry in gallery.entries():
        methods.line(entry.name).evaluate("line => line.click()")
        expect(methods.title).to_have_text(entry.title)
        expect(page.get_by_test_id("diagram").last.locator("svg")).to_be_visible()
        if entry.loss:
            expect(page.locator(".katex-display").first).to_be_visible()
            assert page.locator(".katex-display").first.evaluate(WIDER) <= 0, f"{entry.name}: wider than its column"
        assert page.locator(".katex-error").count() == 0, entry.name
        assert page.get_by_test_id("stException").count() == 0, entry.name
        assert page.locator(".st-key-entry [data-testid=stAlert]").count() == 0, entry.name


@pytest.mark.parametrize(("name", "parts"), [("dkd", ["method=dkd"]), ("attention", ["method=attention", "cnn-4-8"])])
def test_a_click_leads_to_the_lab_with_everything_set(visitor: Visitor, name: str, parts: list[str]) -> None:
    methods = Methods(visitor(f"/methods?entry={name}"))
    methods.page.get_by_role("link", name="Try it in the Lab").click()
    board = methods.page.get_by_test_id("board")
    expect(board).to_be_visible(timeout=FIRST_DRAWING)
    for part in parts:
        expect(methods.page).to_have_url(re.compile(part))


def test_dark_theme_and_a_phone(visitor: Visitor) -> None:
    dark = Methods(visitor("/methods?entry=crd", color_scheme="dark"))
    expect(dark.drawing.locator("rect.pieces")).to_be_visible()
    expect(dark.drawing).to_have_attribute("data-theme", "dark")
    assert serious(dark.page) == []
    phone = Methods(visitor("/methods?entry=dkd", viewport={"width": 390, "height": 800}))
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect(phone.title).to_have_text("Decoupled distillation")


def test_the_race_stands_beside_the_gallery_and_is_in_the_address(methods: Methods) -> None:
    methods.page.get_by_role("tab", name="Race").click()
    expect(methods.page).to_have_url(re.compile("tab=Race"))
    expect(methods.title).to_be_hidden()
    methods.page.get_by_role("tab", name="Gallery").click()
    expect(methods.title).to_be_visible()
