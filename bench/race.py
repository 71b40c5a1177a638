"""A race of twelve methods x 5 seeds on digits, not tuned: thirty pictures, then all 1000. How long it takes, who won.

In one process on one thread, as a worker runs it; and as a person meets it, from the click to the last line, through
the log, for the tuned race with 8 seeds that the page starts by itself.
"""

import os
import time

import torch

from bench.lab import Lab, eventually, lab
from bench.measuring import line, peak_megabytes, spread
from kdcore import Experiment, Transfer, train
from kdcore.racing import Race, Standings, standings
from kdcore.runs import ensure_supervisor, want_workers
from kdcore.runs.log import ENDED
from kdcore.training import prepare

SEEDS, PEOPLE = 5, 3
FRAMES_EVERY = 0.5
WORKER_READY = 8
RACES = {
    "thirty pictures, 600 steps": Race(tuned=False, base=Experiment(seeds=SEEDS)),
    "1000 pictures, 20 epochs": Race(tuned=False, base=Experiment(seeds=SEEDS, transfer=Transfer(), epochs=20)),
}


def trained(race: Race) -> tuple[float, Standings]:
    """Seconds of the whole race, its frames included, and how it ended."""
    experiment = race.experiment()
    prepared = prepare(experiment)
    started = time.perf_counter()
    for frame in train(experiment, frames_every=FRAMES_EVERY, prepared=prepared):
        last = frame
    return time.perf_counter() - started, standings(experiment, last)


def say(found: Standings) -> None:
    """The leaderboard in words."""
    for row in found.rows:
        first, last = row.ranks
        beside = f"{100 * row.to_plain.mean:+.1f} to plain KD" if row.to_plain else ""
        said = f"{row.lane.name}: {100 * row.test.mean:.1f} % ({100 * row.test.low:.1f} to {100 * row.test.high:.1f})"
        print(f"    {f'{first}-{last}':7s}{said:48s}{beside}")


def as_a_person(server: Lab) -> tuple[float, float]:
    """Start the race of the page while a worker waits; seconds to its end, and megabytes."""
    log = server.log
    for _ in range(WORKER_READY):
        ensure_supervisor(log)
        want_workers(log)
        time.sleep(1)
    clicked, most = time.time(), 0.0
    run_id = log.create(Race().experiment(), owner="bench", pace="full")
    while server.state(run_id) not in ENDED:
        most = max(most, server.peak_of_worker(run_id))
        time.sleep(0.25)
    eventually(lambda: server.state(run_id) == "finished", "the end of the race", within=1.0)
    run = log.run(run_id)
    assert run is not None and run.ended is not None
    return run.ended - clicked, most


def main() -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, race in RACES.items():
        trained(race.model_copy(update={"base": race.base.model_copy(update={"steps": 2, "epochs": None})}))
        seconds, found = trained(race)
        lines = f"{len(found.rows)} methods x {SEEDS} seeds"
        line(f"{lines}, {name}, 1 thread: seconds", f"{seconds:.1f}", "180 at most")
        say(found)
    line("this process: peak memory, MB", f"{peak_megabytes(os.getpid()):.0f}", "-")
    torch.set_num_threads(threads)
    with lab() as server:
        seconds_each, most = zip(*(as_a_person(server) for _ in range(PEOPLE)), strict=True)
    middle = sorted(seconds_each)[len(seconds_each) // 2]
    line("click to the end of the page's race, tuned, 8 seeds: seconds", f"{middle:.1f}", "-", spread(seconds_each))
    line("its worker: peak memory, MB", f"{max(most):.0f}", "1000 at most")


if __name__ == "__main__":
    main()
