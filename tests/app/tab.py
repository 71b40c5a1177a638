"""A browser tab without a browser: its state, its address, and hands that send acts."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

from kdcore.runs import RunLog


class Address(dict[str, str]):
    """An address bar."""

    def to_dict(self) -> dict[str, str]:
        return dict(self)

    def from_dict(self, given: dict[str, str]) -> None:
        self.clear()
        self.update(given)


class BrowserTab:
    """What a page's modules take for Streamlit. modules: those that ask it for its state."""

    modules: ClassVar[tuple[ModuleType, ...]]

    def __init__(self, log: RunLog, monkeypatch: pytest.MonkeyPatch, **address: str) -> None:
        self.log, self.counter = log, 0
        self.state: dict[str, Any] = {}
        self.address = Address(address)
        streamlit = SimpleNamespace(session_state=self.state, query_params=self.address)
        for module in self.modules:
            monkeypatch.setattr(module, "st", streamlit)

    def message(self, do: str, browser: str = "me", **more: Any) -> dict[str, Any]:
        """The next act of this tab, as a component sends it."""
        self.counter += 1
        return {"do": do, "browser": browser, "counter": self.counter} | more
