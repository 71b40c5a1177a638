"""Small experiments and helpers that the tests of the engine share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

import kdcore
from kdcore import methods
from kdcore.training import Training

TEACHER = kdcore.Teacher(network=kdcore.Network("mlp", widths=(24, 16)), steps=150, learning_rate=0.01)
"""Half a second of training; right about nine times in ten, which is enough to be heard."""


def experiment(*arms: kdcore.Arm, **fields: Any) -> kdcore.Experiment:
    """A quick experiment: three seeds of a small student, thirty pictures, 20 steps."""
    given: dict[str, Any] = {
        "teacher": TEACHER,
        "student": kdcore.Network("mlp", widths=(12,)),
        "seeds": 3,
        "steps": 20,
        "control": False,
        **fields,
    }
    return kdcore.Experiment(arms=arms or (kdcore.Arm("hinton"), kdcore.Arm("hard")), **given)


def trained(experiment: kdcore.Experiment, **options: Any) -> Training:
    """The training after its last step, looked at as little as possible unless the options say otherwise."""
    training = Training(experiment, **{"frames_every": 10**9, **options})
    for _ in training:
        pass
    return training


def weights_of(training: Training, arm: str) -> dict[str, Tensor]:
    """An arm's weights, `[seed, ...]`, copied."""
    place = [a.name for a in training.cohort.arms].index(arm)
    leading = training.cohort.leading
    named = training.cohort.students.weights.items()
    return {name: weight.detach().unflatten(0, leading)[place].clone() for name, weight in named}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    """Whether two sets of tensors are equal to the last bit."""
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def distance(left: dict[str, Tensor], right: dict[str, Tensor]) -> float:
    """The largest difference between two sets of tensors."""
    assert left.keys() == right.keys()
    return max(float((left[name] - right[name]).abs().max()) for name in left)


@contextlib.contextmanager
def known(*toys: methods.Method) -> Iterator[None]:
    """Make methods known for a while, as if each were a file in kdcore/methods."""
    for toy in toys:
        methods.register(toy)
    try:
        yield
    finally:
        for toy in toys:
            del methods._methods[toy.name]
