"""A method tried once on a pair of untrained networks: which terms it really returns, what it really adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import torch

from kdcore import methods
from kdcore.cohort import Cohort
from kdcore.experiment import Arm, Experiment, Network, Teacher, Transfer
from kdcore.preparation import prepare

TEACHER = Network("cnn", widths=(8, 16))
STUDENT = Network("cnn", widths=(4, 8))
PAIR = "teacher CNN 8-16, student CNN 4-8, digits"
"""The default pair: small networks of which every kind of layer can be asked."""


@dataclass(frozen=True)
class Trial:
    """terms: "example" or "batch" by name, what each speaks of. extra: weights trained beside one student."""

    terms: Mapping[str, str]
    extra: int
    student: int


def experiment(*names: str, seeds: int = 1, control: bool = False) -> Experiment:
    """An arm for each of these methods at its defaults, on the default pair; the teacher is not trained."""
    return Experiment(
        teacher=Teacher(network=TEACHER, steps=0),
        student=STUDENT,
        transfer=Transfer(n=256),
        arms=tuple(Arm(name) for name in names),
        control=control,
        seeds=seeds,
        steps=10_000,
    )


def tried(name: str) -> Trial:
    """One batch of a method, by the loop's own hands. Raises what the method raises."""
    return _tried(name, id(methods.get(name).function))


@lru_cache(maxsize=256)
def _tried(name: str, _which: int) -> Trial:
    cohort = Cohort(prepare(experiment(name)))
    batch = cohort.batch(0, 0.5)
    terms = {
        term: "example" if values.shape[-1] == batch.ids.shape[-1] else "batch"
        for group, found in cohort.terms(cohort.answer(batch), batch)
        for term, values in found.items()
    }
    pieces = [weight for group in cohort.groups if group.side for weight in group.side.weights.values()]
    return Trial(terms, _count(pieces), _count(list(cohort.students.weights.values())))


def _count(stacked: list[torch.Tensor]) -> int:
    """Weights of one student, of tensors stacked over students: here there is only one."""
    return sum(weight[0].numel() for weight in stacked)
