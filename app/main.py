"""Navigation: the pages that exist, and what all of them share."""

from pathlib import Path

import streamlit as st

from app import classroom, store
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
PAGES = (
    (
        "lab",
        "Lab",
        "science",
        "Watch a teacher's knowledge move into a small student, beside one that hears only labels.",
    ),
    ("dark_knowledge", "Dark knowledge", "biotech", "What a teacher's wrong answers say, one example at a time."),
    ("tune", "Tune", "grid_on", "The whole plane of temperature and alpha, trained live; your own numbers; a search."),
    ("compare", "Compare", "compare_arrows", "Every run in the log; chosen ones side by side, with what is certain."),
    ("methods", "Methods", "menu_book", "Every way of moving knowledge: formula, drawing, source, cost; and a race."),
    ("lessons", "Lessons", "school", "Ten lessons: predict, train, compare."),
    ("lecturer", "Lecturer", "co_present", "Ninety minutes of class, planned."),
    ("glossary", "Glossary", "dictionary", "Every term on screen in one sentence."),
)
page = st.navigation(
    [
        st.Page(f"screens/{name}.py", title=title, icon=f":material/{icon}:", help=help, default=name == "lab")
        for name, title, icon, help in PAGES
        if (HERE / "screens" / f"{name}.py").exists()
    ],
    position="top",
)
try:
    store.open_log()
    classroom.go_along(page.url_path or "lab")
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
    st.stop()
page.run()
