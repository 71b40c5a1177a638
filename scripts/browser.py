"""Find a Chromium for the browser tests, or install one: `python scripts/browser.py`.

First the system's own (or the one named in CHROMIUM), then Debian's package if this is root on a machine with apt-get,
then Playwright's own; if none can be had, leave with a sentence.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]
ADVICE = "Install Chromium or Chrome, or set CHROMIUM to the browser's program."


def find_browser() -> str | None:
    """The path of a Chromium or Chrome on this machine."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in NAMES)
    on_mac = (path for path in MAC_APPLICATIONS if Path(path).exists())
    return next(filter(None, found), None) or next(on_mac, None) or _playwrights_own()


def install_browser() -> str | None:
    """Install one; its path, or None where that fails."""
    if os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get"):
        print("Installing Chromium with apt-get", flush=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "--quiet"], ["install", "--yes", "--quiet", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if found := find_browser():
            return found
    print("Downloading Playwright's Chromium", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stdin=subprocess.DEVNULL)
    return find_browser()


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    browser = find_browser() or install_browser()
    if browser is None:
        sys.exit(f"No browser for the tests, and none could be installed. {ADVICE}")
    print(f"Browser for the tests: {browser}")
