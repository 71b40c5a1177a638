"""Runs: the log that holds them, the processes that train them, recordings of them.

The server holds no training state: it writes a row for a run it wants, rows for commands, and reads frames.
"""

from kdcore.runs.classes import SchoolClass, Vote
from kdcore.runs.database import LogUnavailable
from kdcore.runs.log import ENDED, Run, RunLog, open_log
from kdcore.runs.pace import PACES, seconds_per_step
from kdcore.runs.processes import ensure_supervisor
from kdcore.runs.studies import Study
from kdcore.runs.wishes import want_layout, want_workers

__all__ = [
    "ENDED",
    "PACES",
    "LogUnavailable",
    "Run",
    "RunLog",
    "SchoolClass",
    "Study",
    "Vote",
    "ensure_supervisor",
    "open_log",
    "seconds_per_step",
    "want_layout",
    "want_workers",
]
