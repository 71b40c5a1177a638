"""Networks are asked about inputs of nobody's data set, and say what they say about those of the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from kdcore import Arm, Experiment, Network, Teacher, asking, datasets, teachers
from kdcore.runs import weights
from tests.small import TEACHER, experiment, trained

DIGITS = datasets.load("digits")
PICTURES = DIGITS.inputs[DIGITS.test[:20]]


pytestmark = pytest.mark.usefixtures("one_thread")


def kept(folder: Path, run_id: str, whole: Experiment) -> Any:
    """Train an experiment and keep its weights as a worker does; the training."""
    training = trained(whole)
    weights.save(folder, run_id, training.step, training.state())
    return training


@pytest.mark.parametrize("network", [Network("mlp", widths=(12,)), Network("cnn", widths=(3, 4))], ids=str)
def test_students_say_what_they_said_in_the_run(tmp_path: Path, network: Network) -> None:
    whole = experiment(Arm("hinton"), Arm("smoothed"), Arm("hard"), student=network, seeds=(4, 7))
    training = kept(tmp_path, "run", whole)
    said = asking.students(tmp_path, "run", whole, PICTURES)
    assert said is not None and list(said) == ["hinton", "smoothed", "hard"]
    assert all(logits.shape == (2, 20, 10) and logits.dtype == np.float32 for logits in said.values())
    with torch.no_grad():
        for number, (arm, seed) in enumerate((arm, seed) for arm in said for seed in range(2)):
            expected = training.cohort.students.member(number)(PICTURES).logits
            np.testing.assert_allclose(said[arm][seed], expected, atol=1e-5)
    assert asking.kept_step(tmp_path, "run") == 20


def test_students_trained_in_double_precision_can_be_asked(tmp_path: Path) -> None:
    whole = experiment()
    training = trained(whole, dtype=torch.float64)
    weights.save(tmp_path, "run", training.step, training.state())
    said = asking.students(tmp_path, "run", whole, PICTURES)
    assert said is not None and said["hard"].dtype == np.float32


def test_a_run_that_kept_no_weights_has_no_students_to_ask(tmp_path: Path) -> None:
    assert asking.students(tmp_path, "nobody", experiment(), PICTURES) is None
    assert asking.kept_step(tmp_path, "nobody") is None


def test_weights_of_another_experiment_are_refused_with_their_shape(tmp_path: Path) -> None:
    kept(tmp_path, "run", experiment())
    for other in (experiment(seeds=2), experiment(student=Network("mlp", widths=(12, 12)))):
        with pytest.raises(ValueError, match="another experiment's: student"):
            asking.students(tmp_path, "run", other, PICTURES)


def test_damaged_weights_are_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = experiment()
    kept(tmp_path, "run", whole)
    file = weights.path(tmp_path, "run")
    file.write_bytes(file.read_bytes()[:500])
    with pytest.raises(ValueError, match="weights kept of run run cannot be read"):
        asking.students(tmp_path, "run", whole, PICTURES)
    assert asking.kept_step(tmp_path, "run") is None


def test_a_teacher_says_of_an_input_what_it_says_of_the_same_example() -> None:
    whole = experiment()
    answers = teachers.answers(whole)
    said = asking.teacher(whole, PICTURES.tolist())
    assert said is not None
    np.testing.assert_allclose(said, answers.signal.logits[DIGITS.test[:20]], atol=1e-5)


def test_swapped_classes_are_swapped_and_noise_is_left_out() -> None:
    whole = experiment()
    plain = asking.teacher(whole, PICTURES)
    odd = TEACHER.model_copy(update={"swap": ((4, 9),), "logit_noise": 8.0})
    said = asking.teacher(whole, PICTURES, odd)
    assert plain is not None and said is not None
    np.testing.assert_array_equal(said, plain[:, [0, 1, 2, 3, 9, 5, 6, 7, 8, 4]])


def test_asking_never_trains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    fresh = Teacher(network=Network("mlp", widths=(13,)), steps=50)
    assert asking.teacher(experiment(teacher=fresh), PICTURES) is None
    assert not list(tmp_path.rglob("*.safetensors"))
    untrained = asking.teacher(experiment(teacher=fresh.model_copy(update={"steps": 0})), PICTURES)
    assert untrained is not None and untrained.shape == (20, 10)


IMPOSSIBLE: list[tuple[Any, str]] = [
    (np.zeros((3, 8, 8)), r"1 to 1000 examples of 1 x 8 x 8 numbers; got 3 x 8 x 8"),
    (np.zeros((0, 1, 8, 8)), "got 0 x 1 x 8 x 8"),
    (np.zeros((1001, 1, 8, 8)), "got 1001"),
    (0.5, "got one number"),
    ([[0.0], [0.0, 1.0]], "must be numbers"),
    ([["ink"] * 64], "must be numbers"),
    (None, "got one number"),
    (np.full((1, 1, 8, 8), np.nan), "finite"),
    (np.full((1, 1, 8, 8), np.inf), "finite"),
    (np.full((1, 1, 8, 8), 16), r"\[0, 1\]; got values from 16 to 16"),
    (np.full((1, 1, 8, 8), -0.1), r"\[0, 1\]"),
]


@pytest.mark.parametrize(("inputs", "sentence"), IMPOSSIBLE, ids=[sentence for _, sentence in IMPOSSIBLE])
def test_impossible_inputs_are_refused_in_a_sentence(tmp_path: Path, inputs: Any, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        asking.teacher(experiment(), inputs)
    with pytest.raises(ValueError, match=sentence):
        asking.students(tmp_path, "nobody", experiment(), inputs)


def test_points_in_the_plane_may_lie_anywhere() -> None:
    spirals = Experiment(dataset="spirals", teacher=TEACHER.model_copy(update={"steps": 0}))
    said = asking.teacher(spirals, [[-3.0, 2.5]])
    assert said is not None and said.shape == (1, 5)


def test_only_the_students_are_read_from_what_a_run_kept(tmp_path: Path) -> None:
    whole = experiment()
    kept(tmp_path, "run", whole)
    file = weights.path(tmp_path, "run")
    everything = load_file(file)
    save_file({n: t for n, t in everything.items() if n.startswith("student.")}, file, metadata={"step": "20"})
    assert len(everything) > len(load_file(file))
    assert asking.students(tmp_path, "run", whole, PICTURES) is not None
