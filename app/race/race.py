"""The race of methods as a part of a page: what it is raced on, the leaderboard, what papers report."""

from functools import cache
from typing import Any

import streamlit as st

from app import session, store, viewers
from app.component import component
from app.race import published, race_controls, race_state
from app.race.raced import Raced
from kdcore.runs import LogUnavailable

LEAST_INTERVAL = 0.25
IDLE_INTERVAL = 20.0


def race() -> None:
    """Everything of the race. Raises LogUnavailable where the log cannot be used."""
    log = store.open_log()
    race_state.go()
    shown = race_state.arrive(log)
    race_controls.row()
    interval = _interval(shown)

    def act() -> None:
        race_state.act(log, st.session_state["race"].get("act"))

    def know() -> None:
        race_state.know(st.session_state["race"].get("browser"))

    @st.fragment(run_every=interval)
    def live() -> None:
        try:
            store.keep_workers_warm(log)
            picture = race_state.picture(log)
            wanted = _interval(race_state.now(log))
        except LogUnavailable as unavailable:
            st.error(str(unavailable), title="The log of runs cannot be used")
            return
        if race_state.moved_on() or viewers.differs(interval, wanted):
            st.rerun()
        _view()(key="race", data=picture, on_act_change=act, on_browser_change=know)

    live()
    published.section()


@cache
def _view() -> Any:
    return component("race", "RaceView")  # within a page's run: a component is not made before there is a page


def _interval(shown: Raced | None) -> float:
    """Seconds between two looks; slow where nothing moves: then it only keeps a worker warm."""
    watching = viewers.seen(session.session_id())
    return max(LEAST_INTERVAL, viewers.interval(watching)) if shown is not None and shown.live else IDLE_INTERVAL
