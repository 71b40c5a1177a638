"""The scene of a run: which examples may be shown, and what the teacher says about them. It never changes."""

import numpy as np
import torch
from torch import Tensor

from kdcore import measures
from kdcore.frame import Array, Stage
from kdcore.preparation import Prepared
from kdcore.projections import PrincipalSpace
from kdcore.signal import entropy, log_soft_labels

PROBES = 500
HEARD_SHOWN = 100
SEEDS_SHOWN = 16
GRID = 48


class Scene:
    """Rows are the probes (fixed test examples), then every picture that one of the shown seeds hears."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared, dataset = prepared, prepared.dataset
        self.answers = prepared.answers.get(prepared.experiment.teacher)
        self.seeds = prepared.experiment.seed_list[:SEEDS_SHOWN]
        probes = dataset.test[:PROBES]
        heard = prepared.transfer_set.ids[: len(self.seeds), :HEARD_SHOWN]
        self.ids = torch.cat([probes, heard.unique()])
        self.probe_rows = torch.arange(len(probes))
        self._row = torch.full((len(dataset.labels),), -1)
        self._row[self.ids] = torch.arange(len(self.ids))
        self.transfer_rows = self._row[heard]
        self.space = PrincipalSpace.fit(self._teacher_features()[: len(probes)])
        asked = self.answers is None or self.answers.network is not None  # stored logits say nothing of a grid
        self.grid = _grid(dataset.inputs) if asked and prepared.experiment.facts.input_shape == (2,) else None

    def _teacher_features(self) -> Tensor:
        """The teacher's last layer; the inputs themselves while nobody teaches."""
        if self.answers is None:
            return self.prepared.dataset.inputs[self.ids].flatten(1)
        signal = self.answers.signal
        return signal.penultimate[self.ids] if signal.features else signal.logits[self.ids]

    def rows_shown(self, seed: int) -> Tensor:
        """The rows whose opinions are followed: all probes, and what this seed hears."""
        return torch.cat([self.probe_rows, self.transfer_rows[self.seeds.index(seed)]])

    def places_of(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Which of these examples are on the stage (their positions), and their rows."""
        rows = self._row[ids]
        on_stage = (rows >= 0).nonzero()[:, 0]
        return on_stage, rows[on_stage]

    def stage(self) -> Stage:
        """The scene as plain arrays."""
        prepared, dataset = self.prepared, self.prepared.dataset
        experiment, facts, inputs = prepared.experiment, dataset.facts, dataset.inputs[self.ids]
        logits = torch.zeros(len(self.ids), len(facts.classes))
        similarity = torch.full((len(facts.classes),) * 2, float("nan"))
        scalars: dict[str, float] = {}
        if self.answers is not None:
            logits = self.answers.signal.logits[self.ids].contiguous()
            everything, test = self.answers.signal.logits, dataset.test
            similarity = measures.class_similarity(everything[test], dataset.labels[test])
            scalars = _measured(everything[test], dataset.labels[test])
            chosen = dataset.validation
            scalars["validation_accuracy"] = float(measures.accuracy(everything[chosen], dataset.labels[chosen]))
        pictures, plane = len(facts.input_shape) == 3, facts.input_shape == (2,)
        return Stage(
            class_names=facts.classes,
            input_shape=facts.input_shape,
            ids=self.ids.numpy(),
            pictures=(inputs.mean(1).clamp(0, 1) * 255).round().byte().numpy() if pictures else None,
            points=inputs.numpy().astype(np.float32) if plane else None,
            labels=dataset.labels[self.ids].numpy(),
            teacher_logits=logits.numpy(),
            probe_rows=self.probe_rows.int().numpy(),
            teacher_features=self.space.coordinates.half().numpy(),
            teacher_similarity=similarity.numpy(),
            seeds=self.seeds,
            transfer_rows=self.transfer_rows.int().numpy(),
            transfer_labels=prepared.transfer_set.labels[: len(self.seeds), :HEARD_SHOWN].numpy(),
            transfer_size=prepared.transfer_set.size,
            teacher_name=experiment.teacher.name,
            student_name=experiment.student.name,
            teacher_scalars=scalars,
            chance=1 / len(facts.classes),
            grid=None if self.grid is None else self.grid.numpy(),
            grid_teacher=self._grid_answers(),
        )

    def _grid_answers(self) -> Array | None:
        if self.grid is None or self.answers is None or self.answers.network is None:
            return None
        logits: Tensor = self.answers.network(self.grid).logits
        return np.asarray(logits.detach().half().numpy())


def _grid(points: Tensor) -> Tensor:
    """A square grid over 2-D data with a margin of a tenth, `[point, 2]`, row by row from the lowest y."""
    low, high = points.amin(0), points.amax(0)
    margin = (high - low) / 10
    x, y = (torch.linspace(float(a), float(b), GRID) for a, b in zip(low - margin, high + margin, strict=True))
    return torch.stack([x.expand(GRID, GRID), y[:, None].expand(GRID, GRID)], -1).flatten(0, 1)


def _measured(logits: Tensor, labels: Tensor) -> dict[str, float]:
    return {
        "accuracy": float(measures.accuracy(logits, labels)),
        "entropy": float(entropy(log_soft_labels(logits)).mean()),
        "ece": float(measures.expected_calibration_error(logits, labels)),
    }
