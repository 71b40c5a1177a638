"""The Lab: one experiment, trained before your eyes."""

import streamlit as st

from app import session, store, viewers, widgets
from app.board.board import board
from app.snapshot import snapshot
from kdcore.runs import LogUnavailable

EXPLANATION = """
A **teacher** is a network that has learnt from a thousand examples. Two kinds of **students** see far fewer, the same
ones for both. One kind is told the **labels**: this is a 9. The other also hears the teacher's **opinions**: this is
a 9, but it could nearly be a 4. What sits in these second thoughts is called dark knowledge.

The **temperature** T makes opinions softer, so that second thoughts can be heard: drag it and watch the small bars
beside every picture. **Alpha** says how much a student listens to opinions rather than labels. Both act at once, while
the students learn. Every curve is the mean of several students, who differ in their **seed**: other first weights,
other pictures, another order. The band is the 95 % interval of that mean, the thin lines are single students.
"""


def main() -> None:
    """Controls, board, explanation."""
    log = store.open_log()
    watched = session.arrive(log)
    widgets.row()

    def act() -> None:
        session.act(log, st.session_state["board"].get("act"))

    interval = viewers.wanted(watched, session.session_id(), waiting=session.waiting())

    @st.fragment(run_every=interval)
    def live() -> None:
        try:
            shown = session.tick(log)
            wanted = viewers.wanted(shown, session.session_id(), waiting=session.waiting())
            data = snapshot(log, shown.run.id if shown else None, session.viewer())
        except LogUnavailable as unavailable:
            wanted, data = interval, session.last_seen(str(unavailable))
        if session.moved_on() or viewers.differs(interval, wanted):
            st.rerun()
        session.see(data)
        board(data, on_act=act, on_browser=session.know)

    live()
    st.markdown("### What you see")
    st.markdown(EXPLANATION)


try:
    main()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
