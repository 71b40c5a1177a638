"""IDX files from anywhere: read exactly, or refused with a sentence that says what is wrong."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from kdcore.datasets import Malformed
from kdcore.datasets.idx import read_idx

HEADER = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3])
GOOD = HEADER + bytes([1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_reads_numbers_in_order(tmp_path: Path, pack: type[bytes]) -> None:
    file = tmp_path / "numbers"
    file.write_bytes(pack(GOOD))
    assert np.array_equal(read_idx(file), [[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not an IDX file: it begins with nothing"),
        (b"\x89PNG\r\n\x1a\n", "is not an IDX file: it begins with 89 50 4e 47"),
        (b"\0\0\x0d\x01" + GOOD[4:], "holds numbers of type 0x0d; only unsigned bytes"),
        (b"\0\0\x08\x00", "announces 0 axes; there should be 1 to 4"),
        (b"\0\0\x08\xff" + bytes(2000), "announces 255 axes; there should be 1 to 4"),
        (HEADER[:7], "ends inside its header"),
        (GOOD[:-1], "ends too early: its header announces 6 bytes, 5 are there"),
        (GOOD + b"\0", "goes on after the 6 bytes that its header announces"),
        (b"\0\0\x08\x02" + b"\xff" * 8, "announces 4294967295 x 4294967295 bytes, more than 1024 MB"),
        (gzip.compress(GOOD, mtime=0)[:-9], "is a damaged gzip file"),
        (gzip.compress(GOOD, mtime=0)[:15] + b"\xff\xff" + gzip.compress(GOOD, mtime=0)[17:], "is a damaged gzip file"),
        (gzip.compress(GOOD[:-1], mtime=0), "ends too early"),
        (gzip.compress(GOOD + bytes(10_000_000), mtime=0), "goes on after the 6 bytes"),
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "train-images"
    file.write_bytes(content)
    with pytest.raises(Malformed, match=f"train-images.*{re.escape(sentence)}"):
        read_idx(file)


@given(content=some.binary(max_size=40), start=some.sampled_from([b"", b"\0\0\x08", b"\x1f\x8b\x08"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes, start: bytes) -> None:
    file = tmp_path_factory.getbasetemp() / "any"
    file.write_bytes(start + content)
    try:
        assert read_idx(file).size <= 40
    except Malformed as refusal:
        assert str(file) in str(refusal)
