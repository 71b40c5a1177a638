"""Side by side on a page: chosen runs, a pinned baseline, and what may be said of their differences.

The address is the comparison. What is drawn comes to the browser by the read-only addresses (`comparing`); this
module only says which link holds now, and does what hands ask for.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from app import present, store, viewers
from app.comparison.entries import Gathered, gather
from app.comparison.looks import NAMES, Look, look_of
from app.comparison.more_seeds import train_more
from app.component import component
from kdcore.runs import LogUnavailable, RunLog

EVERY = 1.0


def section(log: RunLog) -> None:
    """The runs of the address (`?runs=a,b`) side by side; without any, a recorded run's own arms as an example."""
    interval = EVERY if _gathered(log).live else None

    def act() -> None:
        _act(log, st.session_state["comparison"].get("act"))

    @st.fragment(run_every=interval)
    def live() -> None:
        try:
            gathered = _gathered(log)
            _view()(key="comparison", data=_snapshot(log, gathered), on_act_change=act)
        except LogUnavailable as unavailable:
            st.error(str(unavailable), title="The log of runs cannot be used")
            return
        if gathered.live != (interval is not None):
            st.rerun()

    live()


@cache
def _view() -> Callable[..., Any]:
    return component("comparison", "Comparison")  # within a page's run: a component is not made before there is a page


def asked(log: RunLog) -> tuple[Look, bool]:
    """What the address asks for, and whether it is the example because it names no run."""
    look, _ = look_of(st.query_params.to_dict())
    if look.runs:
        return look, False
    recorded = store.recorded_run(log)
    return replace(look, runs=(recorded,) if recorded else ()), True


def _gathered(log: RunLog) -> Gathered:
    look, _ = asked(log)
    return viewers.read_once(("compared", id(log), look.runs, look.also), lambda: gather(log, look))


def _snapshot(log: RunLog, gathered: Gathered) -> dict[str, Any]:
    look, example = asked(log)
    state = st.session_state
    return {
        "query": urlencode(look.address()),
        "mark": gathered.mark,
        "example": example,
        "present": present.on(),
        "serial": state.get("comparison_serial", 0),
        "notes": state.get("comparison_notes", []),
    }


def _act(log: RunLog, given: Any) -> None:
    """Do what the component asks for: another look at the same runs, or more seeds of them."""
    state = st.session_state
    if not isinstance(given, dict) or not isinstance(given.get("serial"), int):
        return
    state["comparison_serial"], state["comparison_notes"] = given["serial"], []
    match given.get("do"):
        case "look" if isinstance(given.get("look"), dict):
            _write_address({str(name): str(value) for name, value in given["look"].items()})
        case "more" if isinstance(given.get("browser"), str) and given["browser"]:
            try:
                train_more(log, asked(log)[0], int(given.get("count", 0)), given["browser"][:80])
            except (ValueError, LogUnavailable) as problem:
                state["comparison_notes"] = [str(problem)]


def _write_address(given: dict[str, str]) -> None:
    """Put another look at the same runs into the address; what else stands there stays."""
    here = st.query_params.to_dict()
    look, _ = look_of({name: text for name, text in given.items() if name != "runs"})
    runs = {"runs": here["runs"]} if "runs" in here else {}
    wanted = {name: text for name, text in here.items() if name not in NAMES} | runs | look.address()
    if wanted != here:
        st.query_params.from_dict(wanted)
