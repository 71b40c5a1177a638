"""Which browser this is, on pages that have no component of their own to say so."""

from functools import lru_cache
from typing import Any

import streamlit as st

SAY = """
export default function say({ setStateValue }) {
  const address = new URL("/lab/board/acts.js", document.baseURI).href;
  import(address).then(({ browserKey }) => setStateValue("browser", browserKey()));
}
"""


@lru_cache(maxsize=1)
def _component() -> Any:
    return st.components.v2.component("dark_knowledge_browser", js=SAY)


def ask() -> None:
    """Have the browser say its key, once for each tab; the page then runs again with it in the session."""
    if not st.session_state.get("browser"):
        _component()(key="browser-key", on_browser_change=_know)


def _know() -> None:
    key = st.session_state["browser-key"].get("browser")
    if isinstance(key, str) and key:
        st.session_state["browser"] = key[:80]
