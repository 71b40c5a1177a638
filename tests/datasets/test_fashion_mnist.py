"""Fashion-MNIST: the published numbers, and what happens when it is not there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from kdcore import datasets
from kdcore.datasets import fashion_mnist


@pytest.fixture
def fashion() -> datasets.Dataset:
    try:
        return datasets.load("fashion_mnist")
    except datasets.Missing as missing:
        pytest.skip(str(missing))


def test_it_has_the_published_statistics(fashion: datasets.Dataset) -> None:
    official_train = fashion.inputs[:60_000]
    assert official_train.mean().item() == pytest.approx(0.2860, abs=5e-5)
    assert official_train.std().item() == pytest.approx(0.3530, abs=5e-5)
    assert fashion.labels[:60_000].bincount().tolist() == [6000] * 10
    assert fashion.labels[fashion.test].bincount().tolist() == [1000] * 10
    assert [fashion.facts.classes[label] for label in fashion.labels[:2]] == ["ankle boot", "T-shirt"]


def test_validation_comes_out_of_the_official_train_part(fashion: datasets.Dataset) -> None:
    assert fashion.validation.max() < 60_000
    assert torch.equal(fashion.test, torch.arange(60_000, 70_000))


def test_splits_share_the_pictures_in_memory(fashion: datasets.Dataset) -> None:
    assert datasets.load("fashion_mnist", 5).inputs.data_ptr() == fashion.inputs.data_ptr()


def test_missing_data_say_how_to_get_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(datasets.Missing) as missing:
        fashion_mnist.read(0)
    text = str(missing.value)
    assert str(tmp_path) in text
    assert "apt-get install dataset-fashion-mnist" in text
    assert "train-images-idx3-ubyte" in text
    assert fashion_mnist.FOLDER_VARIABLE in text


def test_facts_need_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(fashion_mnist.FOLDER_VARIABLE, str(tmp_path))
    assert datasets.facts("fashion_mnist").train == 55_000


def test_any_folder_will_do_gzipped_or_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_copy(tmp_path, monkeypatch)
    rows = fashion_mnist.read(0)
    assert rows.inputs.shape == (7, 1, 28, 28)
    assert rows.inputs[6, 0, 0, 0].item() == pytest.approx(6 / 255)
    assert rows.labels.tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_files_of_another_data_set_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_copy(tmp_path, monkeypatch)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes([3], bytes([1, 2, 3])))
    with pytest.raises(datasets.Malformed, match="t10k-labels-idx1-ubyte holds 3 numbers; Fashion-MNIST has 2 there"):
        fashion_mnist.read(0)


def test_labels_beyond_the_classes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_small_copy(tmp_path, monkeypatch)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes([2], bytes([0, 200])))
    with pytest.raises(datasets.Malformed, match="go up to 200; there are 10 classes"):
        fashion_mnist.read(0)


def idx_bytes(shape: list[int], content: bytes) -> bytes:
    return bytes([0, 0, 8, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape) + content


def write_small_copy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five training pictures and two test pictures, picture k all of grey k and class k; train gzipped, test not."""
    import gzip

    facts = datasets.Facts(fashion_mnist.FACTS.classes, 4, 1, 2, (1, 28, 28), "small", 1)
    monkeypatch.setattr(fashion_mnist, "FACTS", facts)
    monkeypatch.setattr(fashion_mnist, "PARTS", (("train", 5), ("t10k", 2)))
    monkeypatch.setenv(fashion_mnist.FOLDER_VARIABLE, str(folder))
    fashion_mnist._arrays.cache_clear()
    for part, classes, pack in (("train", range(5), gzip.compress), ("t10k", range(5, 7), bytes)):
        ending = ".gz" if part == "train" else ""
        pictures = b"".join(bytes([k]) * 784 for k in classes)
        images = idx_bytes([len(classes), 28, 28], pictures)
        (folder / f"{part}-images-idx3-ubyte{ending}").write_bytes(pack(images))
        (folder / f"{part}-labels-idx1-ubyte{ending}").write_bytes(pack(idx_bytes([len(classes)], bytes(classes))))
