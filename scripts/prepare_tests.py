"""What tests need beside Python packages: a browser (they fail without) and Fashion-MNIST (it may be missing)."""

from __future__ import annotations

import sys

from kdcore.datasets import Missing, fashion_mnist
from scripts.browser import ADVICE, apt_install, find_browser, install_browser


def main() -> None:
    browser = find_browser() or install_browser()
    if browser is None:
        sys.exit(f"No browser for the tests, and none could be installed. {ADVICE}")
    print(f"Browser for the tests: {browser}")
    try:
        fashion_mnist.folder()
    except Missing:
        apt_install("dataset-fashion-mnist")
    try:
        print(f"Fashion-MNIST for the tests: {fashion_mnist.folder()}")
    except Missing as missing:
        print(f"Tests that need it are skipped: {missing}")


if __name__ == "__main__":
    main()
