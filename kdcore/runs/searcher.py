"""The searcher: drives every search of the log that is running, in a process of its own.

Started by the supervisor; ends twenty seconds after there was no running search. It looks at the log, and where no run
of a search is on its way it makes the next one, or says that the budget is spent. So it may be killed at any time.
"""

import sys
import time
import traceback

from filelock import FileLock, Timeout

from kdcore.batches import next_batch
from kdcore.experiment import Command
from kdcore.runs import searches
from kdcore.runs.database import LogUnavailable
from kdcore.runs.log import ENDED, RunLog, open_log
from kdcore.runs.studies import Study

POLL_SECONDS = 0.15
UNWANTED_SECONDS = 20.0
BEAT_SECONDS = 5.0
FEW = 4
"""Among so many of the newest runs of a search is one that is no teacher's."""
MOST_FAILURES = 2
"""One failed run costs its trials only; what fails twice in turn will fail again."""


class Searcher:
    """What one process knows beside the log: which runs it has seen fail, one after the other."""

    def __init__(self, log: RunLog) -> None:
        self.log = log
        self._failed: dict[str, list[str]] = {}

    def attend(self) -> int:
        """Do what is due for every running search; how many there are."""
        running = self.log.studies("search", state="running")
        for study in running:
            try:
                self._drive(study)
            except LogUnavailable:
                raise
            except Exception as error:
                traceback.print_exc()
                self._end(study, "failed", f"{type(error).__name__}: {error}")
        return len(running)

    def _drive(self, study: Study) -> None:
        if time.time() - (study.heartbeat or 0.0) > BEAT_SECONDS:
            self.log.update_study(study.id, heartbeat=time.time())
        newest = searches.runs_of(self.log, study.id, limit=FEW)
        if newest and newest[-1].state not in ENDED:
            return
        for run in newest[-1:]:
            searches.keep_numbers_only(self.log, run)
        failed = self._failed.setdefault(study.id, [])
        if newest and newest[-1].state == "failed" and newest[-1].id not in failed:
            failed.append(newest[-1].id)
        elif newest and newest[-1].state != "failed":
            failed.clear()
        if len(failed) >= MOST_FAILURES:
            failed.clear()
            self._end(study, "failed", f"{MOST_FAILURES} runs failed, one after the other: {newest[-1].reason}")
            return
        self._train_next(study)

    def _train_next(self, study: Study) -> None:
        search, runs = searches.search_of(study), searches.runs_of(self.log, study.id)
        spent = search.seconds is not None and searches.seconds_spent(runs) >= search.seconds
        batch = None if spent else next_batch(search, searches.trials(self.log, study, runs))
        if batch is None:
            self._end(study, "finished")
            return
        self.log.create(
            search.experiment_of(batch.arms),
            owner=study.owner,
            pace="full",
            group=study.id,
            commands=() if batch.stop is None else (Command("stop", step=batch.stop),),
        )
        now = self.log.study(study.id)
        if now is not None and now.state == "stopped":  # by hand, since it was read
            searches.stop(self.log, study.id, client="searcher")

    def _end(self, study: Study, state: str, reason: str = "") -> None:
        """Say how a search ended, unless it was stopped or changed by hand in the meantime."""
        now = self.log.study(study.id)
        if now is not None and now.state == "running" and now.spec == study.spec:
            self.log.update_study(study.id, state=state, reason=reason)


def main() -> None:
    """Drive searches while there are any."""
    log = open_log()
    lock = FileLock(log.folder / "searcher.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        sys.exit("There is a searcher already.")
    searcher = Searcher(log)
    wanted_at = time.monotonic()
    while time.monotonic() - wanted_at < UNWANTED_SECONDS:
        try:
            if searcher.attend():
                wanted_at = time.monotonic()
        except LogUnavailable as error:
            print(error, file=sys.stderr, flush=True)
            if log.is_gone():
                sys.exit("The run log was taken away.")
            time.sleep(1.0)
        time.sleep(POLL_SECONDS)


if __name__ == "__main__":
    main()
