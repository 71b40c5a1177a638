"""A visitor may come while another thread still imports: both must take the same way in."""

from __future__ import annotations

import re
from pathlib import Path

APP = Path(__file__).parents[2] / "app"
INSIDE = re.compile(r"^\s*(?:from kdcore\.runs\.\w+ import|import kdcore\.runs\.)", re.MULTILINE)


def test_pages_import_the_log_by_its_package() -> None:
    """Two threads that enter `kdcore.runs`, one by the package and one by a module of it, meet half an import."""
    entered = [path.name for path in sorted(APP.rglob("*.py")) if INSIDE.search(path.read_text(encoding="utf-8"))]
    assert entered == []
