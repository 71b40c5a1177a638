"""The server: `streamlit run streamlit_app.py`. Pages are in app/, what they show is in the run log.

The server answers at once. What its pages need takes seconds to import (torch alone more than one), so a thread does
that meanwhile, and a visitor who is quicker waits for no more than the rest of it.
"""

import asyncio
import gc
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import streamlit as st
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

PRESENCE_EVERY = 2.0
logger = logging.getLogger(__name__)


def _be_present(ended: threading.Event) -> None:
    """Warm up; then keep a supervisor alive, and let it know that a server is here."""
    from app import store
    from kdcore import runs

    _warm_up()
    while not ended.is_set():
        try:
            runs.ensure_supervisor(store.open_log())
        except (runs.LogUnavailable, OSError):
            logger.exception("no supervisor could be started; runs wait")
        ended.wait(PRESENCE_EVERY)


def _warm_up() -> None:
    """Load what the first visitor needs, and take it out of the garbage collector's sight."""
    from app import store
    from kdcore import runs

    _board_routes()
    try:
        store.recorded_run(store.open_log())
    except runs.LogUnavailable as unavailable:
        logger.warning("%s", unavailable)
    gc.collect()
    gc.freeze()


@cache
def _board_routes() -> Router:
    from app.routes import ROUTES

    return Router(ROUTES)


class BoardRoutes:
    """The read-only addresses of the board, imported when they are first asked for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        router = await asyncio.to_thread(_board_routes)
        await router(scope, receive, send)


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[None]:
    """From the start of the server to its end."""
    ended = threading.Event()
    threading.Thread(target=_be_present, args=(ended,), name="presence", daemon=True).start()
    yield
    ended.set()


app = st.App("app/main.py", routes=[Route("/lab/{path:path}", BoardRoutes())], lifespan=lifespan)
