"""Loaded by every Python process of the server under test: no word to, and no question about, any other machine.

An attempt is refused and written to the file named in DKLAB_OUTSIDE, where a test finds it.
"""

import os
import sys

HERE = ("localhost", "127.", "::1", "0.0.0.0", "::ffff:127.")
# Position of the address among the arguments of each audit event of the socket module.
EVENTS = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}


def refuse_outside(event: str, arguments: tuple[object, ...]) -> None:
    if event not in EVENTS:
        return
    place = arguments[EVENTS[event]]
    host = place[0] if isinstance(place, tuple) else place if "host" in event or "addr" in event else None
    if isinstance(host, bytes):
        host = host.decode(errors="replace")
    if not isinstance(host, str) or not host or host.startswith(HERE):
        return
    with open(os.environ["DKLAB_OUTSIDE"], "a", encoding="utf-8") as record:
        record.write(f"{event} {host} by {' '.join(sys.orig_argv)}\n")
    raise OSError(f"this test allows no other machine: {event} {host}")


if "DKLAB_OUTSIDE" in os.environ:
    sys.addaudithook(refuse_outside)
