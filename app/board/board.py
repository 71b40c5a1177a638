"""The board as a Streamlit component: one keyed element, fed with whole snapshots, redrawn in place by its own modules.

The modules and the style sheet in this folder are served at `/lab/board/<file>`; only `entry.js`, which imports them,
is handed to Streamlit, since that part travels with every snapshot.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

FOLDER = Path(__file__).parent
FILES = tuple(sorted(path.name for pattern in ("*.js", "*.css") for path in FOLDER.glob(pattern)))
VERSION = hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in FILES)).hexdigest()[:12]

_component = st.components.v2.component(
    "dark_knowledge_board",
    js=(FOLDER / "entry.js").read_text(encoding="utf-8").replace("VERSION", VERSION),
    isolate_styles=False,
)


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
