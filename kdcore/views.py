"""Another stream of data for some arms: a method's `view` puts other inputs and labels in place of the batch's."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from kdcore.datasets import Dataset
from kdcore.groups import Batch, Group
from kdcore.networks import Stacked
from kdcore.preparation import Prepared
from kdcore.randomness import stream
from kdcore.signal import Signal


@dataclass(frozen=True)
class Look:
    """What a view may look at: the step, the data, and both sides as they are now, differentiable in their inputs.

    ids `[seed, batch]`: which examples the batch holds; transfer_ids `[seed, n]`: all that each seed hears.
    generator: the same at the same step; draw `[batch, ...]`, so that one more seed changes nothing.
    prepared: what the declaration's `prepare` computed.
    student, teacher: functions from inputs `[arm, seed, batch, *input]` to a Signal; nothing learns from them.
    """

    ids: Tensor
    step: int
    progress: float
    generator: torch.Generator
    prepared: Any
    dataset: Dataset
    transfer_ids: Tensor
    student: Callable[[Tensor], Signal]
    teacher: Callable[[Tensor], Signal]


def viewed(prepared: Prepared, students: Stacked, group: Group, batch: Batch) -> tuple[Tensor, Tensor]:
    """What a group with a view meets in place of a batch: inputs `[arm, seed, batch, *input]`, labels alike."""
    assert group.method.view is not None
    leading = (len(group.arms), len(batch.ids))
    arms = len(students.weights[next(iter(students.weights))]) // len(batch.ids)
    own = {n: w.detach().unflatten(0, (arms, -1))[group.places].flatten(0, 1) for n, w in students.weights.items()}

    def student(inputs: Tensor) -> Signal:
        said = students(inputs.flatten(0, 1), weights=own)
        features = {name: feature.unflatten(0, leading) for name, feature in said.features.items()}
        return Signal(said.logits.unflatten(0, leading), features)

    def teacher(inputs: Tensor) -> Signal:
        assert group.answers is not None
        said = group.answers.live(inputs.float(), batch.ids.expand(*leading, -1), differentiable=True)
        return Signal(said.logits.to(batch.inputs.dtype), said.features)

    look = Look(
        ids=batch.ids,
        step=batch.step,
        progress=batch.progress,
        generator=stream("view", group.method.name, batch.step),
        prepared=group.prepared,
        dataset=prepared.dataset,
        transfer_ids=prepared.transfer_set.ids,
        student=student,
        teacher=teacher,
    )
    inputs = batch.inputs.expand(len(group.arms), *batch.inputs.shape)
    inputs, labels = group.method.view(inputs, batch.labels.expand(len(group.arms), *batch.labels.shape), look)
    return inputs.detach(), labels
