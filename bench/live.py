"""What it is like to watch: a real server, a real browser, one viewer, the default experiment.

The page is measured as it is first seen, all five panels open, while a run of 3000 steps is shown in 20 seconds.
"""

import os
import statistics
import time
from typing import Any

from playwright.sync_api import Browser, Page

from bench.lab import BOARD, Lab, chromium, eventually, lab, visit
from bench.measuring import line, spread
from kdcore import Experiment, Network, Teacher
from kdcore.experiment import Command
from kdcore.runs import LogUnavailable
from kdcore.runs.log import ENDED

CLICKS, REST = 3, 8.0
"""Between two clicks a new worker gets warm, as it would between two people."""
WARM_UP, WATCHED = 5.0, 12.0
FULL_PACE_STEPS, PAIRS = 6000, 3

# The frames that are drawn, the age of each when it was, and the time that tasks of 50 ms or more keep the page busy.
WATCH = f"""
(seconds) => new Promise((resolve) => {{
  const board = {BOARD}, ages = new Map();
  let busy = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((task) => busy += task.duration))
    .observe({{ type: "longtask" }});
  const began = performance.now();
  const look = () => {{
    if (!ages.has(board.dataset.step)) ages.set(board.dataset.step, Date.now() / 1000 - board.dataset.at);
    if (performance.now() - began < seconds * 1000) requestAnimationFrame(look);
    else {{
      const drawn = [...ages.values()].slice(1); // the first was there before
      resolve({{ updates: drawn.length / seconds, busy: busy / seconds / 10, ages: drawn }});
    }}
  }};
  look();
}})
"""


def train(page: Page) -> float:
    """Press Train; seconds until a frame that was made after that is drawn."""
    clicked = time.time()
    page.get_by_test_id("board").get_by_role("button", name="Train", exact=True).click()
    page.wait_for_function(f"(since) => {BOARD}.dataset.at > since", arg=clicked, timeout=60_000, polling="raf")
    return time.time() - clicked


def first_point(server: Lab, browser: Browser) -> None:
    """From the click to the first point, on a warm server; each time by somebody who has just come."""
    seconds = []
    for _ in range(1 + CLICKS):
        page = visit(browser, server.url)
        time.sleep(REST)
        seconds.append(train(page))
        server.stop_newest_run()
        page.context.close()
    counted = seconds[1:]
    figure = f"{statistics.median(counted):.2f}"
    line("click on Train to the first moving point: seconds", figure, "0.5", spread(counted))


def board(server: Lab, browser: Browser) -> None:
    """One viewer of a run that moves: what reaches the screen, and what it costs."""
    page = visit(browser, f"{server.url}/?steps=3000")
    time.sleep(REST)
    train(page)
    time.sleep(WARM_UP)
    before, began = processor_seconds(server), time.perf_counter()
    seen: dict[str, Any] = page.evaluate(WATCH, WATCHED)
    cores = (processor_seconds(server) - before) / (time.perf_counter() - began)
    server.stop_newest_run()
    page.context.close()
    ages = [1000 * age for age in seen["ages"]]
    line("board, one viewer: updates a second", f"{seen['updates']:.1f}", "8")
    line(
        "board, one viewer: age of a frame when drawn, milliseconds",
        f"{statistics.median(ages):.0f}",
        "200",
        spread(ages),
    )
    line("board, one viewer: main thread busy (long tasks), percent", f"{seen['busy']:.0f}", "under 60")
    line("server process, one viewer: cores", f"{cores:.3f}", "0.12")
    line("server process, one viewer: resident MB", f"{server.resident():.0f}", "500")


def processor_seconds(server: Lab) -> float:
    used = server.process.cpu_times()
    return float(used.user + used.system)


def workers(server: Lab) -> None:
    """Peak memory of the process that trains, its teacher included."""
    teacher = Teacher(network=Network("mlp", widths=(256, 256)), steps=300)
    untrained_here = Teacher(network=Network("mlp", widths=(256, 256)), seed=1, epochs=20)
    peak_of("digits", Experiment(teacher=untrained_here), "600", server)
    peak_of("Fashion-MNIST", Experiment(dataset="fashion_mnist", teacher=teacher), "1200", server)


def peak_of(name: str, experiment: Experiment, wanted: str, server: Lab) -> None:
    """Train it at full pace, looking at its worker all the while."""
    run_id, most = server.log.create(experiment, owner="bench", pace="full"), 0.0
    while server.state(run_id) not in ENDED:
        most = max(most, server.peak_of_worker(run_id))
        time.sleep(0.05)
    run = server.log.run(run_id)
    if run is not None and run.state == "finished":
        line(f"worker, {name}: peak MB", f"{most:.0f}", wanted)
    else:
        line(f"worker, {name}: not measured", "-", wanted)
        print(f"    {run.reason if run else 'the run is gone'}")


def full_pace(server: Lab, page: Page | None) -> float:
    """Seconds of a run at full pace from its first step to its end, seen by this page or by nobody."""
    run_id = server.log.create(Experiment(steps=FULL_PACE_STEPS), owner="bench", pace="full", stop_at=1)
    eventually(lambda: server.state(run_id) == "paused", "the pause after the first step")
    if page is not None:
        page.goto(f"{server.url}/?run={run_id}")
        page.wait_for_function(f"{BOARD}?.dataset.step === '1'", timeout=60_000)
    time.sleep(2)
    began = time.time()
    server.log.command(run_id, Command(kind="resume"), client="bench", counter=time.monotonic_ns())
    eventually(lambda: server.state(run_id) == "finished", "the end of the run", every=0.5)
    run = server.log.run(run_id)
    assert run is not None and run.ended is not None
    return run.ended - began


def slowed(server: Lab, browser: Browser) -> None:
    """The same run watched and unwatched, in turns."""
    page = visit(browser, server.url)
    percents = []
    for _ in range(PAIRS):
        page.goto("about:blank")
        time.sleep(6)  # until the server has forgotten the viewer
        alone = full_pace(server, None)
        percents.append(100 * (full_pace(server, page) / alone - 1))
    page.context.close()
    figure = f"{statistics.median(percents):.0f} %"
    line("training at full pace slowed by being watched", figure, "10 %", spread(percents, "{:.0f}"))


def main() -> None:
    os.environ.pop("OMP_NUM_THREADS", None)
    try:
        with lab() as server, chromium() as browser:
            first_point(server, browser)
            board(server, browser)
            slowed(server, browser)
            workers(server)
    except LogUnavailable as unavailable:
        raise SystemExit(str(unavailable)) from unavailable


if __name__ == "__main__":
    main()
