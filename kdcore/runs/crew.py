"""The supervisor's worker processes: spares that wait, warm, and those that train."""

import os
import subprocess
import time
from dataclasses import dataclass, field

from kdcore.runs.log import RunLog
from kdcore.runs.processes import start

LONGEST_BACKOFF_SECONDS = 60.0


@dataclass(eq=False)
class Worker:
    """One worker process; `run_id` is what it was given and is not done with. It may be given before it is ready."""

    process: "subprocess.Popen[bytes]"
    started: float = field(default_factory=time.monotonic)
    ready: bool = False
    run_id: str | None = None
    dismissed: bool = False

    def listen(self) -> bool:
        """Hear whether it has become ready: warm, the first time; done with its run, every other time."""
        assert self.process.stdout is not None
        try:
            heard = os.read(self.process.stdout.fileno(), 4096).count(b"ready")
        except BlockingIOError:
            return False
        if heard + self.ready > 1:
            self.run_id = None
        self.ready = self.ready or heard > 0
        return heard > 0

    def give(self, run_id: str) -> None:
        """Hand it a run, at once or for when it is ready. A worker that is gone is noticed by `Crew.ended`."""
        assert self.process.stdin is not None
        self.run_id = run_id
        try:
            self.process.stdin.write(f"{run_id}\n".encode())
            self.process.stdin.flush()
        except OSError:
            self.run_id = None

    def dismiss(self) -> None:
        """Let it end when it next waits."""
        assert self.process.stdin is not None
        self.dismissed = True
        self.process.stdin.close()


class Crew:
    """The workers that this supervisor started."""

    def __init__(self, log: RunLog, arguments: list[str]) -> None:
        self._log, self._arguments = log, arguments
        self.workers: list[Worker] = []
        self._not_before, self._backoff = 0.0, 1.0

    def start(self) -> Worker | None:
        """Start one more; None for a while after one could not even become ready."""
        if time.monotonic() < self._not_before:
            return None
        process = start(
            self._log, "kdcore.runs.worker", *self._arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        self.workers.append(Worker(process))
        return self.workers[-1]

    def listen(self) -> bool:
        """Hear all workers; whether any has become ready."""
        heard = [worker.listen() for worker in self.workers]
        if any(heard):
            self._backoff = 1.0
        return any(heard)

    def idle(self) -> list[Worker]:
        """Those without a run, the ready ones first."""
        idle = [worker for worker in self.workers if worker.run_id is None and not worker.dismissed]
        return sorted(idle, key=lambda worker: (not worker.ready, worker.started))

    def given(self) -> set[str]:
        """The runs that were handed out and are not known to be done."""
        return {worker.run_id for worker in self.workers if worker.run_id is not None}

    def ended(self) -> list[Worker]:
        """Those that have ended since this was last asked."""
        gone = [worker for worker in self.workers if worker.process.poll() is not None]
        for worker in gone:
            self.workers.remove(worker)
            if not worker.ready:
                self._not_before = time.monotonic() + self._backoff
                self._backoff = min(LONGEST_BACKOFF_SECONDS, 2 * self._backoff)
        return gone

    def trim(self, spares: int = 1) -> None:
        """Keep so many spares."""
        for worker in self.idle()[spares:]:
            if worker.ready:
                worker.dismiss()
