"""The board on a page: fed by a timed fragment while something moves, quiet otherwise."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from app import classroom, session, viewers
from app.board.board import board
from app.watch import Watched
from kdcore.runs import LogUnavailable, RunLog


def live_board(log: RunLog, watched: Watched | None, picture: Callable[[Watched | None], dict[str, Any]]) -> None:
    """Mount the board, or go on feeding it. `picture` gives the snapshot of the run that is shown, at every tick."""

    def act() -> None:
        session.act(log, st.session_state["board"].get("act"))

    interval = viewers.wanted(watched, session.session_id(), waiting=session.waiting())

    @st.fragment(run_every=interval)
    def live() -> None:
        try:
            shown = session.tick(log)
            data = picture(shown)
            wanted = viewers.wanted(shown, session.session_id(), waiting=session.waiting())
        except LogUnavailable as unavailable:
            wanted, data = interval, session.last_seen(str(unavailable))
        if session.moved_on() or viewers.differs(interval, wanted):
            st.rerun()
        session.see(data)
        board(data, on_act=act, on_browser=session.know)

    live()
    if interval is None:
        classroom.listen()
