"""A torch module of one's own as student or teacher, as in a notebook."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor, nn

import kdcore
from kdcore import modules, networks, teachers
from kdcore.training import Training
from tests.small import TEACHER, same, trained, weights_of

README = """
from torch import nn

def two_layers(input_shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 24), nn.GELU(), nn.LayerNorm(24), nn.Linear(24, classes))

experiment = kdcore.Experiment(student=kdcore.Network.from_module(two_layers), steps=300)
for frame in kdcore.train(experiment):
    pass
print(frame.accuracy["hinton"].mean(), frame.accuracy["hard"].mean())
"""


@pytest.fixture(autouse=True)
def _nothing_stays() -> Iterator[None]:
    before = dict(modules._known)
    yield
    modules._known.clear()
    modules._known.update(before)


def plain_mlp(input_shape: tuple[int, ...], classes: int) -> nn.Module:
    """The twin of kdcore's own MLP 12: same layers, made in the same order."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, classes))


def experiment(student: kdcore.Network, **fields: Any) -> kdcore.Experiment:
    given: dict[str, Any] = {"teacher": TEACHER, "student": student, "seeds": 3, "steps": 20}
    return kdcore.Experiment(**(given | fields))


def test_the_readmes_example_learns() -> None:
    assert README.strip() in (Path(__file__).parents[1] / "README.md").read_text()
    names: dict[str, Any] = {"kdcore": kdcore}
    exec(README, names)
    assert names["frame"].accuracy["hinton"].mean() > names["frame"].accuracy["hard"].mean() + 0.04
    assert names["frame"].accuracy["hard"].mean() > 0.7


def test_it_trains_as_our_own_network_of_the_same_layers() -> None:
    ours = trained(experiment(kdcore.Network("mlp", widths=(12,))), dtype=torch.float64)
    theirs = trained(experiment(kdcore.Network.from_module(plain_mlp)), dtype=torch.float64)
    for arm in ("hinton", "hard"):
        pairs = zip(weights_of(ours, arm).values(), weights_of(theirs, arm).values(), strict=True)
        for our, their in pairs:
            torch.testing.assert_close(our, their, atol=1e-6, rtol=0)


def test_seeds_begin_with_other_weights_and_arms_with_the_same() -> None:
    training = Training(experiment(kdcore.Network.from_module(plain_mlp)))
    hinton, hard = weights_of(training, "hinton"), weights_of(training, "hard")
    assert same(hinton, hard)
    assert all((weight[0] != weight[1]).any() for weight in hinton.values())


def test_json_carries_the_name() -> None:
    network = kdcore.Network.from_module(plain_mlp, name="mine")
    given = experiment(network)
    assert network.name == "mine" and network.model_dump()["kind"] == "mine"
    assert kdcore.Experiment.model_validate_json(given.model_dump_json()) == given


def test_another_process_says_that_it_must_be_registered_there() -> None:
    text = experiment(kdcore.Network.from_module(plain_mlp, name="mine")).model_dump_json()
    code = "import sys, kdcore; kdcore.Experiment.model_validate_json(sys.stdin.read())"
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is no network 'mine'" in done.stderr and "Network.from_module" in done.stderr


class WithFeatures(nn.Module):
    """Answers with a Signal; its factory takes no arguments."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.head = nn.Linear(64, 10), nn.Linear(10, 10)

    def forward(self, inputs: Tensor) -> kdcore.Signal:
        hidden = torch.tanh(self.hidden(inputs.flatten(1)))
        return kdcore.Signal(self.head(hidden), {"hidden": hidden})


def test_a_module_may_give_features_and_its_class_is_a_factory() -> None:
    training = trained(experiment(kdcore.Network.from_module(WithFeatures)))
    hidden = training.cohort.answer(training.cohort.batch(0, 0.0)).penultimate
    assert hidden.shape == (2, 3, 30, 10) and (hidden.abs() <= 1).all()


def test_it_teaches_and_what_it_learnt_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    teacher = kdcore.Teacher(network=kdcore.Network.from_module(plain_mlp, name="taught"), steps=150)
    given = experiment(kdcore.Network("mlp", widths=(12,)), teacher=teacher)
    assert not teachers.is_cached("digits", 0, teacher)
    frame = trained(given).observer.frame(20, last=True)
    assert (frame.measures["agreement"]["hinton"] > 0.2).all()
    assert teachers.is_cached("digits", 0, teacher)
    # Another module under the same name is another teacher.
    kdcore.Network.from_module(lambda: nn.Sequential(nn.Flatten(), nn.Linear(64, 10)), name="taught")
    assert not teachers.is_cached("digits", 0, teacher)
    weights = dict(teachers.answers(given).signal.features), teachers.trained(given)
    assert weights[0] == {} and weights[1] is not None and len(list(weights[1].parameters())) == 2


def refused(factory: Any, **fields: Any) -> str:
    with pytest.raises((ValidationError, ValueError)) as error:
        experiment(kdcore.Network.from_module(factory, name="mine"), **fields)
    return str(error.value)


def flat(*layers: nn.Module) -> Any:
    return lambda: nn.Sequential(nn.Flatten(), *layers)


class Branching(nn.Module):
    """Looks at its numbers to decide what to do: not possible for many at once."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(64, 10)

    def forward(self, inputs: Tensor) -> Tensor:
        logits: Tensor = self.head(inputs.flatten(1))
        return logits if logits.sum() > 0 else -logits


@pytest.mark.parametrize(
    ("factory", "sentence"),
    [
        (flat(nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Linear(8, 10)), "GroupNorm or LayerNorm in place of BatchNorm"),
        (flat(nn.Dropout(0.5), nn.Linear(64, 10)), "would not be the same in all arms"),
        (flat(), "has no weights to learn with"),
        (flat(nn.Linear(64, 7)), r"must answer two examples with logits \[2, 10\]; it answered \[2, 7\]"),
        (flat(nn.Linear(65, 10)), "cannot be asked about examples of 1 x 8 x 8 numbers"),
        (lambda: "a string", "must return a torch module; it returned str"),
        (Branching, "cannot be put under torch.func.vmap"),
        (lambda a, b, c: nn.Linear(1, 1), r"without arguments or with \(input_shape, classes\)"),
    ],
)
def test_what_cannot_be_a_student_is_refused_in_a_sentence(factory: Any, sentence: str) -> None:
    assert re.search(sentence, refused(factory))


@pytest.mark.parametrize("name", [None, "mlp", "Table", "", "two words", "x" * 41])
def test_it_needs_a_name_of_its_own(name: str | None) -> None:
    with pytest.raises(ValueError, match="a network needs a name of letters and digits"):
        kdcore.Network.from_module(lambda: nn.Linear(1, 1), name=name)


def test_the_same_module_twice_is_refused() -> None:
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    network = kdcore.Network.from_module(lambda: module, name="mine")
    with pytest.raises(ValueError, match="must make a new module each time"):
        Training(experiment(network))


def test_the_global_generator_is_left_alone() -> None:
    network = kdcore.Network.from_module(plain_mlp, name="mine")
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    experiment(network)
    networks.cohort(network, (1, 8, 8), 10, seeds=(0, 1))
    assert torch.equal(torch.rand(3), expected)
