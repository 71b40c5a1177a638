"""An NPZ file from outside: inputs, labels and teacher logits, and a sentence for everything that is wrong with it.

Nothing is ever unpickled, and no array is read before its declared size is known to be the true one.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

from kdcore.datasets.base import Malformed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_BYTES = 200_000_000
MOST_ROWS = 200_000
MOST_NUMBERS = 50_000_000  # of the inputs together: they are kept as float32
MOST_SIDE = 64  # pixels: every picture that a run shows is kept with it
MOST_CLASSES = 100  # what is drawn of classes grows with their square
LEAST_ROWS = 5  # of each class: three to learn from, one to choose by, one to report
CALLED = {
    "inputs": ("inputs", "x", "features", "images"),
    "labels": ("labels", "y", "targets"),
    "teacher_logits": ("teacher_logits", "logits"),
}
"""The three arrays, and what else they may be called, in any case of letters."""
HOLD = "It must hold three arrays: inputs (or X), labels (or y), teacher_logits (or logits)."


@dataclass(frozen=True, eq=False)
class Arrays:
    """inputs float32 `[row, feature]` or `[row, channel, height, width]` in [0, 1]; labels int64; logits float32."""

    inputs: NDArray[np.float32]
    labels: NDArray[np.int64]
    teacher_logits: NDArray[np.float32]


def read(file: bytes) -> Arrays:
    """The three arrays of an NPZ file. Raises Malformed with the sentences that say what is wrong."""
    import numpy as np

    if len(file) > MOST_BYTES:
        raise Malformed(f"The file has {_megabytes(len(file))}; at most {_megabytes(MOST_BYTES)} are taken.")
    inputs, labels, logits = _opened(file)
    pictures = inputs.ndim > 2
    wrong = [*_about_inputs(inputs), *_about_labels(labels), *_about_logits(logits)]
    wrong = wrong or list(_about_all(inputs, labels, logits))
    if wrong:
        raise Malformed(" ".join(wrong))
    whole = inputs.dtype.kind in "iu"
    scaled = inputs.astype(np.float32) / np.float32(255 if whole and pictures else 1)
    return Arrays(
        np.ascontiguousarray(scaled[:, None] if inputs.ndim == 3 else scaled),
        np.ascontiguousarray(labels, dtype=np.int64),
        np.ascontiguousarray(logits, dtype=np.float32),
    )


def _opened(file: bytes) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as archive:
            members = _members(archive)
            unpacked = sum(info.file_size for info in members.values())
            if unpacked > MOST_BYTES:
                raise Malformed(f"Unpacked, its arrays have {_megabytes(unpacked)}; at most 200 MB are taken.")
            inputs, labels, logits = (_array(archive, members[name], name) for name in CALLED)
            return inputs, labels, logits
    except (zipfile.BadZipFile, EOFError) as error:
        raise Malformed("This is no NPZ file, or it is damaged. numpy.savez(...) writes one.") from error
    except (RuntimeError, NotImplementedError) as error:
        raise Malformed("The file is encrypted or packed unusually. numpy.savez(...) writes a plain one.") from error


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Where each of the three arrays lies in the file."""
    infos = archive.infolist()
    held = [info.filename.removesuffix(".npy") for info in infos]
    known = {alias: name for name, aliases in CALLED.items() for alias in aliases}
    found = {known[name.lower()]: info for name, info in zip(held, infos, strict=True) if name.lower() in known}
    if len(infos) != len(CALLED) or len(found) != len(CALLED):
        shown = ", ".join(name[:30] for name in held[:8]) + (" and more" if len(held) > 8 else "")
        raise Malformed(f"The file holds {shown or 'nothing'}. {HOLD}")
    return found


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> NDArray[Any]:
    import numpy as np

    try:
        with archive.open(info) as stream:
            shape, dtype = _header(stream)
            begins = stream.tell()
        if dtype.hasobject or dtype.kind not in "biuf":
            kind = "Python objects" if dtype.hasobject else f"values of type {dtype}"
            raise Malformed(
                f"{name} holds {kind}, not plain numbers. numpy.asarray({name}, dtype=float) tells which entry is none."
            )
        count = 1
        for length in shape:
            count *= length
        if begins + count * dtype.itemsize != info.file_size:
            raise Malformed(f"{name} is damaged: its header promises {count:,} numbers, the file holds another amount.")
        with archive.open(info) as stream:
            array: NDArray[Any] = np.lib.format.read_array(stream, allow_pickle=False)
            return array
    except ValueError as error:
        raise Malformed(f"{name} is no array that numpy reads without pickle. numpy.savez(...) writes one.") from error


