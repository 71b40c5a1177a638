"""A real server of the Lab for the browser tests: its own port, its own data folder, no other machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil

from kdcore.experiment import Command
from kdcore.runs import LogUnavailable, RunLog

ROOT = Path(__file__).parents[2]
GUARD = Path(__file__).parent / "guard"
START_DEADLINE = 60.0


class Server:
    """Started as `make run` starts it. `stop` ends the server and whatever it started, each by its number."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        self.output = home / "server.txt"
        self.outside = home / "outside.txt"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = os.environ | {
            "DKLAB_HOME": str(self.home),
            "DKLAB_OUTSIDE": str(self.outside),
            "PYTHONPATH": str(GUARD),
            "HOST": "localhost",
            "PORT": str(self.port),
        }
        environment.pop("OMP_NUM_THREADS", None)
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "scripts" / "serve.py")],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_healthy(self._process)

    def kill(self) -> None:
        """End the server at once, as a crash would; its workers stay."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        self.kill()
        for process in self.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()

    def end_runs(self) -> None:
        """Stop what still trains: nobody looks at it any more, and the next test needs the cores."""
        with contextlib.suppress(LogUnavailable):  # a test may have taken the log away
            log = RunLog(f"sqlite:///{self.home / 'log.sqlite'}")
            for run in [*log.active(), *log.queued()]:
                log.command(run.id, Command(kind="stop"), client="test", counter=time.time_ns())
            log.close()

    def processes(self) -> list[psutil.Process]:
        """Everything that works in this server's data folder: the server, its supervisor, its workers."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("DKLAB_HOME") == str(self.home):
                    found.append(process)
        return found

    def said(self) -> str:
        """The last lines of what the server wrote."""
        return "\n".join(self.output.read_text(errors="replace").splitlines()[-40:]) if self.output.exists() else ""

    def asked_outside(self) -> list[str]:
        """Attempts to reach another machine."""
        return self.outside.read_text().splitlines() if self.outside.exists() else []

    def _wait_until_healthy(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_DEADLINE
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"the server ended with code {process.returncode}:\n{self.said()}")
            if self._is_healthy():
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"the server did not answer within {START_DEADLINE:.0f} s:\n{self.said()}")

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=2) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
