"""A teacher that is a table of stored logits teaches as a network with the same answers would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

import kdcore
from kdcore import asking, datasets, methods, teachers
from kdcore.datasets import own
from kdcore.training import Training, prepare
from tests.own import arrays, npz
from tests.small import known, same, trained, weights_of

TABLE = kdcore.Teacher(network=kdcore.Network("table"))
ARMS = [kdcore.Arm(name) for name in ("hinton", "hard", "answers", "smoothed", "shuffled")]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A data folder of this test, and nothing remembered of another one."""
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    datasets._load.cache_clear()
    yield
    datasets._load.cache_clear()


def small(name: str, **fields: Any) -> kdcore.Experiment:
    given: dict[str, Any] = {"dataset": name, "student": kdcore.Network("mlp", widths=(8,)), "seeds": 2, "steps": 30}
    return kdcore.Experiment(**(given | fields))


@pytest.mark.parametrize("shape", [(6,), (2,), (1,), (1, 8, 8), (3, 4, 6)], ids=str)
def test_all_methods_train_on_data_of_ones_own(shape: tuple[int, ...]) -> None:
    name = own.add(npz(arrays(shape=shape)), "mine")
    training = trained(small(name, arms=ARMS))
    frame = list(training.observer.frame(30, last=True).measures["agreement"].values())
    assert all(np.isfinite(values).all() for values in frame)
    stage = training.stage()
    assert type(stage).from_bytes(stage.to_bytes()).teacher_name == "stored logits"
    assert (stage.pictures is not None) == (len(shape) == 3) and (stage.points is not None) == (shape == (2,))
    assert stage.grid is None and stage.grid_teacher is None


def test_stored_logits_teach_by_default_and_stay_in_the_json() -> None:
    name = own.add(npz(), "mine")
    experiment = kdcore.Experiment(dataset=name)
    assert experiment.teacher == TABLE and experiment.teacher.network.name == "stored logits"
    assert kdcore.Experiment.model_validate_json(experiment.model_dump_json()) == experiment
    other = small(name, teacher=kdcore.Network("mlp", widths=(8,)))
    assert other.teacher.network.kind == "mlp"
    assert kdcore.Experiment().teacher == kdcore.Teacher()


def test_a_table_teaches_bit_for_bit_as_the_network_that_gave_it(one_thread: None) -> None:
    given = arrays(rows=120, shape=(1, 8, 8))
    first = own.add(npz(given), "first")
    network = kdcore.Teacher(network=kdcore.Network("mlp", widths=(8,)), steps=40)
    said = teachers.answers(small(first, teacher=network)).signal.logits.numpy()
    second = own.add(npz(given, teacher_logits=said), "second")
    live, table = trained(small(first, teacher=network)), trained(small(second))
    assert same(weights_of(live, "hinton"), weights_of(table, "hinton"))


def test_answers_are_the_rows_of_the_file_with_noise_and_swaps() -> None:
    given = arrays()
    experiment = small(own.add(npz(given), "mine"))
    plain = teachers.answers(experiment)
    np.testing.assert_array_equal(plain.signal.logits.numpy(), given["teacher_logits"])
    assert plain.signal.features == {}
    ids = torch.tensor([[3, 5], [7, 0]])
    inputs = plain.dataset.inputs[ids]
    np.testing.assert_array_equal(plain.live(inputs, ids).logits.numpy(), given["teacher_logits"][ids])
    swap = kdcore.Teacher(network=TABLE.network, swap=((0, 2),), logit_noise=0.5)
    changed = teachers.answers(experiment, swap).signal.logits.numpy()
    noise = changed - given["teacher_logits"][:, [2, 1, 0]]
    assert 0.4 < noise.std() < 0.6


def test_nothing_is_trained_and_no_drawing_can_be_asked() -> None:
    experiment = small(own.add(npz(), "mine"))
    assert teachers.is_cached(experiment.dataset, 0, experiment.teacher)
    assert teachers.trained(experiment) is None
    assert asking.teacher(experiment, np.zeros((1, 6))) is None
    prepare(experiment)
    assert not list((Path(own._folder()).parent).glob("teachers/*"))


