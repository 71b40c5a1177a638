"""The library of runs with 2,000 of them: reading, finding, sorting, and the page Compare as a person meets it."""

import json
import random
import time
from collections.abc import Callable
from functools import partial

from playwright.sync_api import Browser

from bench.lab import PATIENCE, Lab, chromium, lab
from bench.measuring import line, spread
from kdcore import Arm, Experiment
from kdcore.runs import RunLog, library, schema

RUNS, TIMES = 2000, 7
SETTLED = 2000
"""Milliseconds until the comparison below the library is drawn, too, and somebody types."""
FINDS = ("lecture", "temperature > 2 accuracy > 85", "dataset = spirals sort")


def fill(log: RunLog) -> None:
    """Rows as a term of classes leaves them, written directly: 40 experiments, names, tags, summaries."""
    draw = random.Random(0)
    experiments = [
        Experiment(
            dataset=draw.choice(["digits", "spirals"]),
            split=split,
            arms=(
                Arm("hinton", temperature=float(draw.choice([1, 2, 4, 8])), alpha=draw.choice([0.5, 0.9])),
                Arm("hard"),
            ),
        ).model_dump_json()
        for split in range(40)
    ]
    rows = [
        {
            "id": f"bench{number}",
            "experiment": draw.choice(experiments),
            "state": "finished",
            "owner": "",
            "name": draw.choice([None, "thirty pictures", "warm teacher"]),
            "tags": draw.choice(["", "lecture", "lecture,good"]),
            "created": time.time() - 100 * (RUNS - number),
            "step": 600,
            "steps": 600,
            "pace": "full",
            "summary": json.dumps(_summary(draw)),
        }
        for number in range(RUNS)
    ]
    with log.write() as connection:
        connection.execute(schema.runs.insert(), rows)


def _summary(draw: random.Random) -> dict[str, object]:
    """As long as a real one of two arms."""
    measures = {name: {arm: round(draw.random(), 7) for arm in ("hinton", "hard")} for name in library.MEASURES}
    best = {arm: [round(draw.random(), 7), 480] for arm in ("hinton", "hard")}
    return {"step": 600, "seconds": 6.1, "seeds": 8, "arms": 2, "control": "hard", "best": best, **measures}


def seconds(call: Callable[[], object]) -> list[float]:
    """Seconds of one call, several times."""
    taken = []
    for _ in range(TIMES):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return sorted(taken)


def report(what: str, taken: list[float], wanted: str) -> None:
    """One line, in milliseconds."""
    milliseconds = [second * 1e3 for second in taken]
    line(what, f"{milliseconds[len(taken) // 2]:.0f}", wanted, spread(milliseconds, "{:.0f}"))


def reading(log: RunLog) -> None:
    """What the server does."""
    started = time.perf_counter()
    assert library.rows(log).total >= RUNS
    report(f"{RUNS} runs, read for the first time in a process: ms", [time.perf_counter() - started], "-")
    report("the newest 50 of them: ms", seconds(lambda: library.rows(log)), "< 300")
    for find in FINDS:
        taken = seconds(partial(library.rows, log, find, sort="accuracy"))
        report(f"find “{find}”, by accuracy: ms", taken, "< 300")


def page(server: Lab, browser: Browser) -> None:
    """What a person sees: a warm server, a browser of their own each time."""
    painted, found, bare = [], [], []
    for visit in range(TIMES + 1):
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        tab = context.new_page()
        everything = tab.get_by_text(f"{RUNS + 1:,} runs.")  # with the recorded one
        started = time.perf_counter()
        tab.goto(f"{server.url}/compare")
        everything.wait_for(timeout=PATIENCE * 1000)
        tab.get_by_test_id("stDataFrame").locator("canvas").first.wait_for()
        painted.append(time.perf_counter() - started)
        tab.wait_for_timeout(SETTLED)
        other = browser.new_context(viewport={"width": 1280, "height": 800})
        started = time.perf_counter()
        plain = other.new_page()
        plain.goto(f"{server.url}/glossary")
        plain.get_by_text(" terms").first.wait_for()
        bare.append(time.perf_counter() - started)
        other.close()
        box = tab.get_by_role("searchbox")
        box.fill(f"temperature > 2 split = {visit}")
        started = time.perf_counter()
        box.press("Enter")
        everything.wait_for(state="detached")
        found.append(time.perf_counter() - started)
        context.close()
    report("the page Compare, from the address to its table: ms", sorted(painted[1:]), "< 1500")
    report("the glossary, which reads no run, from the address to its text: ms", sorted(bare[1:]), "-")
    report("a search on it, from Enter to the other lines: ms", sorted(found[1:]), "< 300")


def main() -> None:
    with lab() as server:
        fill(server.log)
        reading(server.log)
        with chromium() as browser:
            page(server, browser)


if __name__ == "__main__":
    main()
