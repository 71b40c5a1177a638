"""A plane of two knobs: every cell is an arm, all cells are trained together, as one cohort or a few.

The cells of one plane share data, transfer sets, initial weights, batches and dropout masks seed by seed, so a
difference between two cells is the knobs' alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Annotated, Self

import numpy as np
import pydantic
from pydantic import ValidationError, field_validator, model_validator
from scipy.special import stdtrit

from kdcore import methods
from kdcore.experiment import MAX_MEMBERS, MAX_PARAMETERS, Experiment, parameters_of, reasons, units_of
from kdcore.frame import Array, Frame
from kdcore.observation import HEARD_LIMIT
from kdcore.parts import Arm, Plain

TEMPERATURES = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0, 64.0)
ALPHAS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95, 1.0)
"""Fine near 0: with few labels the step from no soft labels to hardly any is the steepest of all."""
ARM_KNOBS = ("alpha", "weight", "hard_weight", "learning_rate")
MAX_STUDENTS = 20_000
WORKING_BYTES = 550_000_000
"""What the students of one shard may need, so that its process stays under 1 GB with everything it has loaded."""


class Axis(Plain):
    """A knob (alpha, weight, hard_weight, learning_rate or a method's own) and its values, ascending."""

    knob: str
    values: Annotated[tuple[float, ...], pydantic.Field(min_length=2, max_length=40)]

    def __init__(self, knob: str = "", values: Sequence[float] = (), **fields: object) -> None:
        super().__init__(**{"knob": knob, "values": tuple(values), **fields})

    @field_validator("values")
    @classmethod
    def _ascending(cls, values: tuple[float, ...]) -> tuple[float, ...]:
        for low, high in pairwise(values):
            # Cells are known by their names, which carry six digits.
            if low >= high or f"{low:.6g}" == f"{high:.6g}":
                raise ValueError(f"values must ascend and differ; got {low:g} before {high:g}")
        return values


class Plane(Plain):
    """x is drawn from left to right (columns), y from bottom to top (rows).

    experiment: its arms are replaced by the cells and a control, everything else is used as it is. knobs: what all
    cells share of the method's knobs, alpha, weight, hard_weight and learning_rate; defaults for the rest.
    """

    experiment: Experiment = Experiment(seeds=4)
    method: str = "hinton"
    knobs: dict[str, float | bool | str] = pydantic.Field(default={})
    x: Axis = Axis("temperature", TEMPERATURES)
    y: Axis = Axis("alpha", ALPHAS)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.method == "hard":
            raise ValueError("hard labels alone are the control of every plane; choose another method")
        if self.x.knob == self.y.knob:
            raise ValueError(f"the two axes need different knobs; both are {self.x.knob}")
        for axis in (self.x, self.y):
            if axis.knob in self.knobs:
                raise ValueError(f"{axis.knob} is an axis, so it cannot be fixed as well")
            self._check_knob(axis.knob)
        if self.students > MAX_STUDENTS:
            raise ValueError(
                f"{len(self.x.values)} x {len(self.y.values)} cells x {len(self.experiment.seed_list)} seeds are "
                f"{self.students:,} students; at most {MAX_STUDENTS:,} fit one plane"
            )
        try:
            # What one knob may be does not depend on the other, so the edges stand for all cells.
            for column, row in [(c, 0) for c in range(len(self.x.values))] + [
                (0, r) for r in range(len(self.y.values))
            ]:
                self.arm(column, row)
            self.cell_experiment(0, 0)
        except ValidationError as error:
            raise ValueError("; ".join(reasons(error))) from None
        return self

    def _check_knob(self, knob: str) -> None:
        try:
            declared = methods.get(self.method).knobs
        except KeyError as error:
            raise ValueError(error.args[0]) from None
        numbers = [name for name, found in declared.items() if found.kind == "number"]
        if knob not in numbers and knob not in ARM_KNOBS:
            raise ValueError(
                f"{self.method} has no knob {knob!r} for an axis; it has {', '.join([*numbers, *ARM_KNOBS])}"
            )

    @property
    def cells(self) -> list[tuple[int, int]]:
        """(column, row) of every cell, column by column."""
        return list(product(range(len(self.x.values)), range(len(self.y.values))))

    @property
    def students(self) -> int:
        """Students in all cells, the controls not counted."""
        return len(self.x.values) * len(self.y.values) * len(self.experiment.seed_list)

    def name(self, column: int, row: int) -> str:
        """The name of a cell's arm: "T 4, alpha 0.9"."""
        name = f"{_said(self.x, column)}, {_said(self.y, row)}"
        return name if len(name) <= 40 else f"column {column + 1}, row {row + 1}"

    def arm(self, column: int, row: int) -> Arm:
        """The treatment of one cell. Raises IndexError outside the plane."""
        chosen = self.knobs | {self.x.knob: self.x.values[column], self.y.knob: self.y.values[row]}
        return Arm(self.method, self.name(column, row), **chosen)

    def shards(self, workers: int = 1) -> tuple[Experiment, ...]:
        """The plane as experiments that fit the memory, at least one for each worker, each with the control.

        Cells are dealt out in turn, along diagonals, so that every shard has its share of every row and column.
        """
        seeds = len(self.experiment.seed_list)
        most = min(
            MAX_MEMBERS // seeds,
            MAX_PARAMETERS // (seeds * parameters_of(self.experiment.student, self.experiment.facts)),
            WORKING_BYTES // (seeds * bytes_of_a_student(self.experiment)),
        )
        rows = len(self.y.values)
        cells = [(column, (row + column) % rows) for column, row in self.cells]
        # One place is the control's; a shard of one cell must do even where it is larger than it should be.
        count = min(len(cells), max(workers, math.ceil(len(cells) / max(1, most - 1))))
        return tuple(self._experiment(cells[first::count]) for first in range(count))

    def cell_experiment(self, column: int, row: int) -> Experiment:
        """One cell and the control with the plane's seeds."""
        return self._experiment([(column, row)])

    def _experiment(self, cells: Sequence[tuple[int, int]]) -> Experiment:
        arms = (*(self.arm(*cell) for cell in cells), Arm("hard"))
        return Experiment(**dict(self.experiment) | {"arms": arms, "control": True})


def _said(axis: Axis, place: int) -> str:
    return f"{'T' if axis.knob == 'temperature' else axis.knob} {axis.values[place]:.6g}"


def bytes_of_a_student(experiment: Experiment) -> int:
    """About how much memory one student takes at its most, be it in a step or when it is measured."""
    facts, network = experiment.facts, experiment.student
    classes, inputs, weights = len(facts.classes), math.prod(facts.input_shape), parameters_of(network, facts)
    # Of maps, the indices of their pooling and vmap's layouts are kept as well.
    units, kept = sum(units_of(network, facts)), 4 if network.kind == "mlp" else 10
    heard = experiment.transfer_size or facts.train
    # Weights, initial weights, gradients, two moments; besides, what is kept for the way back, and logits and softmax.
    step = weights + min(experiment.batch_size, heard) * (inputs + kept * units + 12 * classes)
    return 4 * (5 * weights + max(step, min(HEARD_LIMIT, heard) * (inputs + 3 * units), 8 * classes * facts.test))


@dataclass(frozen=True, eq=False)
class Field:
    """What is known of a plane's cells now.

    values: measure -> `[row, column, seed]`, fractions where they are accuracies, NaN where nothing is known; besides
        the frames' measures `gain` (on test) and `validation_gain`, each over the control of the same frame.
    control: measure -> `[seed]`, at the least step. at: `[row, column]`, the step of each cell, -1 without a frame.
    stopped: `[row, column]`, whether the cell diverged. step: the least of all frames; steps: the budget, 0 where no
        frame tells it.
    """

    values: Mapping[str, Array]
    control: Mapping[str, Array]
    at: Array
    stopped: Array
    step: int
    steps: int


def field(plane: Plane, frames: Sequence[Frame]) -> Field:
    """The plane's cells by the newest frame of each of its shards; arms that are no cells are left out.

    Raises ValueError for frames of other seeds.
    """
    places = {plane.name(*cell): cell for cell in plane.cells}
    shape = (len(plane.y.values), len(plane.x.values))
    seeds = plane.experiment.seed_list
    values: dict[str, Array] = {}
    at, stopped = np.full(shape, -1), np.zeros(shape, bool)
    for frame in frames:
        if frame.seeds != seeds:
            raise ValueError(f"this plane has the seeds {seeds}; a frame has {frame.seeds}")
        known = [number for number, arm in enumerate(frame.arms) if arm in places]
        columns, rows = (np.array([places[frame.arms[number]][end] for number in known], dtype=int) for end in (0, 1))
        for measure, numbers in _measured(frame).items():
            if measure not in values:
                values[measure] = np.full((*shape, len(seeds)), np.nan, np.float32)
            values[measure][rows, columns] = numbers[known]
        at[rows, columns] = frame.step
        stopped[rows, columns] = frame.stopped[known].any(-1)
    behind = min(frames, key=lambda frame: frame.step, default=None)
    control: dict[str, Array] = {}
    if behind is not None and behind.control is not None:
        place = behind.arms.index(behind.control)
        control = {measure: numbers[place] for measure, numbers in _measured(behind).items()}
    step, steps = (behind.step, behind.steps) if behind else (0, 0)
    return Field(values, control, at, stopped, step, steps)


def _measured(frame: Frame) -> dict[str, Array]:
    """The frame's measures that are one number a student, `[arm, seed]`, and the gains."""
    measured = {name: values for name, values in frame.scalars.items() if values.ndim == 2}
    if frame.control is not None:
        control = frame.arms.index(frame.control)
        for gain, measure in (("gain", "accuracy"), ("validation_gain", "validation_accuracy")):
            if measure in measured:
                measured[gain] = measured[measure] - measured[measure][control]
    return measured


@dataclass(frozen=True, eq=False)
class Curve:
    """One measure of one cell over time: steps `[frame]`, values `[frame, seed]`, mean and 95 % t interval `[frame]`.

    low and high are NaN with fewer than two seeds.
    """

    steps: Array
    values: Array
    mean: Array
    low: Array
    high: Array


def curves(
    plane: Plane,
    histories: Sequence[Sequence[Frame]],
    column: int,
    row: int,
    measures: Sequence[str] = ("validation_accuracy",),
) -> dict[str, Curve]:
    """How measures of one cell went, from the frames of each shard in step order; empty where no shard has the cell."""
    name = plane.name(column, row)
    history = next((frames for frames in histories if frames and name in frames[0].arms), ())
    if not history:
        return {}
    place, steps = history[0].arms.index(name), np.array([frame.step for frame in history])
    return {m: _curve(steps, np.stack([_measured(frame)[m][place] for frame in history])) for m in measures}


def _curve(steps: Array, values: Array) -> Curve:
    seeds, mean = values.shape[1], values.mean(1, dtype=np.float64)
    half = np.full(len(steps), np.nan)
    if seeds > 1:
        half = stdtrit(seeds - 1, 0.975) * values.std(1, ddof=1, dtype=np.float64) / math.sqrt(seeds)
    return Curve(steps, values, mean, mean - half, mean + half)


def equal_at_zero(field: Field, plane: Plane) -> float | None:
    """The largest difference of any accuracy between cells at alpha 0, where the other knob can do nothing.

    A check that costs nothing: anything but 0 is a fault of the engine. None where alpha is no axis or has no 0, where
    the other knob acts without alpha, while those cells are at different steps, and where all of them diverged.
    """
    alpha, other = (plane.x, plane.y) if plane.x.knob == "alpha" else (plane.y, plane.x)
    if alpha.knob != "alpha" or 0 not in alpha.values or other.knob == "learning_rate":
        return None
    place = alpha.values.index(0)
    line = (slice(None), place) if alpha is plane.x else (place, slice(None))
    if field.at[line].min() < 0 or len(set(field.at[line].tolist())) > 1:
        return None
    found = np.stack([field.values[measure][line] for measure in ("accuracy", "validation_accuracy")])
    difference = found.max(1) - found.min(1)
    return float(np.nanmax(difference)) if np.isfinite(difference).any() else None
