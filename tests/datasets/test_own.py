"""Data sets of one's own: what becomes of a good file, and the sentence for every bad one."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kdcore import datasets
from kdcore.datasets import Malformed, Missing, own, upload
from tests.own import arrays, npz

HUNDREDS = np.arange(120)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of this test, and nothing remembered of another one."""
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    datasets._load.cache_clear()
    return tmp_path / "datasets"


def test_a_file_becomes_a_data_set_with_its_rows_as_given() -> None:
    given = arrays(rows=120, classes=3)
    name = own.add(npz(given), "My fruit")
    data, facts = datasets.load(name), datasets.facts(name)
    assert name.startswith("own_my_fruit_") and datasets.names()[-1] == name
    assert (facts.train, facts.validation, facts.test) == (72, 18, 30)
    assert (facts.classes, facts.input_shape, facts.smallest_class) == (("0", "1", "2"), (6,), 24)
    assert facts.stored_logits and facts.about == "My fruit"
    np.testing.assert_array_equal(data.inputs.numpy(), given["inputs"])
    np.testing.assert_array_equal(data.labels.numpy(), given["labels"])
    assert data.teacher_logits is not None
    np.testing.assert_array_equal(data.teacher_logits.numpy(), given["teacher_logits"])


@pytest.mark.parametrize("split", [0, 1, 1000])
def test_every_class_is_divided_as_the_facts_promise(split: int) -> None:
    sizes = [5, 7, 13, 40]
    labels = np.repeat(np.arange(4), sizes)
    name = own.add(npz(arrays(rows=65, classes=4), labels=labels), "uneven")
    data, facts = datasets.load(name, split), datasets.facts(name)
    parts = [data.train, data.validation, data.test]
    assert [len(part) for part in parts] == [facts.train, facts.validation, facts.test]
    assert torch.equal(torch.cat(parts).sort().values, torch.arange(65))
    for part, shares in zip(parts, ([3, 4, 7, 24], [1, 1, 2, 6], [1, 2, 4, 10]), strict=True):
        assert torch.bincount(data.labels[part]).tolist() == shares
    assert facts.smallest_class == 3


def test_splits_differ_and_repeat() -> None:
    name = own.add(npz(), "x")
    first, second = datasets.load(name, 0), datasets.load(name, 1)
    again = own.read(name, 0)
    assert torch.equal(first.test, again.test) and not torch.equal(first.test, second.test)
    assert first.inputs.data_ptr() == second.inputs.data_ptr()  # the arrays are there once


@pytest.mark.parametrize(
    ("inputs", "shape"),
    [
        (np.full((120, 4, 5), 255, dtype=np.uint8), (1, 4, 5)),
        (np.full((120, 3, 4, 5), 255, dtype=np.int64), (3, 4, 5)),
        (np.ones((120, 1, 4, 5), dtype=np.float64), (1, 4, 5)),
        (np.ones((120, 4, 5), dtype=bool), (1, 4, 5)),
        (np.ones((120, 7), dtype=np.int16), (7,)),
        (np.asfortranarray(np.ones((120, 7), dtype=np.float16)), (7,)),
    ],
    ids=["bytes", "whole numbers", "fractions", "truths", "features", "features by column"],
)
def test_pictures_are_scaled_and_features_taken_as_they_are(inputs: np.ndarray, shape: tuple[int, ...]) -> None:
    read = upload.read(npz(inputs=inputs))
    assert read.inputs.shape == (120, *shape) and read.inputs.dtype == np.float32
    assert read.inputs.flags.c_contiguous and (read.inputs == 1).all()


def test_arrays_may_be_called_x_y_logits() -> None:
    given = arrays()
    called = {"X": given["inputs"], "y": given["labels"], "logits": given["teacher_logits"]}
    assert own.add(npz(called), "same") == own.add(npz(given), "same")


def test_the_same_content_is_the_same_data_set_and_other_content_another() -> None:
    first = own.add(npz(arrays(seed=0)), "twin")
    assert own.add(npz(arrays(seed=0)), "twin") == first
    assert own.add(npz(arrays(seed=1)), "twin") != first


def test_a_compressed_file_is_read_too() -> None:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays())  # type: ignore[arg-type]
    assert upload.read(stream.getvalue()).inputs.shape == (120, 6)


@pytest.mark.parametrize(
    ("title", "name"),
    [("", "own_data_"), ("../../etc/passwd", "own_etc_passwd_"), ("Äpfel & Birnen_2", "own_pfel_birnen_2_")],
)
def test_titles_make_harmless_names(title: str, name: str, folder: Path) -> None:
    added = own.add(npz(), title)
    assert added.startswith(name)
    assert {file.parent for file in folder.iterdir()} == {folder}
    about = datasets.facts(added).about
    assert not set(about) & set("[]()<>/!*_`&")


