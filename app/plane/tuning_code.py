"""The loss of the chosen cell as a few lines of PyTorch, to be copied."""

import streamlit as st

from app.plane import tuning
from app.plane.tuning_snapshot import cell_of
from kdcore.runs import RunLog


def section(log: RunLog) -> None:
    """Closed until somebody asks for it."""
    shown = tuning.now(log)
    if shown is None:
        return
    column, row = cell_of(shown, tuning.view(shown))
    with st.expander(f"{shown.plane.name(column, row)} as PyTorch", icon=":material/content_copy:"):
        from kdcore.export.pytorch import loss_code

        try:
            st.code(loss_code(shown.plane.arm(column, row)), language=None)
        except ValueError as reason:
            st.caption(str(reason))
