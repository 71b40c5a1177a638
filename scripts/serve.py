"""Start the Lab: say the address, then become the server.

HOST and PORT come from the environment (`make run HOST=0.0.0.0 PORT=8600`). Listening on every address, as in a class,
the Lab is announced, and linked to, under this machine's address in its network.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
EVERYWHERE = ("0.0.0.0", "::")
# Documentation addresses (RFC 5737, RFC 3849). Connecting a datagram socket sends nothing: it only picks a route.
NOWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}


def main() -> None:
    host = os.environ.get("HOST") or "localhost"
    port = port_number(os.environ.get("PORT") or "8501")
    check_free(host, port)
    shown = network_address() if host in EVERYWHERE else host
    print(f"\n  Dark Knowledge Lab: {address(shown, port)}\n  Ctrl+C stops it.\n", flush=True)
    os.chdir(ROOT)
    os.execv(
        sys.executable, [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", *options(host, shown, port)]
    )


def options(host: str, shown: str, port: int) -> list[str]:
    """What depends on this start; everything fixed stands in .streamlit/config.toml."""
    return [
        f"--server.address={host}",
        f"--server.port={port}",
        f"--browser.serverAddress={shown}",
        f"--browser.serverPort={port}",
    ]


def address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def port_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65535:
        sys.exit(f"PORT must be a number from 1 to 65535; got {text!r}")
    return int(text)


def check_free(host: str, port: int) -> None:
    """Leave with a sentence if the server could not listen there."""
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror:
        sys.exit(f"HOST must be a name or address of this machine; {host!r} is unknown")
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
        except OSError as error:
            sys.exit(
                f"cannot listen on {address(host, port)}: {error.strerror}. Another port: make run PORT={port + 1}"
            )


def network_address() -> str:
    """This machine's address in its network; localhost if it has none."""
    for family, nowhere in NOWHERE.items():
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((nowhere, 9))
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return "localhost"


if __name__ == "__main__":
    main()
