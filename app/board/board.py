"""The board as a Streamlit component: one keyed element, fed with whole snapshots, redrawn in place by its modules."""

from collections.abc import Callable
from typing import Any

from app.component import component

_component = component("board", "Board")


def _nothing() -> None:
    """A callback that only declares that a key exists."""


def board(
    snapshot: dict[str, Any],
    *,
    key: str = "board",
    on_act: Callable[[], None] = _nothing,
    on_browser: Callable[[], None] = _nothing,
) -> Any:
    """Mount the board, or feed the one that is mounted under this key.

    The result has `.act`, what the person just did (a dict with "do", "browser" and "counter", or None), and
    `.browser`, the random key of this browser (None until it is known). `on_act` and `on_browser` run before the
    script, as callbacks do; they read the same values from `st.session_state[key]`.
    """
    return _component(key=key, data=snapshot, on_act_change=on_act, on_browser_change=on_browser)
