"""The list of methods as a Streamlit component: searched while one types, filtered, one line chosen."""

import hashlib
import json
import unicodedata
from collections.abc import Callable
from typing import Any

from app.component import component
from kdcore.gallery import FAMILIES, NEEDS, Entry

_component = component("gallery", "GalleryView")


def _nothing() -> None:
    """A callback that only declares that a key exists."""


def listing(snapshot: dict[str, Any], *, key: str = "gallery", on_act: Callable[[], None] = _nothing) -> Any:
    """Mount the list, or feed the one that is mounted under this key.

    The result has `.act`, what the person just chose: {"entry": name, "at": ...}.
    """
    return _component(key=key, data=snapshot, on_act_change=on_act)


def snapshot(entries: list[Entry], chosen: str, *, present: bool) -> dict[str, Any]:
    """What the browser needs to show, search and filter the list."""
    lines = [_line(entry) for entry in entries]
    used = {need for line in lines for need in line["needs"]}
    return {
        "entries": lines,
        "families": [[f, title.lower()] for f, title in FAMILIES.items() if any(e.family == f for e in entries)],
        "needs": [["alone", "only logits, labels"], *([need, NEEDS[need]] for need in NEEDS if need in used)],
        "version": hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:12],
        "chosen": chosen,
        "present": present,
    }


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "title": entry.title,
        "year": entry.year,
        "says": entry.idea.split(". ")[0].rstrip(".") + ".",
        "family": entry.family,
        "needs": list(entry.needs),
        "alone": bool(entry.needs) and set(entry.needs) <= {"logits", "labels"},
        "words": _plain(" ".join(_sought(entry))),
    }


def _sought(entry: Entry) -> list[str]:
    """Everything that a search may hold."""
    knobs = [knob.name for knob in entry.knobs]
    named = [entry.name, entry.name.replace("_", " "), entry.title, entry.paper, entry.source, entry.idea]
    return [*named, FAMILIES[entry.family], *entry.hears, *knobs, *entry.formula, entry.elsewhere, entry.deviates]


def _plain(text: str) -> str:
    """Small letters without accents, as the browser makes of what is typed."""
    spread = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in spread if not unicodedata.combining(letter)).lower()
