"""The Lab: one experiment, trained before your eyes."""

from typing import Any

import streamlit as st

from app import classroom, present, session, store, widgets
from app.live_board import live_board
from app.plane import cell_alone
from app.snapshot import snapshot
from app.watch import Watched
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
    present.style()
    watched = session.arrive(log)
    widgets.row(st.session_state["parts"])
    cell_alone.section(log, watched)

    def picture(shown: Watched | None) -> dict[str, Any]:
        run = shown.run.id if shown else None
        classroom.lead(log, lesson=None, step=1, run=run, revealed=True)
        return snapshot(log, run, session.viewer())

    live_board(log, watched, picture)
    if present.on():
        return
    st.markdown("### What you see")
    st.markdown(EXPLANATION)


try:
    main()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