def test_a_trained_teacher_may_teach_beside_the_table() -> None:
    mlp = kdcore.Teacher(network=kdcore.Network("mlp", widths=(16,)), steps=30)
    name = own.add(npz(), "mine")
    arms = [kdcore.Arm("hinton", "stored"), kdcore.Arm("hinton", "trained", teacher=mlp)]
    training = Training(small(name, arms=arms, steps=20), frames_every=10**9)
    frames = list(training)
    assert frames[-1].arms == ("stored", "trained", "hard")
    assert (frames[-1].accuracy["stored"] != frames[-1].accuracy["trained"]).any() or not same(
        weights_of(training, "stored"), weights_of(training, "trained")
    )


def test_training_goes_on_bit_for_bit_from_a_stored_state(one_thread: None) -> None:
    experiment = small(own.add(npz(), "mine"), steps=20)
    whole = trained(experiment)
    first = Training(experiment, frames_every=10)
    for frame in first:
        if frame.step == 10:
            break
    kept = {name: value.clone() for name, value in first.state().items()}
    second = Training(experiment, frames_every=10**9)
    second.load(kept, 10)
    list(second)
    assert same(weights_of(whole, "hinton"), weights_of(second, "hinton"))


def needing(*needs: methods.declaration.Need) -> methods.Method:
    @methods.method(needs=needs, name=f"needs_{'_'.join(needs)}")
    def toy(student: kdcore.Signal, teacher: kdcore.Signal, labels: Tensor) -> methods.Terms:
        """Compares logits, whatever else it asked for."""
        return {"apart": (student.logits - teacher.logits).square().mean(-1)}

    return toy


@methods.method(needs=("logits",))
def needs_base(student: kdcore.Signal, teacher: kdcore.Signal, labels: Tensor, *, base: Any) -> methods.Terms:
    """Asks what the teacher said before it learnt."""
    return {}


@pytest.mark.parametrize("need", ["penultimate", "features", "maps", "input_gradient"])
def test_a_method_that_looks_into_the_teacher_is_refused(need: methods.declaration.Need) -> None:
    toy, name = needing("logits", need), own.add(npz(), "mine")
    with known(toy):
        with pytest.raises(ValidationError, match=f"needs the teacher's {need}; stored logits have none"):
            small(name, arms=[kdcore.Arm(toy.name)])
        network = kdcore.Teacher(network=kdcore.Network("mlp", widths=(8,)), steps=1)
        arms = [kdcore.Arm(toy.name, teacher=network)]
        if need == "maps":
            with pytest.raises(ValidationError, match=r"needs maps.* MLP 8 has none"):
                small(name, arms=arms)
        else:
            small(name, arms=arms)


def test_a_method_that_asks_for_the_teachers_past_is_refused() -> None:
    with known(needs_base), pytest.raises(ValidationError, match="needs the teacher's base; stored logits have none"):
        small(own.add(npz(), "mine"), arms=[kdcore.Arm("needs_base")])


def test_a_method_that_asks_the_teacher_live_finds_the_rows() -> None:
    toy = needing("logits", "live_teacher")
    with known(toy):
        name = own.add(npz(), "mine")
        trained(small(name, arms=[kdcore.Arm(toy.name)]))


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"teacher": TABLE}, "no teacher's logits are stored with digits"),
        ({"arms": [kdcore.Arm("hinton", teacher=TABLE)]}, "no teacher's logits are stored with digits"),
        ({"student": kdcore.Network("table")}, "stored logits cannot learn"),
    ],
)
def test_a_table_where_none_can_be_is_refused(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        kdcore.Experiment(**fields)


def test_a_table_has_learnt_already() -> None:
    with pytest.raises(ValidationError, match="stored logits have learnt already"):
        kdcore.Teacher(network=kdcore.Network("table"), wrong_labels=0.5)


def test_an_experiment_on_removed_data_can_be_read_and_says_so_when_trained() -> None:
    name = own.add(npz(), "mine")
    text = small(name).model_dump_json()
    own.remove(name)
    own._kept.cache_clear()
    experiment = kdcore.Experiment.model_validate_json(text)
    with pytest.raises(datasets.Missing, match="was removed"):
        prepare(experiment)
