"""IDX, the file format of MNIST: two zero bytes, a type, the number of axes, their sizes, then the numbers.

Files may be gzipped or not. Nothing in a file is believed before it is checked: sizes are bounded and compared with
what is really there, and never more is unpacked than the sizes announce.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from kdcore.datasets.base import Malformed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNSIGNED_BYTE = 0x08
MOST_AXES = 4
MOST_BYTES = 1 << 30


def read_idx(file: Path) -> NDArray[np.uint8]:
    """The array in an IDX file of unsigned bytes. Raises `Malformed` with the file's name and what is wrong."""
    import numpy as np

    try:
        with _open(file) as stream:
            shape = _header(stream, file)
            count = math.prod(shape)
            content = stream.read(count)
            rest = stream.read(1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise Malformed(f"{file} is a damaged gzip file: {error}") from error
    if len(content) < count:
        raise Malformed(f"{file} ends too early: its header announces {count} bytes, {len(content)} are there")
    if rest:
        raise Malformed(f"{file} goes on after the {count} bytes that its header announces")
    return np.frombuffer(content, dtype=np.uint8).reshape(shape)


def _open(file: Path) -> BinaryIO | gzip.GzipFile:
    with file.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return gzip.open(file, "rb") if zipped else file.open("rb")


def _header(stream: BinaryIO | gzip.GzipFile, file: Path) -> tuple[int, ...]:
    start = stream.read(4)
    if len(start) < 4 or start[:2] != b"\0\0":
        raise Malformed(f"{file} is not an IDX file: it begins with {start.hex(' ') or 'nothing'}, not with 00 00")
    kind, axes = start[2], start[3]
    if kind != UNSIGNED_BYTE:
        raise Malformed(f"{file} holds numbers of type 0x{kind:02x}; only unsigned bytes (0x08) are read")
    if not 1 <= axes <= MOST_AXES:
        raise Malformed(f"{file} announces {axes} axes; there should be 1 to {MOST_AXES}")
    sizes = stream.read(4 * axes)
    if len(sizes) < 4 * axes:
        raise Malformed(f"{file} ends inside its header")
    shape = struct.unpack(f">{axes}I", sizes)
    if math.prod(shape) > MOST_BYTES:
        raise Malformed(f"{file} announces {' x '.join(map(str, shape))} bytes, more than {MOST_BYTES >> 20} MB")
    return shape
