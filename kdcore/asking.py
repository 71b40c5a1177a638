"""Asking networks about inputs that are in no data set: a digit drawn a moment ago, asked of teacher and students."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from safetensors import SafetensorError
from torch import Tensor

from kdcore import methods, networks, teachers
from kdcore.cohort import Cohort
from kdcore.experiment import Experiment, Teacher
from kdcore.preparation import prepare
from kdcore.runs import weights

MOST_INPUTS = 1000
STUDENT = "student."
"""How the names of the students' weights begin in what a training keeps."""

Logits = NDArray[np.float32]
Answered = dict[str, Logits]
"""By arm, `[seed, n, class]`."""


def teacher(experiment: Experiment, inputs: ArrayLike, teacher: Teacher | None = None) -> Logits | None:
    """What a teacher (by default the experiment's own) says about `inputs [n, *input]`: logits `[n, class]`.

    Its swapped classes are swapped; the noise on its logits is left out, for that belongs to the examples of the data.
    None where it is not trained yet: asking never trains. Raises ValueError for impossible inputs.
    """
    asked = checked(experiment, inputs)
    chosen = teacher or experiment.teacher
    network = teachers.trained(experiment, chosen)
    if network is None:
        return None
    with torch.no_grad():
        return _array(teachers.swapped(network(asked).logits, chosen))


def students(log_folder: Path, run_id: str, experiment: Experiment, inputs: ArrayLike) -> Answered | None:
    """What every student of a run says about `inputs [n, *input]`: by arm, logits `[seed, n, class]`.

    They answer as they were when the run last kept its weights (see `kept_step`): at a pause or at its end. None where
    it kept none yet, or not all that they speak with (a method may give them another head, and its teacher must be
    here). Raises ValueError for impossible inputs, or where what was kept cannot be read.
    """
    asked = checked(experiment, inputs)
    speaking = any(methods.get(arm.method).answer for arm in experiment.arms)
    try:
        stored = weights.load(log_folder, run_id, only="" if speaking else STUDENT)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"the weights kept of run {run_id} cannot be read: {error}") from error
    if stored is None:
        return None
    if speaking:
        return _with_their_heads(experiment, stored, asked)
    stacked = member_weights(experiment, stored[1])
    network = networks.cohort(experiment.student, asked.shape[1:], len(experiment.facts.classes), seeds=(0,))
    with torch.no_grad():
        logits = network(asked, weights=stacked, shared=True).logits
    by_arm = logits.unflatten(0, (len(experiment.arms), len(experiment.seed_list)))
    return {arm.name: _array(said) for arm, said in zip(experiment.arms, by_arm, strict=True)}


def _with_their_heads(experiment: Experiment, stored: tuple[int, dict[str, Tensor]], asked: Tensor) -> Answered | None:
    """The same for students of methods that let them speak with more than their own head."""
    if not all(teachers.is_cached(experiment.dataset, experiment.split, each) for each in experiment.teachers):
        return None
    cohort = Cohort(prepare(experiment))
    try:
        cohort.load(stored[1], stored[0])
    except KeyError:
        return None
    with torch.no_grad():
        logits = cohort.opinions(asked).logits
    return {arm.name: _array(said) for arm, said in zip(experiment.arms, logits, strict=True)}


def kept_step(log_folder: Path, run_id: str) -> int | None:
    """The step at which the students that can be asked were kept; None where there are none."""
    try:
        stored = weights.load(log_folder, run_id, only="no weight at all")
    except (OSError, SafetensorError):
        return None
    return stored[0] if stored else None


def checked(experiment: Experiment, inputs: ArrayLike) -> Tensor:
    """The inputs as float32 `[n, *input]`; raises ValueError in a sentence where a network cannot be asked that."""
    try:
        given = np.asarray(inputs, dtype=np.float32)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError("inputs must be numbers, each example with as many as the others") from error
    shape = experiment.facts.input_shape
    if given.shape[1:] != shape or not 1 <= len(given) <= MOST_INPUTS:
        wanted = " x ".join(map(str, shape))
        got = " x ".join(map(str, given.shape)) or "one number"
        raise ValueError(f"inputs must be 1 to {MOST_INPUTS} examples of {wanted} numbers; got {got}")
    if not np.isfinite(given).all():
        raise ValueError("inputs must be finite numbers; some are infinite or no number")
    if len(shape) == 3 and not (given.min() >= 0 and given.max() <= 1):
        raise ValueError(f"pictures must lie in [0, 1]; got values from {given.min():g} to {given.max():g}")
    return torch.tensor(given)


def member_weights(experiment: Experiment, kept: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The stacked weights `[arm * seed, ...]` of all students, by the network's names, out of what a training keeps.

    Raises ValueError where they are not those of this experiment.
    """
    facts = experiment.facts
    module = networks.build(experiment.student, facts.input_shape, len(facts.classes))
    members = len(experiment.arms) * len(experiment.seed_list)
    wanted = {f"{STUDENT}{name}": (members, *weight.shape) for name, weight in module.named_parameters()}
    given = {name: tuple(weight.shape) for name, weight in kept.items() if name.startswith(STUDENT)}
    if given != wanted:
        odd = sorted(name for name in given.keys() | wanted.keys() if given.get(name) != wanted.get(name))[0]
        raise ValueError(f"these weights are another experiment's: {odd} is {given.get(odd)}, not {wanted.get(odd)}")
    return {name.removeprefix(STUDENT): kept[name].float() for name in wanted}


def _array(logits: Tensor) -> Logits:
    return np.ascontiguousarray(logits.numpy(), dtype=np.float32)
