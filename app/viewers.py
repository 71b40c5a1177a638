"""How many people watch, and how often each of them may ask.

One server answers about 240 small asks a second and falls over soon after; nothing else pushes back. So everyone
together asks at most 80 times a second.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar, cast

from app.watch import Watched

FASTEST = 0.1
ASKS_PER_SECOND = 80
SEEN_FOR = 5.0
CHANGE = 1.5
UNHURRIED = 1.0
MOVING = ("queued", "teacher", "running")
FRESH = 0.4
KEPT = 64
Read = TypeVar("Read")

_seen: dict[str, float] = {}
_read: dict[tuple[Any, ...], tuple[float, Any]] = {}
_lock = threading.Lock()


def seen(session: str) -> int:
    """Note that this session is watching; how many were within the last 5 s."""
    now = time.monotonic()
    with _lock:
        _seen[session] = now
        for other in [other for other, last in _seen.items() if now - last > SEEN_FOR]:
            del _seen[other]
        return len(_seen)


def interval(viewers: int) -> float:
    """Seconds between two asks of one viewer of a run that moves."""
    return max(FASTEST, viewers / ASKS_PER_SECOND)


def wanted(watched: Watched | None, session: str, *, waiting: bool = False) -> float | None:
    """Seconds between two asks of this session; None where nothing can move.

    `waiting`: for something beside the run, such as a layout.
    """
    watching = seen(session)
    if watched is not None and watched.run.state in MOVING:
        return interval(watching)
    if waiting or (watched is not None and watched.live):
        return max(UNHURRIED, interval(watching))
    return None


def differs(current: float | None, wanted: float | None) -> bool:
    """Whether the interval in force is so far from the wanted one that the page should be run anew."""
    if current is None or wanted is None:
        return current is not wanted
    return max(current / wanted, wanted / current) > CHANGE


def read_once(key: tuple[Any, ...], read: Callable[[], Read]) -> Read:
    """What `read` gives, read at most every 0.4 s however many watch."""
    with _lock:
        now = time.monotonic()
        at, value = _read.get(key, (-1e9, None))
        if now - at > FRESH:
            value = read()
            _read[key] = now, value
            for other in [other for other, (last, _) in _read.items() if now - last > FRESH][:-KEPT]:
                del _read[other]
        return cast(Read, value)
