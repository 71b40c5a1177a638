"""Side by side in a browser: pin, difference, time line, link in a second browser, more seeds, a report offline."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.test_class import code_on
from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
FIRST = 60_000
CURVES = "(chart) => chart._fullData.map(trace => [trace.meta.entry, trace.meta.kind, Array.from(trace.y)])"


def opened(page: Page) -> Locator:
    """The comparison of a page, once it says something."""
    comparison = page.get_by_test_id("comparison")
    expect(comparison).to_have_attribute("data-mark", re.compile(r"\w+"), timeout=FIRST)
    return comparison


def headline(comparison: Locator) -> Locator:
    return comparison.get_by_role("heading", level=2).first


def entry(comparison: Locator, letter: str) -> Locator:
    return comparison.locator(f"[data-entry={letter}]")


def numbers(comparison: Locator) -> list[str]:
    """Everything that the rows say but for what is drawn and who is pinned."""
    return [text for row in comparison.locator("tbody .number").all() for text in [row.inner_text()]]


def test_a_worked_example_is_pinned_hidden_smoothed_and_opened_elsewhere(visitor: Visitor) -> None:
    page = visitor("/compare")
    comparison = opened(page)
    expect(headline(comparison)).to_have_text(re.compile(r"^Test accuracy: A is [\d.]+ points above B \(95 % interval"))
    expect(comparison.locator(".detail").first).to_contain_text("A worked example")
    gap = entry(comparison, "A").locator(".number").nth(2).inner_text()
    entry(comparison, "A").locator(".pin").click()
    expect(headline(comparison)).to_contain_text(" points below A")
    expect(page).to_have_url(re.compile("baseline="))
    assert entry(comparison, "B").locator(".number").nth(2).inner_text() == gap.replace("+", "−")

    chart = comparison.locator('[data-chart="curves"] .js-plotly-plot')
    expect(chart.locator(".scatterlayer .trace")).to_have_count(7)
    before, drawn = numbers(comparison), chart.evaluate(CURVES)
    comparison.get_by_role("checkbox", name="Draw B").click()
    expect(page).to_have_url(re.compile("hide="))
    expect(chart.locator(".scatterlayer .trace")).to_have_count(4)
    assert numbers(comparison) == before
    assert chart.evaluate(CURVES) == [trace for trace in drawn if not trace[0].endswith(":hard")]

    slider = comparison.get_by_test_id("smoothing")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(r"smooth=0\.1\b"))
    kinds = [(name, kind) for name, kind, _ in chart.evaluate(CURVES)]
    assert len(kinds) == 5 and [kind for _, kind in kinds].count("mean") == 2, (
        "the raw mean stays behind the smooth one"
    )
    assert serious(page) == []
    other = opened(visitor(page.url))
    expect(headline(other)).to_have_text(headline(comparison).inner_text())
    expect(other.get_by_role("checkbox", name="Draw B")).not_to_be_checked()
    expect(entry(other, "A").locator(".pin")).to_have_attribute("aria-pressed", "true")
    expect(other.get_by_test_id("smoothing")).to_have_value("0.1")


def test_one_time_line_moves_both_and_more_seeds_are_one_click(visitor: Visitor) -> None:
    page = visitor("/compare", reduced_motion="reduce")
    comparison = opened(page)
    lens, line = comparison.locator(".lens"), comparison.get_by_test_id("common-time")
    line.scroll_into_view_if_needed()
    expect(lens).to_have_attribute("data-step", "600 600")
    points = "chart => JSON.stringify(chart._fullData.map(trace => Array.from(trace.x)))"
    left, right = (lens.locator(f'[data-chart="embedding_{side}"] .js-plotly-plot') for side in ("left", "right"))
    at_end = [left.evaluate(points), right.evaluate(points)]
    box = line.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    for share in (0.9, 0.7, 0.5, 0.3):
        page.mouse.move(box["x"] + box["width"] * share, box["y"] + box["height"] / 2)
        page.wait_for_timeout(60)
    page.mouse.up()
    expect(lens).to_have_attribute("data-step", re.compile(r"^(\d{1,2}) \1$"))
    for chart, was in ((left, at_end[0]), (right, at_end[1])):
        page.wait_for_function(f"([chart, was]) => ({points})(chart) !== was", arg=[chart.element_handle(), was])
    line.focus()
    page.keyboard.press("End")
    expect(lens).to_have_attribute("data-step", "600 600")

    cases = comparison.locator(".area-cases")
    expect(cases).to_contain_text(re.compile(r"A alone is right on \d+, B alone on \d+"))
    assert cases.locator("figure").count() > 0
    comparison.get_by_test_id("lens-left").select_option(index=1)
    expect(cases).to_contain_text(re.compile(r"B alone is right on \d+, A alone on \d+"))
    expect(page).to_have_url(re.compile("left=.*right="))

    # More seeds are one click, and count when they have ended.
    more = comparison.get_by_role("button", name=re.compile(r"Train \d+ more seeds"))
    count = int(re.search(r"\d+", more.inner_text())[0])  # type: ignore[index]
    # On a quick machine the note stands for a moment only, so it is written down when it changes.
    comparison.locator(".notes").evaluate(
        "notes => new MutationObserver(() => (window.noted ??= []).push(notes.textContent))"
        ".observe(notes, { childList: true, characterData: true, subtree: true })"
    )
    more.click()
    for letter in "AB":
        expect(entry(comparison, letter).locator(".number").nth(1)).to_have_text(str(8 + count), timeout=40_000)
    expect(headline(comparison)).to_contain_text(f"{8 + count} seeds in pairs")
    noted = page.evaluate("window.noted ?? []")
    assert any(f"{count} more seeds of A and B" in note for note in noted), noted


def test_a_report_is_read_without_network_or_script(visitor: Visitor, browser: Browser, tmp_path: Path) -> None:
    page = visitor("/compare?measure=agreement", color_scheme="dark")
    comparison = opened(page)
    expect(comparison.locator(".lens")).to_have_attribute("data-step", re.compile(r"\d+ \d+"))
    assert serious(page) == []
    with page.expect_download() as download:
        comparison.get_by_role("button", name="report").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)
    text = file.read_text(encoding="utf-8")
    assert len(text) < 2_000_000 and "<script" not in text
    context = browser.new_context(java_script_enabled=False, offline=True, viewport={"width": 900, "height": 1200})
    paper = context.new_page()
    asked: list[str] = []
    paper.on("request", lambda request: asked.append(request.url))
    paper.goto(file.as_uri())
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    expect(paper.get_by_role("heading", level=1)).to_have_text(headline(comparison).inner_text())
    assert paper.locator("figure svg.main-svg").count() >= 8
    expect(paper.get_by_role("table").first).to_contain_text("baseline")
    assert code_on(paper.locator(".qr")) == paper.locator("footer a").get_attribute("href")
    link = paper.locator("footer a").get_attribute("href") or ""
    assert "measure=agreement" in link and "/compare?runs=" in link
    context.close()


def test_smoothing_is_a_moving_average_without_its_bias_to_zero(visitor: Visitor) -> None:
    """Against the closed form: weights (1 - s) s^k on the last values, divided by their sum 1 - s^t."""
    page = visitor("/glossary")
    smooth = "values => import('/lab/comparison/smooth.js').then(({ debiased }) => debiased(values, 0.8))"
    values = [3.0, -1.0, 4.0, 1.0, -5.0, 9.0, 2.0]
    expected = []
    for t in range(1, len(values) + 1):
        weights = [0.2 * 0.8**k for k in range(t)]
        expected.append(sum(w * v for w, v in zip(weights, values[t - 1 :: -1], strict=True)) / (1 - 0.8**t))
    assert page.evaluate(smooth, values) == pytest.approx(expected)
    assert page.evaluate(smooth, [7.0] * 5) == pytest.approx([7.0] * 5)
    gap = page.evaluate(smooth, [values[0], None, *values[1:]])
    assert gap[1] is None and [value for value in gap if value is not None] == pytest.approx(expected)
