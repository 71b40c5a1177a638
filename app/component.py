"""Components of our own: modules and a style sheet in one folder of `app/`, served at `/lab/<folder>/<file>`.

Streamlit is only handed `entry.js`, which imports the rest, since that part travels with every snapshot.
"""

import hashlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st

APP = Path(__file__).parent
FOLDERS = ("board", "comparison", "diagram", "gallery", "microscope", "plane", "race", "search", "votes")
"""What may be asked for from a browser. A module may import another folder's: `../board/soft.js`."""


@lru_cache(maxsize=1)
def files() -> dict[tuple[str, str], Path]:
    """Every script and style sheet of the components by folder and name: nothing else is ever served."""
    return {
        (folder, path.name): path
        for folder in FOLDERS
        for path in sorted((APP / folder).glob("*"))
        if path.suffix in (".js", ".css")
    }


@lru_cache(maxsize=1)
def _version() -> str:
    return hashlib.sha256(b"".join(path.read_bytes() for path in files().values())).hexdigest()[:12]


def component(folder: str, view: str) -> Callable[..., Any]:
    """Register the component of a folder. `<folder>.js` exports the class `view`, `<folder>.css` styles it.

    The class is made once with Streamlit's component, then gets every snapshot by `update(component)`; `close()` ends.
    """
    entry = (APP / "entry.js").read_text(encoding="utf-8")
    for name, value in {"FOLDER": folder, "VIEW": view, "VERSION": _version()}.items():
        entry = entry.replace(name, value)
    return st.components.v2.component(f"dark_knowledge_{folder}", js=entry, isolate_styles=False)
