"""What a fresh machine installs is what the program imports."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parent.parent
OURS = {"app", "kdcore"}


def test_every_package_that_is_imported_is_pinned() -> None:
    pinned = {
        plain(line.split("==")[0]) for line in (ROOT / "requirements.txt").read_text().splitlines() if "==" in line
    }
    distributions = packages_distributions()
    files = [*(ROOT / "kdcore").rglob("*.py"), *(ROOT / "app").rglob("*.py"), ROOT / "streamlit_app.py"]
    for file in files:
        for package in imported(file) - OURS - sys.stdlib_module_names:
            assert any(plain(name) in pinned for name in distributions[package]), f"{file} imports {package}"


def test_every_requirement_has_an_exact_version() -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / file).read_text().splitlines():
            assert line.startswith("#") or re.fullmatch(r"[a-z0-9-]+==\d+(\.\d+)+", line), f"{file}: {line}"


def imported(file: Path) -> set[str]:
    """Top-level names of everything that a file imports, at its head or inside functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def plain(name: str) -> str:
    return name.lower().replace("_", "-")
