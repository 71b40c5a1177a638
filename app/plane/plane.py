"""The plane as a Streamlit component: a map of two knobs, one chosen cell, slices through it."""

from collections.abc import Callable
from typing import Any

from app.component import component

_component = component("plane", "PlaneView")


def _nothing() -> None:
    """A callback that only declares that a key exists."""


def plane(
    snapshot: dict[str, Any],
    *,
    key: str = "plane",
    on_act: Callable[[], None] = _nothing,
    on_browser: Callable[[], None] = _nothing,
) -> Any:
    """Mount the plane, or feed the one that is mounted under this key.

    The result has `.act`, what the person just did: {"do": "train" | "stop" | "choose" | "measure" | "convention" |
    "yours" | "lab" | "compare", ...} with "browser" and "counter", and `.browser`, the random key of this browser.
    """
    return _component(key=key, data=snapshot, on_act_change=on_act, on_browser_change=on_browser)
