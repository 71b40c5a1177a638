"""What a step of each method costs on this machine, beside plain distillation: `python -m kdcore.costs` measures it.

A cohort of 16 students (CNN 4-8 on digits, taught by a CNN 8-16) takes a few steps of each method in turn, on one
thread. What counts are the ratios within a round, in time of the processor: on one thread that is the time that passes
where nothing else runs, and it hardly depends on what else does.
"""

import contextlib
import hashlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from kdcore import methods, programmes
from kdcore.folders import data_folder
from kdcore.gallery import of_method

PLAIN = "hinton"
STUDENTS, STEPS, ROUNDS, WITHIN = 16, 4, 15, 90.0
ENGINE = ("cohort.py", "groups.py", "signal.py", "optimizers.py", "networks/cnn.py", "costs.py")


@dataclass(frozen=True)
class Cost:
    """milliseconds: of one step of all 16 students, median. times: as long as plain distillation, median over rounds,
    with its middle half. measured: seconds since 1970."""

    milliseconds: float
    times: float
    low: float
    high: float
    measured: float


def target(name: str) -> float | None:
    """How many times as long as plain distillation a method may take: by what it reads of the networks.

    None for one that trains more than its student or on other data, where a step is not the same step.
    """
    declared = methods.get(name)
    if declared.view is not None or programmes.declare(declared):
        return None
    return {"rkd": 10.0, "crd": 4.0}.get(name, 2.5 if declared.looks_inside else 1.3)


def measure(
    names: Sequence[str], *, rounds: int = ROUNDS, within: float = WITHIN, tell: Callable[[float], None] | None = None
) -> dict[str, Cost]:
    """The costs of these methods, at least three rounds, at most about `within` seconds; torch gets one thread.

    tell: told the share that is done. A method that cannot work on the pair of networks is left out.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        steppers = {name: found for name in dict.fromkeys((PLAIN, *names)) if (found := _stepper(name))}
        taken = _rounds(steppers, rounds, within, tell or (lambda share: None))
    finally:
        torch.set_num_threads(threads)
    return {name: _cost(times, taken[PLAIN]) for name, times in taken.items()}


def _rounds(
    steppers: Mapping[str, Callable[[], None]], rounds: int, within: float, tell: Callable[[float], None]
) -> dict[str, list[float]]:
    """Seconds of the processor for one step, by method and round; a first round only warms up."""
    taken: dict[str, list[float]] = {name: [] for name in steppers}
    began = time.perf_counter()
    for number in range(rounds + 1):
        for name, advance in steppers.items():
            started = time.process_time()
            advance()
            if number:
                taken[name].append((time.process_time() - started) / STEPS)
        spent = (time.perf_counter() - began) / within
        tell(min(1.0, max(number / rounds, spent)))
        if number >= 3 and spent > 1:
            break
    return taken


def _stepper(name: str) -> Callable[[], None] | None:
    """Takes a few steps of 16 students by this method at each call."""
    from kdcore import trial
    from kdcore.cohort import Cohort
    from kdcore.preparation import prepare

    try:
        cohort = Cohort(prepare(trial.experiment(name, seeds=STUDENTS)))
    except ValueError:
        return None
    steps = iter(range(10**9))

    def advance() -> None:
        for _ in range(STEPS):
            cohort.advance(next(steps), 0.5)

    return advance


def _cost(taken: list[float], plain: list[float]) -> Cost:
    ratios = [a / b for a, b in zip(taken, plain, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return Cost(statistics.median(taken) * 1000, middle, low, high, time.time())


def file() -> Path:
    """Where what was measured here is kept."""
    return data_folder() / "method_costs.json"


def kept() -> dict[str, Cost]:
    """What was measured on this machine, for methods and an engine that are still the same; nothing else."""
    try:
        stored = json.loads(file().read_text(encoding="utf-8"))
        return {name: Cost(**stored[name]["cost"]) for name in stored if stored[name]["key"] == key(name)}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep(measured: dict[str, Cost]) -> None:
    """Write down what was measured; a reader sees the old file or the new one."""
    content = {name: {"key": key(name), "cost": asdict(cost)} for name, cost in measured.items()}
    file().parent.mkdir(parents=True, exist_ok=True)
    fresh = file().with_suffix(".new")
    fresh.write_text(json.dumps(content, indent=1), encoding="utf-8")
    os.replace(fresh, file())


def key(name: str) -> str:
    """What a figure depends on: the source of the method and of the engine, versions, processor. "" if unknown."""
    if name not in methods.names():
        return ""
    return hashlib.sha256(f"{_machine()}\n{of_method(methods.get(name)).code}".encode()).hexdigest()[:16]


@lru_cache(maxsize=1)
def _machine() -> str:
    from kdcore.runs.summary import versions

    here = Path(__file__).parent
    engine = hashlib.sha256(b"".join((here / name).read_bytes() for name in ENGINE)).hexdigest()
    cpu = Path("/proc/cpuinfo")
    models = [line for line in cpu.read_text().splitlines() if "model name" in line] if cpu.exists() else []
    return f"{versions()} {engine} {os.cpu_count()} {models[:1]}"


def _lock() -> FileLock:
    file().parent.mkdir(parents=True, exist_ok=True)
    return FileLock(file().with_suffix(".lock"))


_started: subprocess.Popen[bytes] | None = None


def start() -> None:
    """Measure all methods in a process of its own, which yields to everything else; nothing where one is at it."""
    global _started
    if progress() is not None:
        return
    file().with_suffix(".progress").unlink(missing_ok=True)
    _started = subprocess.Popen(
        [sys.executable, "-m", "kdcore.costs"],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def progress() -> float | None:
    """The share that is done of a measurement that goes on, by whomever it was started; None where there is none."""
    mine = _started is not None and _started.poll() is None
    if not mine and not _held():
        return None
    try:
        return float(file().with_suffix(".progress").read_text())
    except (OSError, ValueError):
        return 0.0


def _held() -> bool:
    if not file().with_suffix(".lock").exists():
        return False
    lock = _lock()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    lock = _lock()
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.exit("the methods are being measured already")
    try:
        yield
    finally:
        file().with_suffix(".progress").unlink(missing_ok=True)
        lock.release()


def _tell(file: Path, share: float) -> None:
    file.write_text(f"{share:.3f}")


def main() -> None:
    """Measure every method and keep the figures."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(10)
    with _alone():
        told = file().with_suffix(".progress")
        keep(measure(methods.names(), tell=lambda share: _tell(told, share)))


if __name__ == "__main__":
    main()
