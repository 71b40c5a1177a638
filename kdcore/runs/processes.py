"""Processes by name: who is alive, who holds the supervisor's lock, how one is started."""

import os
import socket
import subprocess
import sys
import threading
from functools import lru_cache
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from kdcore.runs.log import RunLog, open_log

EXIT_NO_LOG = 74
MOST_LOG_BYTES = 1_000_000
_started: subprocess.Popen[bytes] | None = None
_starting = threading.Lock()


def own_name() -> str:
    """host:pid:start of this process; no other process ever has the same."""
    return _name(psutil.Process())


def is_local(name: str) -> bool:
    """Whether that process runs (or ran) on this machine."""
    return name.split(":")[0] == socket.gethostname()


def is_alive(name: str) -> bool:
    """Whether the process of that name, on this machine, still runs."""
    try:
        process = psutil.Process(int(name.split(":")[1]))
        return _name(process) == name and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError, IndexError):
        return False


def _name(process: psutil.Process) -> str:
    return f"{socket.gethostname()}:{process.pid}:{process.create_time():.2f}"


def start(log: RunLog, module: str, *arguments: str, **options: object) -> "subprocess.Popen[bytes]":
    """Start `python -m module` on this log, in a session of its own: it outlives this process and its terminal.

    Its complaints go to `<last part of module>.log` in the data folder.
    """
    file = log.folder / f"{module.rpartition('.')[2]}.log"
    if file.exists() and file.stat().st_size > MOST_LOG_BYTES:
        file.replace(file.with_suffix(".old.log"))
    source = str(Path(__file__).resolve().parents[2])
    paths = [source, *filter(None, [os.environ.get("PYTHONPATH")])]
    # One thread a run: several runs share the machine, and a replay is bit-equal. Memory in large pages, where glibc
    # and Linux offer them: a step of 500 students walks through some 50 MB and takes an eighth less time.
    environment = {
        "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
        **os.environ,
        "DKLAB_HOME": str(log.folder),
        "DKLAB_DATABASE_URL": log.url,
        "PYTHONPATH": os.pathsep.join(paths),
        "OMP_NUM_THREADS": "1",
        "NUMBA_NUM_THREADS": "1",
        "NUMBA_CACHE_DIR": str(log.folder / "numba"),
    }
    settings: dict[str, object] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL} | options
    with file.open("ab") as complaints:
        return subprocess.Popen(  # type: ignore[call-overload, no-any-return]
            [sys.executable, "-m", module, *arguments],
            stderr=complaints,
            env=environment,
            start_new_session=True,
            **settings,
        )


def supervisor_lock(folder: Path, timeout: float = 0.0) -> FileLock:
    """The lock whose holder is the one supervisor of a data folder."""
    return FileLock(folder / "supervisor.lock", timeout=timeout, thread_local=False)


def ensure_supervisor(log: RunLog | None = None) -> None:
    """Say that a server is here, and start a supervisor if there is none. Call it every two seconds or so.

    Raises LogUnavailable.
    """
    global _started
    log = log or _default_log()
    log.beat(f"server:{own_name()}")
    with _starting:
        if _started is not None and _started.poll() is None:
            return
        try:
            with supervisor_lock(log.folder):
                pass
        except Timeout:
            return
        _started = start(log, "kdcore.runs.supervisor")


@lru_cache(maxsize=1)
def _default_log() -> RunLog:
    return open_log()
