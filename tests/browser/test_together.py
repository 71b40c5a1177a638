"""The address is the run: reloading, watching from elsewhere, and a server that dies meanwhile."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.board import Board
from tests.browser.conftest import Problems
from tests.browser.server import Server

Visitor = Callable[..., Page]


def test_a_reload_resumes_the_live_run(visitor: Visitor) -> None:
    board = Board(visitor())
    run = board.train("slow")
    before = board.wait_for_step(15)
    board.page.reload()
    board = Board(board.page)
    assert board.run == run
    assert board.wait_for_step(before) >= before
    expect(board.state).to_have_text("training")
    assert board.curve("distilled")[0][0] == 0
    board.wait_for_step(board.step + 3)
    board.button("Pause").click()
    expect(board.state).to_have_text("paused")


def test_a_second_person_watches_and_takes_a_copy_but_cannot_command(visitor: Visitor) -> None:
    mine = Board(visitor())
    run = mine.train("slow")
    mine.wait_for_step(10)
    theirs = Board(visitor(f"/?run={run}"))
    theirs.wait_for_step(10)
    expect(theirs.root).to_contain_text("You are watching")
    for name in ("Train", "Pause", "Step", "Reset", "New seeds"):
        expect(theirs.button(name)).to_be_disabled()
    expect(theirs.root.get_by_test_id("slider-temperature")).to_be_disabled()
    theirs.page.locator("body").press("Space")
    reached = theirs.step
    theirs.wait_for_step(reached + 3)
    expect(mine.state).to_have_text("training")
    theirs.button("Take a copy").click()
    copy = theirs.eventually(lambda: theirs.run if theirs.run != run else None, "a run of their own")
    theirs.wait_for_step(1)
    expect(theirs.button("Pause")).to_be_enabled()
    theirs.button("Pause").click()
    expect(theirs.state).to_have_text("paused")
    assert copy != run == mine.run
    mine.wait_for_step(mine.step + 3)
    expect(mine.state).to_have_text("training")


def test_two_people_watch_the_same_curves(visitor: Visitor) -> None:
    mine = Board(visitor())
    run = mine.train("full")
    mine.wait_until_finished()
    mine.wait_for_step(600)
    theirs = Board(visitor(f"/?run={run}"))
    theirs.wait_for_step(600)
    assert theirs.curve("distilled") == mine.curve("distilled")
    assert theirs.headline.text_content() == mine.headline.text_content()


def test_a_run_outlives_the_server(visitor: Visitor, server: Server, problems: Problems) -> None:
    board = Board(visitor())
    run = board.train("slow")
    before = board.wait_for_step(15)
    server.kill()
    server.start()
    board.page.goto(f"{server.url}/?run={run}")
    board = Board(board.page)
    assert board.run == run
    assert board.wait_for_step(before + 1) > before
    steps, _ = board.curve("distilled")
    assert steps[0] == 0 and before <= steps[-1]
    board.button("Pause").click()
    expect(board.state).to_have_text("paused")
    problems.clear()  # a page whose server died has a right to complain


def test_a_run_that_is_not_there_is_said(visitor: Visitor) -> None:
    board = Board(visitor("/?run=never-was"))
    expect(board.root).to_contain_text("There is no run")
    expect(board.headline).to_contain_text("Recorded run.")
    expect(board.button("Train")).to_be_enabled()
