"""Numbers of one's own: an NPZ file is dropped, becomes a data set, and students are trained on it in the Lab."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.board import FIRST_DRAWING, Board
from tests.browser.conftest import Problems
from tests.browser.test_manners import serious
from tests.own import arrays, npz

TAB = "/tune?tab=Your+numbers"


def drop(page: Page, content: bytes, name: str = "fruit.npz") -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )


def arrived(visitor: Callable[..., Page], **options: object) -> Page:
    page = visitor(TAB, **options)
    expect(page.get_by_role("heading", name="Your data sets")).to_be_visible(timeout=FIRST_DRAWING)
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    return page


def chosen(page: Page, **values: str) -> None:
    """Wait until these controls hold these values."""
    for label, value in values.items():
        control = page.get_by_role("combobox", name=label, exact=True)
        expect(control).to_have_value(f"{label}: {value}", timeout=FIRST_DRAWING)


def test_a_dropped_file_of_features_is_trained_on_in_the_lab(visitor: Callable[..., Page], problems: Problems) -> None:
    page = arrived(visitor)
    drop(page, npz(labels=None), "half.npz")
    expect(page.get_by_text("It must hold three arrays")).to_be_visible()
    expect(page.get_by_text("None yet")).to_be_visible()
    drop(page, npz(arrays(rows=300, classes=4, shape=(12,))))
    expect(page.get_by_text("300 rows, 12 features a row, no pictures, 4 classes.")).to_be_visible()
    assert serious(page) == []
    page.get_by_role("link", name="Use it in the Lab").click()
    board = Board(page)
    chosen(page, data="fruit", teacher="stored logits")
    board.train(pace="full")
    board.wait_until_finished()
    expect(board.headline).to_have_text(re.compile(r"Both saw these 12 examples\. .*"))
    expect(board.root.get_by_role("button", name=re.compile("^Example of "))).to_have_count(12)
    expect(board.root).to_contain_text("How they see the test examples")
    expect(board.root).to_contain_text("stored logits")
    page.get_by_role("link", name="Dark knowledge", exact=True).click()
    expect(page.get_by_text(re.compile("^76 test examples nobody learnt from"))).to_be_visible(timeout=FIRST_DRAWING)
    expect(page.get_by_text("Draw your own")).to_be_hidden()
    assert problems == []


def test_pictures_of_ones_own_are_pictures_on_the_board_and_in_the_plane(
    visitor: Callable[..., Page], problems: Problems
) -> None:
    page = arrived(visitor, color_scheme="dark")
    drop(page, npz(arrays(rows=200, classes=4, shape=(8, 8))), "pieces.npz")
    expect(page.get_by_text("pictures of 1 x 8 x 8 pixels")).to_be_visible()
    expect(page.get_by_test_id("stImage")).to_have_count(6)
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.get_by_role("button", name="Use it in the plane").click()
    chosen(page, data="pieces", teacher="stored logits")
    assert problems == []
