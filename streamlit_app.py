"""The server: `streamlit run streamlit_app.py`. Pages are in app/, what they show is in the run log."""

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st

from app import store
from app.routes import ROUTES
from kdcore import runs

PRESENCE_EVERY = 2.0
logger = logging.getLogger(__name__)


def _be_present(ended: threading.Event) -> None:
    """Keep a supervisor alive, and let it know that a server is here."""
    while not ended.is_set():
        try:
            runs.ensure_supervisor(store.open_log())
        except (runs.LogUnavailable, OSError):
            logger.exception("no supervisor could be started; runs wait")
        ended.wait(PRESENCE_EVERY)


def _warm_up() -> None:
    """Load what the first visitor needs, and take it out of the garbage collector's sight."""
    try:
        store.recorded_run(store.open_log())
    except runs.LogUnavailable as unavailable:
        logger.warning("%s", unavailable)
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """From the start of the server to its end."""
    ended = threading.Event()
    presence = threading.Thread(target=_be_present, args=(ended,), name="presence", daemon=True)
    presence.start()
    await asyncio.to_thread(_warm_up)
    yield
    ended.set()


app = st.App("app/main.py", routes=ROUTES, lifespan=lifespan)
