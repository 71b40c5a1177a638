"""The program as AppTest runs it, opened at an address."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

MAIN = str(Path(__file__).parents[2] / "app" / "main.py")


def opened(**address: str) -> AppTest:
    """The page at this address, run once without an exception."""
    page = AppTest.from_file(MAIN, default_timeout=30)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def opened_at(screen: str, timeout: float = 30, /, **address: str) -> AppTest:
    """One of the other pages at this address, reached as by a click; neither run raised an exception."""
    page = AppTest.from_file(MAIN, default_timeout=timeout).run()
    for name, value in address.items():
        page.query_params[name] = value
    page.switch_page(screen).run()
    assert not page.exception
    return page
