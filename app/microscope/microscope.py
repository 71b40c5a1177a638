"""The microscope as a Streamlit component: one example, everybody's opinion of it, and what follows from it."""

from collections.abc import Callable
from typing import Any

from app.component import component

_component = component("microscope", "Microscope")


def _nothing() -> None:
    """A callback that only declares that a key exists."""


def microscope(snapshot: dict[str, Any], *, key: str = "microscope", on_act: Callable[[], None] = _nothing) -> Any:
    """Mount the microscope, or feed the one that is mounted under this key.

    The result has `.act`, what the person just did: {"do": "look", row, temperature, alpha, target} on release, or
    {"do": "draw", cells}, each with "browser" and "counter". `on_act` runs before the script and reads the same value.
    """
    return _component(key=key, data=snapshot, on_act_change=on_act)
