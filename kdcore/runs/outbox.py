"""A worker's writes, in order. Where the log refuses them, training goes on and they are kept and tried again."""

import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from kdcore.runs.database import LogUnavailable

PATIENCE_SECONDS = 300.0
RETRY_SECONDS = 2.0
MOST_WAITING = 400


@dataclass(frozen=True)
class _Write:
    do: Callable[[], object]
    spare: bool  # may be left out when too many wait


class Outbox:
    """Bounded: when too many writes wait, every second frame of them is left out; commands and states never are."""

    def __init__(self, patience: float = PATIENCE_SECONDS, retry: float | None = None) -> None:
        self._patience, self._retry = patience, RETRY_SECONDS if retry is None else retry
        self._waiting: deque[_Write] = deque()
        self._refused_since: float | None = None
        self._next_try = 0.0

    def put(self, do: Callable[[], object], spare: bool = False) -> None:
        """Write now, or after the writes that wait. Raises LogUnavailable when the log refused for too long."""
        self._waiting.append(_Write(do, spare))
        if len(self._waiting) > MOST_WAITING:
            self._thin_out()
        self.flush()

    def flush(self) -> bool:
        """Try the writes that wait, if it is time; whether none waits any more."""
        while self._waiting and time.monotonic() >= self._next_try:
            try:
                self._waiting[0].do()
            except LogUnavailable as error:
                self._refused(error)
                return False
            self._waiting.popleft()
            self._accepted()
        return not self._waiting

    def drain(self) -> None:
        """Wait until everything is written. Raises LogUnavailable when the log refused for too long."""
        while not self.flush():
            time.sleep(0.05)

    def _refused(self, error: LogUnavailable) -> None:
        now = time.monotonic()
        if self._refused_since is None:
            self._refused_since = now
            print(f"{error} Frames are kept for {self._patience:.0f} s.", file=sys.stderr, flush=True)
        elif now - self._refused_since > self._patience:
            raise LogUnavailable(f"{error} Training was given up after {self._patience:.0f} s without it.") from error
        self._next_try = now + self._retry

    def _accepted(self) -> None:
        if self._refused_since is not None:
            print("The run log can be written again.", file=sys.stderr, flush=True)
        self._refused_since, self._next_try = None, 0.0

    def _thin_out(self) -> None:
        kept: deque[_Write] = deque()
        frames = 0
        newest = max(index for index, write in enumerate(self._waiting) if write.spare)
        for index, write in enumerate(self._waiting):
            frames += write.spare
            if not write.spare or index == newest or frames % 2:
                kept.append(write)
        self._waiting = kept