def _header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type that the header of an .npy file declares; ValueError where it is none."""
    import numpy as np

    version = np.lib.format.read_magic(stream)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"version {version}")
    return shape, dtype


def _about_inputs(inputs: NDArray[Any]) -> Iterator[str]:
    import numpy as np

    shape = _shape(inputs)
    if inputs.ndim not in (2, 3, 4) or 0 in inputs.shape:
        wanted = "[rows, features], [rows, height, width] or [rows, channels, height, width]"
        yield f"inputs is {shape}; it must be {wanted}."
        return
    if len(inputs) > MOST_ROWS or inputs.size > MOST_NUMBERS:
        yield f"inputs is {shape}; at most {MOST_ROWS:,} rows and {MOST_NUMBERS:,} numbers in all are taken."
        return
    if inputs.ndim == 4 and inputs.shape[1] > 4 and inputs.shape[-1] in (1, 3, 4):
        yield f"inputs is {shape}: the channels stand last. inputs.transpose(0, 3, 1, 2) puts them second."
        return
    if inputs.ndim > 2 and max(inputs.shape[-2:]) > MOST_SIDE:
        yield (
            f"inputs is {shape}; pictures may be {MOST_SIDE} x {MOST_SIDE} pixels at most. Make them smaller, or give "
            "[rows, features], such as what your teacher's last layer makes of them."
        )
        return
    if not np.isfinite(inputs).all():
        yield _not_finite("inputs", inputs)
        return
    with np.errstate(over="ignore"):
        if not np.isfinite(inputs.astype(np.float32)).all():
            yield "inputs holds numbers too large for float32."
            return
    if inputs.ndim > 2 and inputs.dtype.kind != "b":
        low, high = float(inputs.min()), float(inputs.max())
        top = 1 if inputs.dtype.kind == "f" else 255
        if low < 0 or high > top:
            kind = "as fractions" if top == 1 else "as whole numbers"
            yield (
                f"Pictures given {kind} must lie in [0, {top}]; inputs reach from {low:.4g} to {high:.4g}. "
                "Undo a normalisation first; the teacher is not asked again, its logits are given."
            )


def _about_labels(labels: NDArray[Any]) -> Iterator[str]:
    if labels.ndim == 2:
        yield f"labels is {_shape(labels)}; it must be one class number a row. labels.argmax(1) turns one-hot rows."
    elif labels.ndim != 1:
        yield f"labels is {_shape(labels)}; it must be one class number a row."
    elif labels.dtype.kind not in "iu":
        yield f"labels are of type {labels.dtype}; they must be whole numbers. labels.astype(int) makes them so."
    elif len(labels) and int(labels.min()) < 0:
        yield f"labels must be 0 or more; the smallest is {int(labels.min())}."


def _about_logits(logits: NDArray[Any]) -> Iterator[str]:
    import numpy as np

    if logits.ndim != 2:
        yield f"teacher_logits is {_shape(logits)}; it must be [rows, classes]."
    elif not 2 <= logits.shape[1] <= MOST_CLASSES:
        yield f"teacher_logits has {logits.shape[1]} columns; 2 to {MOST_CLASSES} classes are taken."
    elif logits.dtype.kind != "f":
        yield f"teacher_logits are of type {logits.dtype}; logits are fractions, such as float32."
    elif not np.isfinite(logits).all():
        yield _not_finite("teacher_logits", logits)
    elif np.abs(logits).max(initial=0) > 1e6:
        yield f"teacher_logits reach {np.abs(logits).max():.3g} in size; logits lie far below a million."
    elif len(logits) and logits.min() >= 0 and np.allclose(logits.sum(1, dtype=np.float64), 1, atol=1e-2):
        yield (
            "teacher_logits look like probabilities: every row adds up to 1. Give what stands before the softmax, or "
            "numpy.log of the probabilities where none of them is 0."
        )


def _about_all(inputs: NDArray[Any], labels: NDArray[Any], logits: NDArray[Any]) -> Iterator[str]:
    import numpy as np

    if not len(inputs) == len(labels) == len(logits):
        rows = f"inputs has {len(inputs):,} rows, labels {len(labels):,}, teacher_logits {len(logits):,}"
        yield f"{rows}: they must agree, row for row."
        return
    classes, highest = logits.shape[1], int(labels.max())
    if highest >= classes:
        yield (
            f"labels go up to {highest}, teacher_logits has columns for 0 to {classes - 1}. "
            "Classes are numbered from 0, one column for each."
        )
        return
    count = np.bincount(labels.astype(np.int64), minlength=classes)
    if (count > 0).sum() == 1:
        yield f"All labels are {highest}: there must be at least two classes."
    elif count.min() < LEAST_ROWS:
        few = [f"class {number} has {count[number]}" for number in np.flatnonzero(count < LEAST_ROWS)]
        more = f" and {len(few) - 5} more have too few" if len(few) > 5 else ""
        yield f"Every class needs at least {LEAST_ROWS} rows: {', '.join(few[:5])}{more}."


def _not_finite(name: str, array: NDArray[Any]) -> str:
    import numpy as np

    wrong = np.argwhere(~np.isfinite(array))
    return f"{name} holds NaN or infinite numbers: {len(wrong):,} of {array.size:,}, the first in row {wrong[0][0]}."


def _shape(array: NDArray[Any]) -> str:
    return f"[{', '.join(map(str, array.shape))}]"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
