"""A log of its own for each test of the page, and no recorded run unless a test asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app import store, watch
from kdcore.runs import RunLog


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunLog]:
    """The log that the page opens, in a folder of this test."""
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    monkeypatch.delenv("DKLAB_DATABASE_URL", raising=False)
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "none.dklab")
    store._open.cache_clear()
    store.recorded_run.cache_clear()
    watch._watched.clear()
    yield store.open_log()
    store._open.cache_clear()
    store.recorded_run.cache_clear()
    watch._watched.clear()
