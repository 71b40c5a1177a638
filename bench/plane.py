"""The whole temperature x alpha plane: 11 x 12 cells x 4 seeds = 528 students, all 1000 train examples, 20 epochs."""

import os
import subprocess
import sys
import time

from bench.measuring import line, peak_megabytes
from kdcore import Arm, Experiment, Network, Transfer, train
from kdcore.training import prepare

TEMPERATURES = (0.25, 0.5, 1, 2, 3, 4, 6, 8, 16, 32, 64)
ALPHAS = tuple(i / 11 for i in range(12))


def experiment() -> Experiment:
    """One arm for each cell."""
    arms = tuple(
        Arm("hinton", name=f"T {temperature:g}, alpha {alpha:.2f}", temperature=temperature, alpha=alpha)
        for temperature in TEMPERATURES
        for alpha in ALPHAS
    )
    student = Network("mlp", widths=(32,))
    return Experiment(student=student, transfer=Transfer(), arms=arms, control=False, seeds=4, epochs=20)


def measure() -> None:
    """Train it once and print seconds, frames and the peak of memory."""
    plane = experiment()
    prepared = prepare(plane)
    for _ in train(plane.model_copy(update={"epochs": None, "steps": 2}), frames_every=1):
        pass  # the first optimiser and the first operations of a process cost seconds that are not ours
    started = time.perf_counter()
    frames = sum(1 for _ in train(plane, frames_every=0.5, prepared=prepared))
    seconds = time.perf_counter() - started
    print(seconds, frames, peak_megabytes(os.getpid()))


def main() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", "from bench.plane import measure; measure()"], capture_output=True, text=True, check=True
    )
    seconds, frames, megabytes = (float(part) for part in answer.stdout.split())
    line(f"528 students, 20 epochs, {frames:.0f} frames: seconds", f"{seconds:.1f}", "10 at most, 6 excellent")
    line("528 students: peak memory, MB", f"{megabytes:.0f}", "1000 at most")


if __name__ == "__main__":
    main()
