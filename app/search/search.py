"""The search as a Streamlit component: the best so far, every knob, what matters, one chosen trial."""

from collections.abc import Callable
from typing import Any

from app.component import component

_component = component("search", "SearchView")


def _nothing() -> None:
    """A callback that only declares that a key exists."""


def search(
    snapshot: dict[str, Any],
    *,
    key: str = "search",
    on_act: Callable[[], None] = _nothing,
    on_browser: Callable[[], None] = _nothing,
) -> Any:
    """Mount the search, or feed the one that is mounted under this key.

    The result has `.act`, what the person just did: {"do": "start" | "stop" | "continue" | "choose" | "lab" | "fresh",
    ...} with "browser" and "counter", and `.browser`, the random key of this browser.
    """
    return _component(key=key, data=snapshot, on_act_change=on_act, on_browser_change=on_browser)
