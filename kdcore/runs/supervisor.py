"""The supervisor: gives waiting runs to workers, notices dead ones, keeps spares. It speaks through the log only.

One for a data folder, by a file lock, in a session of its own: it outlives the server, and the workers outlive it. It
ends when for a minute there was neither a server nor a run. It trains nothing itself, so it does without torch.
"""

import argparse
import os
import signal
import subprocess
import sys
import time

from filelock import FileLock, Timeout

from kdcore.runs import weights
from kdcore.runs.crew import Crew, Worker
from kdcore.runs.database import LogUnavailable
from kdcore.runs.log import Run, RunLog, open_log
from kdcore.runs.processes import EXIT_NO_LOG, is_alive, is_local, own_name, start, supervisor_lock
from kdcore.runs.wishes import wanted_workers, wishes

POLL_SECONDS = 0.02
SLOW_POLL_SECONDS = 0.1
CARE_SECONDS = 1.0
PRUNE_SECONDS = 60.0
SPARE_SECONDS = 2.0
BUSY_SPARE_SECONDS = 15.0
MOST_SPARES = 2
LOST_SECONDS = 30.0
PACED_SLOTS = 16


class Supervisor:
    """One pass of `attend` does everything that is due."""

    def __init__(self, log: RunLog, crew: Crew, idle_seconds: float, cores: int) -> None:
        self.log, self.crew, self._idle_seconds, self._cores = log, crew, idle_seconds, cores
        self._changed = log.watcher()
        self._care = self._prune = 0.0
        self._busy_at = self._gave_at = time.monotonic()
        self._beside: dict[str, subprocess.Popen[bytes]] = {}

    def attend(self) -> bool:
        """Do what is due; False when there is nothing left to be here for."""
        now = time.monotonic()
        ended = self.crew.ended()
        for worker in ended:
            self._bury(worker)
        news = self.crew.listen() or bool(ended)
        care = now - self._care >= CARE_SECONDS
        if self._changed() or news or care:
            self.log.wake()
            self._assign()
        if care:
            self._care = now
            self._find_dead()
            self._keep_spares(now)
            searching = bool(self.log.studies("search", state="running", limit=1))
            self._look_after("projector", wanted=bool(wishes(self.log)))
            self._look_after("searcher", wanted=searching)
            if now - self._prune >= PRUNE_SECONDS:
                self._prune = now
                prune(self.log)
            if searching or self.log.beats("server:", self._idle_seconds) or self.log.active() or self.log.queued():
                self._busy_at = now
        return now - self._busy_at < self._idle_seconds

    def _assign(self) -> None:
        queue = [run for run in self.log.queued() if run.id not in self.crew.given()]
        if not queue:
            return
        given = [run for run_id in self.crew.given() if (run := self.log.run(run_id)) and run.state == "queued"]
        busy = {run.worker: run for run in self.log.active()} | {run.id: run for run in given}
        unpaced = sum(_is_unpaced(run) for run in busy.values())
        paced = len(busy) - unpaced
        for run in queue:
            free = unpaced < self._cores if _is_unpaced(run) else paced < PACED_SLOTS
            worker = next(iter(self.crew.idle()), None) or self.crew.start() if free else None
            if worker is None:
                continue
            worker.give(run.id)
            self._gave_at = time.monotonic()
            unpaced += _is_unpaced(run)
            paced += not _is_unpaced(run)

    def _keep_spares(self, now: float) -> None:
        """Have one worker waiting, two while somebody is about to use all cores.

        A new one starts a little later, so as not to disturb a run's first seconds; where unpaced runs have every core,
        a good deal later: most of them end before, and leave their workers as spares.
        """
        spares = min(self._cores, MOST_SPARES) if wanted_workers(self.log) else 1
        if len(self.crew.idle()) >= spares:
            self.crew.trim(spares)
            return
        full = sum(_is_unpaced(run) for run in self.log.active()) >= self._cores
        if now - self._gave_at >= (BUSY_SPARE_SECONDS if full else SPARE_SECONDS) or not self.crew.workers:
            self.crew.start()

    def _bury(self, worker: Worker) -> None:
        reason = _why_it_ended(worker.process.returncode)
        for run in self.log.active():
            if run.worker and run.worker.split(":")[1] == str(worker.process.pid) and is_local(run.worker):
                self.log.fail(run.id, run.worker, reason)
        if not worker.ready:
            note = (
                f"No worker could be started: {reason} {self.log.folder / 'worker.log'} says more. It is tried again."
            )
            for run in self.log.queued():
                self.log.update(run.id, reason=note)

    def _find_dead(self) -> None:
        """Runs whose worker, started by an earlier supervisor or on another machine, is gone."""
        own = {worker.process.pid for worker in self.crew.workers}
        for run in self.log.active():
            if run.worker and is_local(run.worker):
                dead = int(run.worker.split(":")[1]) not in own and not is_alive(run.worker)
            else:
                dead = time.time() - (run.heartbeat or run.created) > LOST_SECONDS
            if dead:
                self.log.fail(run.id, run.worker, "Its worker ended without a word; its frames are kept.")

    def _look_after(self, name: str, *, wanted: bool) -> None:
        """Have a process beside the workers while it is wanted, unless an earlier supervisor's still does its work."""
        known = self._beside.get(name)
        if not wanted or (known is not None and known.poll() is None):
            return
        try:
            with FileLock(self.log.folder / f"{name}.lock", timeout=0):
                pass
        except Timeout:
            return
        self._beside[name] = start(self.log, f"kdcore.runs.{name}")


