"""Dark knowledge: one example under the microscope."""

import streamlit as st

from app import looking, present, session, store, viewers
from app.microscope.microscope import microscope
from app.watch import Watched
from kdcore.runs import LogUnavailable

LEAST_INTERVAL = 0.5
EXPLANATION = """
A label names one class and is silent about the others. A trained teacher is not: to the wrong classes, too, it gives
numbers, and in their **proportions** sits what it has learnt about likeness. At temperature 1 they are too small to
see; a higher **temperature** T divides all logits by T before they become soft labels, and the small ones rise. Switch
the axis to log to see them at T = 1.

**What the student is told** is the gradient of its loss, (1 − alpha) · cross-entropy + alpha · T² · KL, at its logits:
what this one example would change in what the student says. Exchange the **target** to tell softness from knowledge.
"""


def main() -> None:
    """The component, fed by a fragment while the run goes on; explanation."""
    log = store.open_log()
    present.style()
    watched = looking.arrive(log)

    def act() -> None:
        looking.act(log, st.session_state["microscope"].get("act"))

    interval = _interval(looking.asked(log) or watched)

    @st.fragment(run_every=interval)
    def live() -> None:
        try:
            shown = looking.now(log)
        except LogUnavailable as unavailable:
            st.error(str(unavailable), title="The log of runs cannot be used")
            return
        if viewers.differs(interval, _interval(looking.asked(log) or shown)):
            st.rerun()
        microscope(looking.snapshot(shown), on_act=act)

    live()
    present.toggle()
    if present.on():
        return
    st.markdown("### What you see")
    st.markdown(EXPLANATION)


def _interval(watched: Watched | None) -> float | None:
    """Seconds between two asks: opinions change at most twice a second here."""
    wanted = viewers.wanted(watched, session.session_id())
    return None if wanted is None else max(LEAST_INTERVAL, wanted)


try:
    main()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