def bomb() -> bytes:
    """A file of a few kilobytes whose array would fill more than 200 MB."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        header = io.BytesIO()
        shape = {"descr": "|u1", "fortran_order": False, "shape": (250_000_000,)}
        np.lib.format.write_array_header_1_0(header, shape)
        with file.open("inputs.npy", "w", force_zip64=True) as entry:
            entry.write(header.getvalue())
            for _ in range(250):
                entry.write(bytes(1_000_000))
        for name in ("labels", "teacher_logits"):
            file.writestr(f"{name}.npy", b"")
    return stream.getvalue()


def liar(shape: tuple[int, ...], version: tuple[int, int] = (1, 0), descr: str = "<f8") -> bytes:
    """A file whose inputs have a header that promises more than is there."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": shape})
    content = bytearray(header.getvalue())
    content[6], content[7] = version
    return replaced("inputs.npy", bytes(content) + bytes(80))


def replaced(name: str, content: bytes) -> bytes:
    """A good file with one entry exchanged."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(npz())) as good, zipfile.ZipFile(stream, "w") as file:
        for info in good.infolist():
            file.writestr(info.filename, content if info.filename == name else good.read(info))
    return stream.getvalue()


def broken() -> bytes:
    """A good file with one byte of its data turned over."""
    content = bytearray(npz())
    content[len(content) // 3] ^= 0xFF
    return bytes(content)


def with_(array: str, place: Any, value: float) -> dict[str, np.ndarray]:
    """The good arrays with one number exchanged."""
    given = arrays()
    given[array] = given[array].copy()
    given[array][place] = value
    return given


SOFTMAX = np.exp(arrays()["teacher_logits"]) / np.exp(arrays()["teacher_logits"]).sum(1, keepdims=True)
BAD: dict[str, tuple[Any, str]] = {
    "nothing": (b"", "no NPZ file"),
    "text": (b"a,b\n1,2\n", "no NPZ file"),
    "one array": (npz()[: len(npz()) // 2], "no NPZ file"),
    "a flipped byte": (broken, "damaged"),
    "two arrays": (npz(labels=None), r"holds inputs, teacher_logits\. It must hold three arrays: inputs \(or X\)"),
    "four arrays": (npz(more=np.ones(3)), "holds inputs, labels, teacher_logits, more"),
    "another name": (npz(labels=None, label=HUNDREDS), "holds inputs, teacher_logits, label"),
    "twice the same": (npz(inputs=None, X=np.ones((120, 2)), x=np.ones((120, 2)), labels=None), "must hold three"),
    "objects": (npz(labels=np.array([0, "1", None] * 40, dtype=object)), "labels holds Python objects"),
    "text as labels": (npz(labels=np.array(["cat", "dog", "cow"] * 40)), "labels holds values of type <U3"),
    "complex inputs": (npz(inputs=np.ones((120, 2), dtype=complex)), "inputs holds values of type complex128"),
    "a record": (npz(labels=np.zeros(120, dtype=[("a", "i4")])), "labels holds values of type"),
    "a bomb": (bomb, "Unpacked, its arrays have 250 MB; at most 200 MB"),
    "a header that lies": (liar((10**15,)), "inputs is damaged: its header promises 1,000,000,000,000,000 numbers"),
    "a header of a later version": (liar((10,), (3, 0)), "inputs is no array"),
    "no array": (replaced("labels.npy", b"hello"), "labels is no array"),
    "a pickle": (replaced("labels.npy", b"\x80\x04\x95"), "labels is no array"),
    "a number as inputs": (npz(inputs=np.float32(3)), r"inputs is \[\]; it must be \[rows, features\]"),
    "a row as inputs": (npz(inputs=np.ones(120)), r"inputs is \[120\]; it must be"),
    "films as inputs": (npz(inputs=np.ones((120, 1, 1, 2, 2))), r"inputs is \[120, 1, 1, 2, 2\]"),
    "no features": (npz(inputs=np.ones((120, 0))), r"inputs is \[120, 0\]"),
    "too many rows": (npz(inputs=np.ones((200_001, 1), dtype=bool)), "at most 200,000 rows"),
    "channels last": (npz(inputs=np.zeros((120, 8, 8, 3))), r"transpose\(0, 3, 1, 2\)"),
    "large pictures": (npz(inputs=np.zeros((120, 1, 65, 8), dtype=bool)), "64 x 64 pixels at most"),
    "NaN in inputs": (npz(with_("inputs", (7, 2), np.nan)), "inputs holds NaN or infinite numbers: 1 of 720.*row 7"),
    "infinite logits": (npz(with_("teacher_logits", (3, 1), -np.inf)), "teacher_logits holds NaN or infinite.*row 3"),
    "huge inputs": (npz(inputs=np.full((120, 2), 1e300)), "too large for float32"),
    "huge logits": (npz(with_("teacher_logits", (3, 1), 1e9)), "far below a million"),
    "normalised pictures": (npz(inputs=np.full((120, 4, 4), -1.5)), r"must lie in \[0, 1\]; inputs reach from -1.5"),
    "wide whole pictures": (npz(inputs=np.full((120, 4, 4), 999)), r"must lie in \[0, 255\]; inputs reach from 999"),
    "one-hot labels": (npz(labels=np.eye(3)[HUNDREDS % 3]), r"labels is \[120, 3\].*argmax\(1\)"),
    "labels as a cube": (npz(labels=np.zeros((2, 2, 2), dtype=int)), r"labels is \[2, 2, 2\]"),
    "fractions as labels": (npz(labels=(HUNDREDS % 3) * 1.0), "labels are of type float64"),
    "labels from -1": (npz(labels=HUNDREDS % 3 - 1), "labels must be 0 or more; the smallest is -1"),
    "labels from 1": (npz(labels=HUNDREDS % 3 + 1), "labels go up to 3, teacher_logits has columns for 0 to 2"),
    "enormous labels": (npz(labels=np.full(120, 2**63, dtype=np.uint64)), "labels go up to 9223372036854775808"),
    "one class": (npz(labels=HUNDREDS * 0), "All labels are 0: there must be at least two classes"),
    "a class too few": (npz(labels=HUNDREDS % 2), "at least 5 rows: class 2 has 0"),
    "rare classes": (npz(labels=np.minimum(HUNDREDS, 2)), "class 0 has 1, class 1 has 1"),
    "logits of seven classes": (npz(teacher_logits=np.ones((120, 7))), "class 3 has 0, class 4 has 0"),
    "logits of one class": (npz(teacher_logits=np.ones((120, 1))), "1 columns; 2 to 100 classes"),
    "logits of many classes": (npz(teacher_logits=np.zeros((120, 1000))), "1000 columns; 2 to 100 classes"),
    "logits as a row": (npz(teacher_logits=np.ones(120)), r"teacher_logits is \[120\]; it must be \[rows, classes\]"),
    "whole logits": (npz(teacher_logits=np.ones((120, 3), dtype=int)), "teacher_logits are of type int64"),
    "probabilities": (npz(teacher_logits=SOFTMAX), "look like probabilities"),
    "other lengths": (npz(labels=(HUNDREDS % 3)[:100]), "inputs has 120 rows, labels 100, teacher_logits 120"),
    "no rows": (npz({name: array[:0] for name, array in arrays().items()}), r"inputs is \[0, 6\]"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_gets_a_sentence_and_leaves_nothing(case: str, folder: Path) -> None:
    file, sentence = BAD[case]
    with pytest.raises(Malformed, match=sentence) as refused:
        own.add(file() if callable(file) else file, "bad")
    assert str(refused.value).endswith((".", "one."))
    assert not folder.exists() and own.names() == []


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Malformed, match=r"inputs is \[120\].*labels are of type float64.*look like probabilities"):
        upload.read(npz(inputs=np.ones(120), labels=np.ones(120), teacher_logits=SOFTMAX))


def test_a_file_that_is_too_large_is_not_even_opened() -> None:
    with pytest.raises(Malformed, match="The file has 200 MB; at most 200 MB"):
        upload.read(bytes(upload.MOST_BYTES + 1))


def test_an_encrypted_file_is_refused() -> None:
    content = bytearray(npz())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + place] |= 1
            at = content.find(mark, at + 4)
    with pytest.raises(Malformed, match="encrypted"):
        upload.read(bytes(content))


def test_a_removed_data_set_keeps_its_facts_alone() -> None:
    name = own.add(npz(), "gone")
    own.remove(name)
    datasets._load.cache_clear()
    own._kept.cache_clear()
    assert name not in datasets.names() and datasets.facts(name).train == 72
    with pytest.raises(Missing, match="was removed from this machine; add its NPZ file again"):
        datasets.load(name)
    with pytest.raises(ValueError, match="no data set of your own"):
        own.remove(name)
    assert own.add(npz(), "gone") == name and datasets.load(name).facts.train == 72


def test_a_damaged_data_set_says_so(folder: Path) -> None:
    name = own.add(npz(), "hurt")
    (folder / f"{name}.npz").write_bytes(b"PK")
    with pytest.raises(Malformed, match="is damaged; add its NPZ file again"):
        datasets.load(name)


@pytest.mark.parametrize("name", ["own_", "own_../secret", "own_unknown_123456", "OWN_X", "own_x\n"])
def test_names_from_an_address_lead_nowhere_else(name: str) -> None:
    with pytest.raises(ValueError, match="no data set"):
        datasets.facts(name)
    with pytest.raises(ValueError, match="no data set of your own"):
        own.remove(name)


def test_there_is_an_end_to_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own, "MOST_SETS", 1)
    first = own.add(npz(arrays(seed=0)), "one")
    assert own.add(npz(arrays(seed=0)), "one") == first
    with pytest.raises(Malformed, match="1 data sets of your own already"):
        own.add(npz(arrays(seed=1)), "two")