def _is_unpaced(run: Run) -> bool:
    return run.pace == "full" and run.state != "paused"


def _why_it_ended(code: int) -> str:
    if code == EXIT_NO_LOG:
        return "The run log could not be written for minutes (is the disk full?), so training was given up."
    if code == -signal.SIGKILL:
        return "Its worker was killed; the machine may have run out of memory. Its frames are kept."
    if code < 0:
        return f"Its worker was ended by signal {-code} ({signal.strsignal(-code)}). Its frames are kept."
    return f"Its worker ended with code {code}; its frames are kept."


def prune(log: RunLog) -> list[str]:
    """Keep the log below DKLAB_MAX_GB (2), signs of life for a day; the runs that were deleted."""
    try:
        most = float(os.environ.get("DKLAB_MAX_GB", "2"))
    except ValueError:
        most = 2.0
    log.forget_beats(24 * 3600)
    removed = log.prune(int(most * 1e9))
    for run_id in removed:
        weights.delete(log.folder, run_id)
    return removed


def main() -> None:
    """Supervise until there is nothing left to be here for, or until told to end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--idle-seconds", type=float, default=60.0, help="end after so long without server and runs")
    parser.add_argument("--suspend-after", type=float, default=60.0, help="seconds of pause until a run is written out")
    parser.add_argument("--cores", type=int, default=os.cpu_count() or 1, help="most unpaced runs at a time")
    options = parser.parse_args()
    log = open_log()
    lock = supervisor_lock(log.folder, timeout=1.0)
    try:
        lock.acquire()
    except Timeout:
        sys.exit("There is a supervisor already.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    log.beat("supervisor", own_name())
    crew = Crew(log, ["--suspend-after", str(options.suspend_after)])
    supervisor = Supervisor(log, crew, options.idle_seconds, options.cores)
    poll = POLL_SECONDS if log.file else SLOW_POLL_SECONDS
    going = True
    while going:
        try:
            going = supervisor.attend()
        except LogUnavailable as error:
            print(error, file=sys.stderr, flush=True)
            time.sleep(CARE_SECONDS)
            if log.is_gone():
                sys.exit("The run log was taken away.")
        time.sleep(poll)


if __name__ == "__main__":
    main()
