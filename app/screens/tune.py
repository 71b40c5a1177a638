"""Tune: the whole plane of two knobs, a search over more of them, and your own data."""

import streamlit as st

from app import present, session, store, viewers
from app.plane import tuning, tuning_acts, tuning_code, tuning_controls, tuning_earlier
from app.plane.plane import plane
from app.plane.tuned import Tuned
from kdcore.runs import LogUnavailable, RunLog

LEAST_INTERVAL = 0.25
IDLE_INTERVAL = 20.0
EXPLANATION = """
Every cell is a kind of student with its own two knobs; all of them learn **at once**, from the same first weights, the
same pictures and the same order, so that cells differ by their knobs alone. The colour is the mean over seeds.

Whoever takes the best of so many cells takes a lucky one, too. So the best is looked for on **validation** examples,
and every cell that chance alone could have put first is hatched: the best temperature is a **region**. Test accuracy is
shown for the chosen cell only, because whoever looks at all of them has tuned on test.

Other people's **alpha** may mean something else: choose how your loss is written, and the axis is labelled with your
numbers. The factor between the two losses does not matter to Adam; with SGD it is another learning rate.
"""


def main() -> None:
    """Three tabs, of which the open one is drawn."""
    log = store.open_log()
    present.style()
    tuning.go()
    planes, search, own = st.tabs(["Plane", "Search", "Your numbers"], key="tab", bind="query-params")
    if search.open:
        from app.search import searching

        with search:
            searching.section(log)
    elif own.open:
        from app import own_data

        with own:
            own_data.section(log)
    else:
        with planes:
            _plane(log)


def _plane(log: RunLog) -> None:
    shown = tuning.arrive(log)
    tuning_controls.row()
    interval = _interval(shown)

    def act() -> None:
        tuning_acts.act(log, st.session_state["plane"].get("act"))

    def know() -> None:
        tuning.know(st.session_state["plane"].get("browser"))

    @st.fragment(run_every=interval)
    def live() -> None:
        try:
            store.keep_workers_warm(log)
            picture = tuning.picture(log)
            wanted = _interval(tuning.now(log))
        except LogUnavailable as unavailable:
            st.error(str(unavailable), title="The log of runs cannot be used")
            return
        if tuning.moved_on() or viewers.differs(interval, wanted):
            st.rerun()
        plane(picture, on_act=act, on_browser=know)

    live()
    if present.on():
        return
    tuning_code.section(log)
    tuning_earlier.section(log)
    st.markdown("### What you see")
    st.markdown(EXPLANATION)


def _interval(shown: Tuned | None) -> float:
    """Seconds between two looks; slow where nothing moves: then it only keeps the workers warm."""
    watching = viewers.seen(session.session_id())
    return max(LEAST_INTERVAL, viewers.interval(watching)) if shown is not None and shown.live else IDLE_INTERVAL


try:
    main()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
