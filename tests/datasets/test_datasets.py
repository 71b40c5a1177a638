"""The data sets are what they say: sizes, splits, values, and nothing random about them."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from sklearn.datasets import load_digits

from kdcore import datasets


@pytest.fixture(params=datasets.names())
def dataset(request: pytest.FixtureRequest) -> datasets.Dataset:
    try:
        return datasets.load(request.param)
    except datasets.Missing as missing:
        pytest.skip(str(missing))


def test_names_begin_with_the_default() -> None:
    assert datasets.names() == ["digits", "drawn_digits", "fashion_mnist", "spirals"]


def test_sizes_and_types_are_the_facts(dataset: datasets.Dataset) -> None:
    facts = dataset.facts
    assert facts == datasets.facts(dataset.name)
    assert dataset.inputs.shape[1:] == facts.input_shape
    assert dataset.inputs.dtype == torch.float32
    assert dataset.labels.dtype == dataset.train.dtype == torch.int64
    assert [len(part) for part in (dataset.train, dataset.validation, dataset.test)] == [
        facts.train,
        facts.validation,
        facts.test,
    ]
    assert set(dataset.labels.tolist()) == set(range(len(facts.classes)))
    assert torch.isfinite(dataset.inputs).all()


def test_no_example_is_in_two_parts(dataset: datasets.Dataset) -> None:
    rows = torch.cat([dataset.train, dataset.validation, dataset.test])
    assert torch.equal(rows.sort().values, torch.arange(len(dataset.inputs)))


def test_no_input_of_the_test_part_is_also_in_train(dataset: datasets.Dataset) -> None:
    if dataset.name == "fashion_mnist":
        pytest.skip("published with a few repeated pictures")
    seen = {row.numpy().tobytes() for row in dataset.inputs[dataset.train]}
    assert not [row for row in dataset.inputs[dataset.test] if row.numpy().tobytes() in seen]


@pytest.mark.parametrize("name", ["digits", "drawn_digits", "spirals"])
def test_a_split_is_the_same_in_every_process(name: str) -> None:
    program = (
        "import hashlib, sys; from kdcore import datasets; d = datasets.load(sys.argv[1], 3);"
        "print(hashlib.sha256(d.inputs.numpy().tobytes() + d.train.numpy().tobytes()).hexdigest())"
    )
    twice = {
        subprocess.run([sys.executable, "-c", program, name], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(twice) == 1


def test_split_zero_of_the_digits_never_changes() -> None:
    """The shipped teacher and recording were trained on exactly these rows."""
    assert datasets.load("digits").train[:8].tolist() == FIRST_ROWS


FIRST_ROWS = [1081, 1707, 927, 713, 262, 182, 303, 895]


def test_splits_differ(dataset: datasets.Dataset) -> None:
    other = datasets.load(dataset.name, 1)
    same_rows = torch.equal(dataset.train, other.train)
    assert not (same_rows and torch.equal(dataset.inputs, other.inputs))


def test_the_same_split_is_read_once(dataset: datasets.Dataset) -> None:
    assert datasets.load(dataset.name, 0) is dataset


def test_digits_are_those_of_scikit_learn() -> None:
    bunch = load_digits()
    ours = datasets.load("digits")
    assert torch.equal(ours.inputs.reshape(-1, 64), torch.from_numpy(bunch.data).float() / 16)
    assert torch.equal(ours.labels, torch.from_numpy(bunch.target))
    assert ours.labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_pictures_lie_between_black_and_white(dataset: datasets.Dataset) -> None:
    if len(dataset.facts.input_shape) != 3:
        pytest.skip("no pictures")
    assert dataset.inputs.min() == 0
    assert dataset.inputs.max() == 1


def test_spirals_are_balanced_standardised_and_beyond_a_straight_line() -> None:
    spirals = datasets.load("spirals")
    train = spirals.inputs[spirals.train]
    assert torch.allclose(train.mean(0), torch.zeros(2), atol=1e-5)
    assert torch.allclose(train.std(0, correction=0), torch.ones(2), atol=1e-5)
    assert spirals.labels[spirals.train].bincount().tolist() == [200] * 5
    nearest = torch.cdist(spirals.inputs[spirals.test], train).argmin(1)
    by_neighbour = (spirals.labels[spirals.train][nearest] == spirals.labels[spirals.test]).float().mean()
    centres = torch.stack([train[spirals.labels[spirals.train] == arm].mean(0) for arm in range(5)])
    nearest_centre = torch.cdist(spirals.inputs[spirals.test], centres).argmin(1)
    by_centre = (nearest_centre == spirals.labels[spirals.test]).float().mean()
    assert by_neighbour > 0.9
    assert by_centre < 0.5


@pytest.mark.parametrize("split", [-1, 2**32])
def test_a_split_that_cannot_be_is_refused(split: int) -> None:
    with pytest.raises(ValueError, match="split must lie in"):
        datasets.load("digits", split)


def test_an_unknown_name_is_refused_with_the_names_there_are() -> None:
    known = ", ".join(datasets.names())
    with pytest.raises(ValueError, match=f"no data set called 'mnist'; there are {known}"):
        datasets.facts("mnist")


def test_facts_are_read_without_torch_or_scikit_learn() -> None:
    program = (
        "import importlib, pathlib, sys, types; package = types.ModuleType('kdcore');"
        "package.__path__ = [str(pathlib.Path('kdcore').resolve())]; sys.modules['kdcore'] = package;"
        "import kdcore.datasets as d; d.facts('digits'); print({'torch', 'sklearn', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
