"""Find a Chromium or Chrome for the browser tests and the screenshot, or install one."""

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
    """The program named in CHROMIUM, else the system's own browser, else Playwright's."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    found = (shutil.which(name) for name in NAMES)
    on_mac = (path for path in MAC_APPLICATIONS if Path(path).exists())
    return next(filter(None, found), None) or next(on_mac, None) or _playwrights_own()


def install_browser() -> str | None:
    """Debian's package where that is possible, else Playwright's own browser; None if neither can be had."""
    apt_install("chromium")
    if found := find_browser():
        return found
    print("Downloading Playwright's Chromium", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], stdin=subprocess.DEVNULL)
    return find_browser()


def apt_install(package: str) -> None:
    """Install a package if this is root on a machine with apt-get; failing is no error here."""
    if os.name != "posix" or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    print(f"Installing {package} with apt-get", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "--quiet"], ["install", "--yes", "--quiet", "--no-install-recommends", package]):
        subprocess.run(["apt-get", *command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None
