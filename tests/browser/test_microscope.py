"""The page "Dark knowledge": choosing, dragging, other targets, drawing, and what it must not do."""

from __future__ import annotations

import base64
import re
import statistics
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from playwright.sync_api import Page, expect

from kdcore.signal import entropy, kl_divergence, log_soft_labels
from tests.browser.board import Board
from tests.browser.lens import Lens
from tests.browser.server import Server
from tests.browser.test_manners import serious

Visitor = Callable[..., Page]
PAGE = "/dark_knowledge"
SCRIPT_TIME = 16.0  # ms, one frame of a screen


def test_the_first_screen_has_an_ambiguous_example_without_a_click(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    expect(lens.headline).to_have_text(
        re.compile(r"The teacher sees “\w+”, but also “\w+”.*at T = 4 it speaks of [\d.]+")
    )
    for part in (".under-lens", ".chooser", ".knobs", ".area-voices", ".area-told"):
        expect(lens.root.locator(part)).to_be_in_viewport(ratio=0.9)
    assert lens.examples().count() >= 20
    assert float(lens.counted("heard")["right class"].rstrip(" %")) < 60
    for area in ("voices", "told", "targets", "world"):
        assert re.search(r"\d", lens.sentence(area)), area


def test_the_numbers_on_the_page_are_the_engines(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    lens.heat(2)
    facts = lens.stage()
    row = int(lens.root.locator('.chooser [aria-pressed="true"]').get_attribute("data-row") or -1)
    teacher = log_soft_labels(torch.tensor([facts["teacher_logits"][row]], dtype=torch.float64), 2.0)
    arm = next(arm for arm in facts["opinions"]["arms"] if arm["role"] == "distilled")
    said = np.frombuffer(base64.b64decode(arm["logits"]["bdata"]), "<f4").reshape(-1, len(facts["classes"]))
    place = facts["opinions"]["rows"].index(row)
    student = log_soft_labels(torch.tensor(said[place : place + 1].astype(np.float64)), 2.0)
    rows = {line[0]: line[1:] for line in lens.table("voices")}
    np.testing.assert_allclose(
        [float(rows[name][1]) for name in facts["classes"]], teacher.exp()[0], rtol=1e-3, atol=1e-12
    )
    np.testing.assert_allclose(
        [float(rows[name][3]) for name in facts["classes"]], student.exp()[0], rtol=1e-3, atol=1e-12
    )
    assert float(rows["entropy, nats"][1]) == pytest.approx(float(entropy(teacher)), abs=1e-3)
    assert float(rows["KL from the target, nats"][3]) == pytest.approx(float(kl_divergence(teacher, student)), rel=1e-3)


def test_everything_follows_the_hand_and_nothing_is_sent(visitor: Visitor, server: Server) -> None:
    sent: list[float] = []
    page = visitor("about:blank", reduced_motion="reduce")
    page.on("websocket", lambda connection: connection.on("framesent", lambda _: sent.append(1)))
    page.goto(server.url + PAGE)
    lens = Lens(page)
    page.wait_for_timeout(1500)
    quiet = len(sent)
    positions = list(range(100, 2001, 47))  # further apart than the pull of the slider's stops
    rounds = [lens.temperature.evaluate(DRAG, positions) for _ in range(6)]
    assert len(sent) == quiet, "the server hears of the temperature on release only"
    for drawn in rounds:
        assert all(before != after for before, after in pairwise(shape for shape, _ in drawn))
    times = [sorted(took for _, took in drawn) for drawn in rounds]
    median = statistics.median(took for drawn in times for took in drawn)
    late = [drawn[int(0.95 * len(drawn))] for drawn in times]
    print(f"script time per input event: median {median:.1f} ms, p95 of six rounds {[round(p, 1) for p in late]} ms")
    # On a busy machine a round may be interrupted; what the page itself needs is seen in the best one.
    assert median <= SCRIPT_TIME and min(late) <= SCRIPT_TIME
    lens.temperature.dispatch_event("change")
    expect(page).to_have_url(re.compile(r"temperature=\d"))
    assert len(sent) > quiet


# Moves the slider as a hand does, and notes after each movement the shape of the bars and the time it took.
DRAG = """
(slider, positions) => positions.map((position) => {
  slider.value = position;
  const began = performance.now();
  slider.dispatchEvent(new Event("input", { bubbles: true, composed: true }));
  const took = performance.now() - began;
  const bars = document.querySelectorAll(".microscope :is(.soft, .both) .bars");
  return [[...bars].map((path) => path.getAttribute("d")).join(), took];
})
"""


def test_arrow_keys_heat_and_the_link_shows_the_same(visitor: Visitor, server: Server) -> None:
    lens = Lens(visitor(PAGE))
    lens.heat(20)
    lens.button("softness only").first.click()
    lens.examples().nth(3).click()
    expect(lens.page).to_have_url(re.compile(r"row=\d+&temperature=20&target=smoothed"))
    other = Lens(visitor(lens.page.url))
    expect(other.headline).to_have_text(lens.headline.text_content() or "")
    assert other.counted("heard") == lens.counted("heard")
    assert other.temperature.get_attribute("aria-valuetext") == "20"


def test_examples_can_be_filtered_ordered_and_reached_with_the_keyboard(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    count = lens.root.locator(".chooser .count")
    expect(count).to_contain_text("of 500")
    lens.root.get_by_test_id("choose-class").select_option(label="4")
    lines = lens.root.locator(".chooser .line").all_text_contents()
    assert {line[0] for line in lines} == {"4"}
    lens.root.get_by_test_id("choose-class").select_option(label="all classes")
    lens.root.get_by_test_id("choose-order").select_option(label="where the teacher is wrong")
    lines = lens.root.locator(".chooser .line").all_text_contents()
    assert lines and all("✗" in line for line in lines)
    lens.examples().first.click()
    expect(lens.headline).to_contain_text("takes this")
    lens.root.get_by_test_id("choose-order").select_option(label="teacher’s entropy, lowest first")
    lens.root.locator('.chooser .example[tabindex="0"]').focus()
    first = lens.headline.text_content()
    for key in ("ArrowRight", "ArrowDown", "Enter"):
        lens.page.keyboard.press(key)
    expect(lens.headline).not_to_have_text(first or "")
    expect(lens.root.locator('.chooser .example[aria-pressed="true"]')).to_be_focused()


def test_other_targets_are_one_click_and_say_what_they_lack(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    own = lens.counted("heard")
    lens.button("hard label").first.click()
    expect(lens.row("heard").locator("b")).to_have_text("hard label")
    assert lens.counted("heard")["entropy"].startswith("0.00 nats") and lens.counted("heard")["on wrong"] == "nothing"
    lens.root.locator('[data-target="smoothed"]').click()
    assert lens.counted("heard")["entropy"] == own["entropy"]
    assert "does not know which wrong class is near" in lens.sentence("voices")
    lens.root.locator('[data-target="shuffled"]').click()
    assert lens.counted("heard")["entropy"] == own["entropy"] and lens.counted("heard")["of these"] != own["of these"]
    lens.root.locator('[data-target="teacher"]').click()
    assert lens.counted("heard") == own


def test_without_t_squared_the_soft_part_vanishes(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    lens.heat(20)
    told = re.compile(r"the target with ([\d.]+)")

    def pull() -> float:
        found = told.search(lens.sentence("told"))
        assert found is not None
        return float(found[1])

    with_it = pull()
    lens.root.get_by_label("multiply by T²").click()
    assert pull() == pytest.approx(with_it / 400, rel=0.05, abs=1e-4)
    assert "Cosine to the limit of high T" in lens.sentence("told")


def test_alpha_shares_what_is_told_between_label_and_target(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    alpha = lens.root.get_by_test_id("slider-alpha")
    alpha.press("End")
    assert "the label pulls with 0.00" in lens.sentence("told")
    alpha.press("Home")
    assert "the target with 0.0000" in lens.sentence("told")


def test_small_shares_are_seen_on_the_logarithmic_axis(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    lens.heat(1)
    heights = """root => root.querySelector('[data-place="heard"] .soft .bars').getAttribute("d").match(/v-?[\\d.]+/g)
      .filter((_, at) => at % 2 === 0).map((rise) => -Number(rise.slice(1)))"""
    linear = sorted(lens.root.evaluate(heights))
    lens.button("log").click()
    logarithmic = sorted(lens.root.evaluate(heights))
    assert linear[4] < 2 and logarithmic[4] > 8, "the fifth of ten classes"
    expect(lens.row("heard").locator(".soft .scale")).to_contain_text("10⁻⁶")


def test_a_cell_opens_the_examples_behind_it_and_one_goes_under_the_lens(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE, reduced_motion="reduce"))
    cell = lens.root.get_by_role("button", name=re.compile("^4 looks like 9: ")).first
    cell.click()
    expect(cell).to_have_attribute("aria-pressed", "true")
    expect(lens.root.locator(".behind-title")).to_contain_text("“4” that looks like “9”")
    shares = [float(text.split()[0]) for text in lens.root.locator(".behind .line").all_text_contents() if "%" in text]
    assert shares == sorted(shares, reverse=True) and shares[0] > 5
    lens.root.locator(".behind .example").first.click()
    expect(lens.what).to_have_text("4")
    expect(lens.headline).to_be_in_viewport()
    cell.focus()
    lens.page.keyboard.press("ArrowRight")
    lens.page.keyboard.press("Enter")
    expect(cell).to_have_attribute("aria-pressed", "false")


def test_another_student_can_be_chosen(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    before = lens.counted("one")
    lens.root.get_by_label("first student").select_option(label="labels only")
    assert lens.counted("one") == lens.counted("two") != before
    expect(lens.root.locator(".matrix.student caption")).to_contain_text("labels only")


def test_the_students_of_another_seed_can_be_looked_at(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    before = lens.row("one").locator(".soft .bars").get_attribute("d") or ""
    lens.root.get_by_label("seed", exact=True).select_option("3")
    expect(lens.root.locator(".detail")).to_contain_text("seed 3")
    expect(lens.row("one").locator(".soft .bars")).not_to_have_attribute("d", before)
    expect(lens.page).to_have_url(re.compile("seed=3"))


def test_every_panel_has_a_table_and_the_charts_are_left_out_for_the_ear(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    for area in ("examples", "voices", "told", "targets", "world"):
        rows = lens.table(area)
        assert len(rows) > 8 and all(len(row) == len(rows[0]) for row in rows), area
    assert lens.root.locator("svg.bar-chart:not([aria-hidden])").count() == 0


def test_a_drawn_digit_is_asked_of_everyone(visitor: Visitor) -> None:
    lens = Lens(visitor(PAGE))
    lens.root.get_by_role("tab", name="Draw your own").click()
    draw_a_three(lens)
    expect(lens.headline).to_contain_text("The pad’s teacher sees “3”", timeout=20_000)
    expect(lens.root.locator(".whether")).to_have_text("drawn here")
    assert "–" not in lens.counted("one").values()
    before = lens.counted("heard")
    lens.root.get_by_label("teacher", exact=True).select_option(label="run’s teacher")
    assert lens.counted("heard") != before
    lens.root.get_by_label("meant as").select_option(label="8")
    expect(lens.what).to_have_text("8")
    lens.root.get_by_role("tab", name="Test pictures").click()
    expect(lens.root.locator(".whether")).not_to_have_text("drawn here")


def draw_a_three(lens: Lens) -> None:
    place = lens.root.get_by_test_id("pad").bounding_box()
    assert place is not None
    points = [(0.3, 0.2), (0.55, 0.15), (0.65, 0.3), (0.5, 0.45), (0.65, 0.6), (0.6, 0.8), (0.35, 0.85), (0.25, 0.75)]
    on_page = [(place["x"] + x * place["width"], place["y"] + y * place["height"]) for x, y in points]
    lens.page.mouse.move(*on_page[0])
    lens.page.mouse.down()
    for x, y in on_page:
        lens.page.mouse.move(x, y, steps=4)
    lens.page.mouse.up()


def test_a_run_of_the_lab_is_followed_live_and_the_way_back_leads_to_it(visitor: Visitor) -> None:
    board = Board(visitor(reduced_motion="reduce"))
    run = board.train("watch")
    asked: list[str] = []
    board.page.on("request", lambda request: asked.append(request.url) if "opinions.json" in request.url else None)
    board.page.get_by_role("link", name="Dark knowledge").click()
    lens = Lens(board.page)
    assert lens.run_in_address() == run
    detail = lens.root.locator(".detail")
    before, bars = detail.text_content(), lens.row("one").locator(".soft .bars").get_attribute("d")
    asked.clear()
    board.page.wait_for_timeout(3000)
    assert 2 <= len(asked) <= 7, "at most twice a second"
    assert detail.text_content() != before
    assert lens.row("one").locator(".soft .bars").get_attribute("d") != bars
    board.page.get_by_role("link", name="Lab", exact=True).click()
    assert Board(board.page).eventually(lambda: Lens.run_in_address(lens), "the run in the address") == run


def test_two_dimensional_data_are_shown_as_points(visitor: Visitor) -> None:
    board = Board(visitor("/?dataset=spirals&steps=30&seeds=2"))
    board.train("full")
    board.wait_until_finished()
    board.page.get_by_role("link", name="Dark knowledge").click()
    lens = Lens(board.page)
    expect(lens.root.locator(".under-lens .point-picture")).to_be_visible()
    expect(lens.root.get_by_role("tab", name="Draw your own")).to_be_hidden()
    lens.heat(8)
    assert "points" in lens.sentence("world") or "points" in lens.sentence("examples")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(visitor: Visitor, scheme: str) -> None:
    lens = Lens(visitor(PAGE, color_scheme=scheme, reduced_motion="reduce"))
    lens.page.wait_for_timeout(500)
    assert serious(lens.page) == []
    lens.root.get_by_role("tab", name="Draw your own").click()
    draw_a_three(lens)
    expect(lens.root.locator(".whether")).to_have_text("drawn here", timeout=20_000)
    assert serious(lens.page) == []
    for area in ("examples", "voices", "told", "targets", "world"):
        lens.table(area)
    assert serious(lens.page) == []


def test_nothing_scrolls_sideways_on_a_laptop_or_a_phone(visitor: Visitor) -> None:
    for width, height in ((1280, 800), (390, 844)):
        lens = Lens(visitor(PAGE, viewport={"width": width, "height": height}))
        overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert lens.page.evaluate(overflow) == 0
        expect(lens.headline).to_be_in_viewport()
