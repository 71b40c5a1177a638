"""Compare: the library of all runs, and those that are chosen side by side."""

import streamlit as st

from app import browser_key, present, store
from app.comparison import comparison
from app.library import library
from kdcore.runs import LogUnavailable

SEEN, SEEN_ABOVE_A_COMPARISON = 8, 6


def main() -> None:
    """The library above, the comparison below."""
    log = store.open_log()
    present.style()
    with st.container(key="library"):
        library.section(log, lines_high=SEEN_ABOVE_A_COMPARISON if "runs" in st.query_params else SEEN)
    comparison.section(log)
    browser_key.ask()


try:
    main()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
