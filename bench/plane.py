"""The temperature x alpha plane, 11 x 12 cells x 4 seeds = 528 students: thirty pictures, then all 1000.

In one process, and as two shards in two processes; per student against the lean loop and torchdistill, one by one; and
as a person meets it, from the click to the last frame, through the log.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from bench.lab import Lab, eventually, lab
from bench.library import FEW as FEW_OF_THE_LIBRARY
from bench.library import Rival
from bench.measuring import in_turns, line, on_threads, peak_megabytes, spread
from bench.students import FEW, STEPS, Lean
from kdcore import Experiment, Transfer, train
from kdcore.cohort import Cohort
from kdcore.planes import Plane, field
from kdcore.runs import ensure_supervisor, want_workers
from kdcore.runs.log import ENDED
from kdcore.training import prepare

PLANES = {
    "thirty pictures, 600 steps": Plane(),
    "1000 pictures, 20 epochs": Plane(experiment=Experiment(seeds=4, transfer=Transfer(), epochs=20)),
}
FRAMES_EVERY = 0.5
PEOPLE = 3
LOOK_EVERY = 0.25


def measure() -> None:
    """Train the experiment that is read from standard input once told to; print seconds, frames, megabytes."""
    experiment = Experiment.model_validate_json(sys.stdin.readline())
    prepared = prepare(experiment)
    for _ in train(experiment.model_copy(update={"epochs": None, "steps": 2}), frames_every=1):
        pass  # the first optimiser and the first operations of a process cost seconds that a warm worker does not pay
    print("ready", flush=True)
    sys.stdin.readline()
    started = time.perf_counter()
    frames = sum(1 for _ in train(experiment, frames_every=FRAMES_EVERY, prepared=prepared))
    print(time.perf_counter() - started, frames, peak_megabytes(os.getpid()))


def trained(shards: Sequence[Experiment]) -> list[tuple[float, float, float]]:
    """Seconds, frames and megabytes of each shard, all trained at once, each in a process as a worker's is."""
    own = {"OMP_NUM_THREADS": "1", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    command = [sys.executable, "-c", "from bench.plane import measure; measure()"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    processes = [subprocess.Popen(command, env=os.environ | own, text=True, **pipes) for _ in shards]  # type: ignore[call-overload]
    for process, shard in zip(processes, shards, strict=True):
        say(process, shard.model_dump_json())
    for process in processes:
        process.stdout.readline()
    for process in processes:
        say(process, "go")
    answers = [process.communicate()[0].split() for process in processes]
    return [(float(seconds), float(frames), float(most)) for seconds, frames, most in answers]


def say(process: "subprocess.Popen[str]", text: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{text}\n")
    process.stdin.flush()


def whole_planes() -> None:
    """Seconds until the last shard is done, and the most that one process held."""
    for name, plane in PLANES.items():
        for workers, wanted in ((1, "-"), (2, "10 at most, 6 excellent")):
            found = trained(plane.shards(workers))
            seconds = max(seconds for seconds, _, _ in found)
            frames = min(frames for _, frames, _ in found)
            what = f"{name}, {workers} process{'es' * (workers > 1)}"
            line(f"{what}, {frames:.0f} frames: seconds", f"{seconds:.1f}", wanted)
            line(f"{what}: peak memory of one, MB", f"{max(most for _, _, most in found):.0f}", "1000 at most")


def one_by_one() -> None:
    """The students of the larger plane against the same students one after the other."""
    (whole,) = PLANES["1000 pictures, 20 epochs"].shards()
    prepared = prepare(whole)
    students = len(whole.arms) * len(whole.seed_list)
    for threads in on_threads():
        cohort = Cohort(prepared)

        def together(cohort: Cohort = cohort) -> None:
            for step in range(STEPS):
                cohort.advance(step)

        rivals: dict[str, Callable[[], None]] = {"cohort": together, "lean": Lean(prepared), "library": Rival(prepared)}
        rounds = in_turns(rivals, rounds=7)
        microseconds = rounds.seconds("cohort") / STEPS / students * 1e6
        line(f"{students} students, {threads}: microseconds per student and step", f"{microseconds:.1f}", "-")
        ratio, middle = rounds.ratio("lean", "cohort", times=students / FEW)
        line(f"{students} students, {threads}: lean one-by-one loop / cohort", f"{ratio:.1f}x", "-", middle)
        # The library's epoch has one step more, over the last forty pictures.
        ratio, middle = rounds.ratio("library", "cohort", times=students / FEW_OF_THE_LIBRARY * STEPS / (STEPS + 1))
        line(f"{students} students, {threads}: torchdistill one by one / cohort", f"{ratio:.0f}x", "-", middle)


def as_a_person(server: Lab) -> tuple[float, float, float]:
    """Start the default plane while two workers wait; seconds to the first colours, to its end, and megabytes."""
    log, plane = server.log, PLANES["thirty pictures, 600 steps"]
    for _ in range(8):
        ensure_supervisor(log)
        want_workers(log)
        time.sleep(1)
    clicked, colours, most = time.time(), 0.0, 0.0
    runs = [log.create(shard, owner="bench", pace="full") for shard in plane.shards(workers=2)]
    while not all(server.state(run) in ENDED for run in runs):
        known = field(plane, [frame for run in runs if (frame := log.newest(run))])
        if not colours and (known.at > 0).all():
            colours = time.time() - clicked
        most = max([most, *(server.peak_of_worker(run) for run in runs)])
        time.sleep(LOOK_EVERY)
    eventually(lambda: all(server.state(run) == "finished" for run in runs), "the end of the plane", within=1.0)
    ended = [run.ended for run_id in runs if (run := log.run(run_id)) and run.ended]
    return colours, max(ended) - clicked, most


def main() -> None:
    whole_planes()
    one_by_one()
    with lab() as server:
        colours, seconds, most = zip(*(as_a_person(server) for _ in range(PEOPLE)), strict=True)
    middle = [sorted(values)[len(values) // 2] for values in (colours, seconds)]
    line("click to the first colours of the whole map: seconds", f"{middle[0]:.2f}", "1", spread(colours))
    line("click to the finished plane: seconds", f"{middle[1]:.1f}", "12 at most", spread(seconds))
    line("worker of half a plane: peak memory, MB", f"{max(most):.0f}", "1000 at most")


if __name__ == "__main__":
    main()
