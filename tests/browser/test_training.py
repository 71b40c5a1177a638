"""A person trains students: the curves move, and the run obeys its controls."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.board import Board

Visitor = Callable[..., Page]


def test_train_moves_the_curves_to_the_end_and_says_what_happened(visitor: Visitor) -> None:
    board = Board(visitor())
    pressed = time.time()
    run = board.train("quick")
    board.eventually(lambda: board.made_at > pressed and board.step > 0, "a point newer than the click")
    early, _ = board.curve("distilled")
    board.eventually(lambda: len(board.curve("distilled")[0]) > len(early) + 5, "a longer curve")
    board.wait_until_finished()
    board.wait_for_step(600)
    assert board.run == run
    steps, distilled = board.curve("distilled")
    _, control = board.curve("control")
    assert steps[0] == 0 and steps[-1] == 600
    assert distilled[0] < 30
    assert distilled[-1] > control[-1] + 4
    expect(board.headline).to_contain_text(re.compile(r"Both saw these 30 pictures\. .*: \+\d+\.\d points"))
    expect(board.headline).not_to_contain_text("Recorded")
    board.page.get_by_role("button", name="More").click()
    expect(board.page.get_by_label("steps", exact=True).first).to_have_value("600")
    expect(board.page.get_by_label("seeds", exact=True).first).to_have_value("8")


def test_raising_the_temperature_mid_run_draws_a_line_where_it_acted(visitor: Visitor) -> None:
    board = Board(visitor("/?temperature=1"))
    board.train("slow")
    before = board.wait_for_step(20)
    assert board.marked_steps() == []
    slider = board.root.get_by_test_id("slider-temperature")
    assert slider.get_attribute("aria-valuetext") == "1"
    slider.press("PageUp")
    chosen = slider.get_attribute("aria-valuetext")
    marked = board.eventually(board.marked_steps, "a vertical line")
    assert len(marked) == 1
    assert before <= marked[0] <= board.step
    note = board.chart("accuracy").evaluate("chart => chart.layout.annotations[0].text")
    assert chosen is not None and re.search(rf"1 → {re.escape(chosen)} at step {marked[0]}$", note)
    assert board.curve("distilled")[0][-1] >= marked[0]
    expect(board.state).to_have_text("training")
    assert slider.get_attribute("aria-valuetext") == chosen


def test_pause_holds_step_makes_one_step_resume_goes_on(visitor: Visitor) -> None:
    board = Board(visitor())
    board.train("slow")
    board.wait_for_step(10)
    board.button("Pause").click()
    expect(board.state).to_have_text("paused")
    board.page.wait_for_timeout(300)
    held = board.stays(lambda: board.step, 1.5)
    board.button("Step").click()
    board.wait_for_step(held + 1)
    assert board.stays(lambda: board.step, 1.0) == held + 1
    board.button("Resume").click()
    expect(board.state).to_have_text("training")
    board.wait_for_step(held + 5)


def test_stop_at_a_step_pauses_there(visitor: Visitor) -> None:
    board = Board(visitor())
    board.root.get_by_label("Stop at step").fill("40")
    board.root.get_by_label("Stop at step").press("Enter")
    board.train("quick")
    expect(board.state).to_have_text("paused", timeout=30_000)
    board.wait_for_step(40)
    assert board.stays(lambda: board.step, 1.0) == 40


def test_reset_keeps_the_seeds_and_new_seeds_do_not(visitor: Visitor) -> None:
    board = Board(visitor())
    first = board.train("full")
    board.wait_until_finished()
    board.wait_for_step(600)
    ending = board.curve("control")[1][-1]
    seeds = board.seeds()
    board.button("Reset").click()
    again = board.eventually(lambda: board.run if board.run != first else None, "another run")
    board.wait_until_finished()
    board.eventually(lambda: board.curve("control")[1][-1] == ending, "the same result from the same seeds")
    assert board.seeds() == seeds
    board.button("New seeds").click()
    board.eventually(lambda: board.run not in (first, again), "another run")
    board.eventually(lambda: board.seeds() != seeds, "other seeds")
    board.wait_until_finished()
    assert not set(board.seeds()) & set(seeds)
    board.eventually(lambda: board.curve("control")[1][-1] != ending, "another result from other seeds")


def test_the_slowest_pace_walks_through_one_step(visitor: Visitor) -> None:
    board = Board(visitor())
    board.train("step")
    walk = board.root.locator(".walk")
    expect(walk).to_be_visible(timeout=20_000)
    expect(walk).to_contain_text("the batch")
    board.eventually(lambda: walk.locator(".batch > *").count() > 3, "pictures of the batch")
    first = board.step
    board.eventually(lambda: board.step > first + 1, "two more steps")
    assert board.step <= first + 8
    board.button("Pause").click()
    expect(board.state).to_have_text("paused")


def test_the_space_bar_trains_pauses_and_resumes(visitor: Visitor) -> None:
    board = Board(visitor())
    board.root.get_by_label("Pace").select_option("slow")
    board.page.locator("body").press("Space")
    expect(board.state).to_have_text("training", timeout=30_000)
    board.wait_for_step(3)
    board.page.keyboard.press("Space")
    expect(board.state).to_have_text("paused")
    held = board.step
    board.page.keyboard.press("s")
    board.wait_for_step(held + 1)
    board.page.keyboard.press("Space")
    expect(board.state).to_have_text("training")


def test_spirals_show_their_decision_surface(visitor: Visitor) -> None:
    board = Board(visitor("/?dataset=spirals"))
    board.train("quick")
    board.wait_for_step(5, within=60)
    drawn = board.eventually(lambda: board.points("embedding_student").strip("[]"), "a decision surface")
    board.eventually(lambda: board.points("embedding_student").strip("[]") != drawn, "a moving decision surface")
    assert board.points("embedding_student") != board.points("embedding_teacher")
    board.eventually(lambda: board.points("embedding_control").strip("[]"), "the control's surface")
