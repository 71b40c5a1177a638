"""Present mode, `?present=1`: larger type and thicker lines, nothing of the page's own frame; and the pages' style."""

from functools import lru_cache
from pathlib import Path

import streamlit as st

HERE = Path(__file__).parent


@lru_cache(maxsize=2)
def _sheet(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def on() -> bool:
    """Whether the address asks for it."""
    return "present" in st.query_params


def style() -> None:
    """The pages' own style, with that of present mode where it is on."""
    st.html(f"<style>{_sheet('pages.css')}{_sheet('present.css') if on() else ''}</style>")


def toggle() -> None:
    """The button that begins and ends it."""
    if on():
        st.button("End presenting", icon=":material/close_fullscreen:", on_click=_turn)
    else:
        help = "Larger type and thicker lines, legible from the last row"
        st.button("Present", icon=":material/present_to_all:", help=help, on_click=_turn)


def _turn() -> None:
    if on():
        del st.query_params["present"]
    else:
        st.query_params["present"] = "1"
