"""Methods: every way of moving knowledge with its formula, source and cost; and the race between them."""

import streamlit as st

from app import present, store
from app.gallery import entry
from app.gallery.listing import listing, snapshot
from kdcore import gallery
from kdcore.runs import LogUnavailable

FIRST = "hinton"


def main() -> None:
    """Two tabs, of which the open one is drawn."""
    store.open_log()
    present.style()
    shown, race = st.tabs(["Gallery", "Race"], key="tab", bind="query-params")
    if race.open:
        with race:
            _race()
    else:
        with shown:
            _gallery()


def _gallery() -> None:
    try:
        entries = {each.name: each for each in gallery.entries()}
    except ValueError as error:
        st.error(str(error), title="The words about methods cannot be read")
        return
    asked = st.query_params.get("entry", FIRST)
    chosen = asked if asked in entries else FIRST
    left, right = st.columns([1, 2.5], gap="large")
    with left, st.container(key="methods-list"):
        listing(snapshot(list(entries.values()), chosen, present=present.on()), on_act=_choose)
    with right:
        if asked != chosen:
            st.info(f"There is no method or programme {asked[:40]!r}. Plain distillation is shown.")
        entry.show(entries[chosen])
        present.toggle()


def _choose() -> None:
    act = st.session_state["gallery"].get("act")
    if isinstance(act, dict) and act.get("entry") in gallery.names():
        st.query_params["entry"] = act["entry"]


def _race() -> None:
    """Read when its tab is opened."""
    from app.race.race import race

    race()


try:
    main()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
