"""The run log that the whole server shares, and the recorded run that the first screen shows."""

import logging
import os
import time
from functools import lru_cache
from pathlib import Path

import streamlit as st

from kdcore import runs
from kdcore.runs import recording

SHIPPED = Path(__file__).parent.parent / "assets" / "thirty_pictures.dklab"
WISH_EVERY = 15.0
logger = logging.getLogger(__name__)


def open_log() -> runs.RunLog:
    """The run log of this server, opened once; raises `runs.LogUnavailable` with a message for people."""
    return _open(os.environ.get("DKLAB_DATABASE_URL"), os.environ.get("DKLAB_HOME"))


@lru_cache(maxsize=4)
def _open(url: str | None, home: str | None) -> runs.RunLog:
    """One log for each place that the environment has named."""
    return runs.open_log()


def keep_workers_warm(log: runs.RunLog) -> None:
    """Let the supervisor know that much may be started here; called at every drawing, it writes now and then."""
    state, at = st.session_state, time.monotonic()
    if at - state.get("workers_wished_at", -1e9) > WISH_EVERY:
        state["workers_wished_at"] = at
        runs.want_workers(log)


@lru_cache(maxsize=4)
def recorded_run(log: runs.RunLog) -> str | None:
    """The id of the run that ships with the program, loaded into the log; None where its file is not there."""
    if not SHIPPED.is_file():
        logger.warning("no recorded run to show: %s is not there", SHIPPED)
        return None
    try:
        return recording.load(log, SHIPPED)
    except recording.NoRecording as problem:
        logger.warning("no recorded run to show: %s", problem)
        return None
