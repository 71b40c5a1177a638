"""Navigation: the pages that exist, and what all of them share."""

from pathlib import Path

import streamlit as st

from app import store
from kdcore.runs import LogUnavailable

HERE = Path(__file__).parent
ICON, WORDMARK = HERE / "icon.svg", HERE / "wordmark.svg"
# The page is as wide as its window: the board needs the room that Streamlit leaves at both sides.
STYLE = """
.stMainBlockContainer { padding-left: clamp(1rem, 2.5vw, 3rem); padding-right: clamp(1rem, 2.5vw, 3rem); }
"""

st.set_page_config(page_title="Dark Knowledge Lab", page_icon=str(ICON), layout="wide")
st.logo(str(WORDMARK), size="large")
st.html(f"<style>{STYLE}</style>")
page = st.navigation(
    [
        st.Page(
            "screens/lab.py",
            title="Lab",
            icon=":material/science:",
            help="Watch a teacher's knowledge move into a small student, beside one that hears only labels.",
            default=True,
        )
    ],
    position="top",
)
try:
    store.open_log()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
    st.stop()
page.run()
