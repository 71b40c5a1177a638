"""What can be seen of a run: the Frame of one step, and the Stage that stays fixed. Small arrays, never a figure."""

import dataclasses
import io
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

Array = NDArray[Any]
KNOBS = ("temperature", "hard_weight", "weight", "learning_rate")


class ByArm(Mapping[str, Array]):
    """Values `[arm, seed, ...]`, read by the name of the arm."""

    def __init__(self, arms: tuple[str, ...], values: Array) -> None:
        self._arms, self._values = arms, values

    def __getitem__(self, arm: str) -> Array:
        if arm not in self._arms:
            raise KeyError(f"there is no arm {arm!r}; there are {', '.join(self._arms)}")
        return np.asarray(self._values[self._arms.index(arm)])

    def __iter__(self) -> Iterator[str]:
        return iter(self._arms)

    def __len__(self) -> int:
        return len(self._arms)


class _Stored:
    """Exact bytes for a record of arrays and plain values: npz without pickle, the plain values as JSON."""

    def to_bytes(self) -> bytes:
        """This record as npz bytes; `from_bytes` gives an equal one."""
        arrays: dict[str, Array] = {}
        plain = _split(self, "", arrays)
        stream = io.BytesIO()
        text = np.frombuffer(json.dumps(plain, allow_nan=True).encode(), dtype=np.uint8)
        np.savez_compressed(stream, allow_pickle=False, plain=text, **arrays)
        return stream.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The record that `to_bytes` wrote; ValueError where the bytes are not one."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            plain = json.loads(arrays.pop("plain").tobytes())
            return cls(**_join(cls, plain, arrays, ""))
        except Exception as error:
            # Damaged bytes fail anywhere: in zip, zlib, NumPy's header parser, JSON or the record itself.
            raise ValueError(f"these bytes are no {cls.__name__}: {error}") from error


def _split(record: Any, prefix: str, arrays: dict[str, Array]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for item in dataclasses.fields(record):
        value, place = getattr(record, item.name), f"{prefix}{item.name}"
        if isinstance(value, np.ndarray):
            arrays[place] = value
        elif isinstance(value, Shown):
            plain[item.name] = _split(value, f"{place}.", arrays)
        elif isinstance(value, dict) and any(isinstance(part, np.ndarray) for part in value.values()):
            plain[item.name] = _stack(value, place, arrays)
        else:
            plain[item.name] = value
    return plain


def _stack(values: dict[str, Array], place: str, arrays: dict[str, Array]) -> list[str]:
    """Arrays of one shape go into one file entry: every entry costs some 250 bytes."""
    shapes = {value.shape for value in values.values()}
    common = min(shapes, key=len)
    together = [name for name, value in values.items() if value.shape == common]
    arrays[f"{place}/"] = np.stack([values[name] for name in together])
    for name in values:
        if name not in together:
            arrays[f"{place}/{name}"] = values[name]
    return together


def _join(cls: type, plain: dict[str, Any], arrays: dict[str, Array], prefix: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in dataclasses.fields(cls):
        place, value = f"{prefix}{item.name}", plain.get(item.name)
        if place in arrays:
            values[item.name] = arrays[place]
        elif f"{place}/" in arrays:
            start = f"{place}/"
            values[item.name] = dict(zip(plain[item.name], arrays[start], strict=True)) | {
                name.removeprefix(start): array
                for name, array in arrays.items()
                if name.startswith(start) and name != start
            }
        elif item.name == "shown" and value is not None:
            values[item.name] = Shown(**_join(Shown, value, arrays, f"{place}."))
        elif item.name in plain:
            values[item.name] = tuple(value) if isinstance(value, list) else value
    return values


@dataclass(frozen=True)
class Shown:
    """What is drawn of one shown seed: rows are those of the Stage; arms in the frame's order.

    rows `[row]`; logits `[arm, row, class]` float32; features `[arm, probe, direction]` float16, mapped into the
    teacher's principal space; similarity `[arm, class, class]`; the last batch's rows and per-example losses
    `[arm, example]`; surface `[arm, grid, class]` float16 for 2-D data, else None.
    """

    seed: int
    rows: Array
    logits: Array
    features: Array
    similarity: Array
    batch_rows: Array
    batch_hard: Array
    batch_soft: Array
    surface: Array | None = None


@dataclass(frozen=True)
class Frame(_Stored):
    """What can be seen at one step.

    scalars: measure -> `[arm, seed]` float32 (`per_class_accuracy`: `[arm, seed, class]`); accuracies are fractions.
    knobs: the current value per arm `[arm]`, NaN where an arm has none. stopped: `[arm, seed]`, diverged students.
    at: Unix time at which it was made. test_logits: `[arm, seed, example, class]` in the last frame if under 4 MB.
    """

    step: int
    steps: int
    arms: tuple[str, ...]
    seeds: tuple[int, ...]
    control: str | None
    scalars: dict[str, Array]
    knobs: dict[str, Array]
    stopped: Array
    shown: Shown | None = None
    test_logits: Array | None = None
    at: float = field(default_factory=time.time)

    @property
    def measures(self) -> dict[str, ByArm]:
        """Every scalar by its name, then by arm: `frame.measures["agreement"]["hinton"]` is `[seed]`."""
        return {name: ByArm(self.arms, values) for name, values in self.scalars.items()}

    @property
    def accuracy(self) -> ByArm:
        """Accuracy on test examples, a fraction, `[seed]` by arm."""
        return ByArm(self.arms, self.scalars["accuracy"])

    @property
    def per_class_accuracy(self) -> ByArm:
        """Accuracy on the test examples of each class, `[seed, class]` by arm."""
        return ByArm(self.arms, self.scalars["per_class_accuracy"])

    @property
    def gain(self) -> ByArm:
        """Accuracy minus the control arm's with the same seed, a fraction, `[seed]` by arm."""
        if self.control is None:
            raise ValueError("this experiment has no control arm, so no gain")
        values = self.scalars["accuracy"]
        return ByArm(self.arms, values - values[self.arms.index(self.control)])

    def interval(self, arm: str) -> tuple[float, float]:
        """The 95 % t interval of an arm's mean gain over seeds, a fraction; NaN with fewer than two seeds."""
        gain = self.gain[arm].astype(np.float64)
        if len(gain) < 2:
            return (float("nan"), float("nan"))
        half = stdtrit(len(gain) - 1, 0.975) * gain.std(ddof=1) / np.sqrt(len(gain))
        return (float(gain.mean() - half), float(gain.mean() + half))

    def thin(self) -> "Frame":
        """The same frame without what is drawn of single examples."""
        return dataclasses.replace(self, shown=None, test_logits=None)


@dataclass(frozen=True)
class Stage(_Stored):
    """What stays fixed while a run goes on: the pictures that may be shown and what the teacher says of them.

    Row r stands for example `ids[r]` of the data. pictures `[row, height, width]` uint8, or points `[row, 2]` for
    2-D data; labels are the true ones. transfer_rows `[seed, example]` are the pictures each seed hears (at most the
    first 100), transfer_labels the labels as heard (-1: withheld). Probes are the test examples of the embedding.
    """

    class_names: tuple[str, ...]
    input_shape: tuple[int, ...]
    ids: Array
    pictures: Array | None
    points: Array | None
    labels: Array
    teacher_logits: Array
    probe_rows: Array
    teacher_features: Array
    teacher_similarity: Array
    seeds: tuple[int, ...]
    transfer_rows: Array
    transfer_labels: Array
    transfer_size: int
    teacher_name: str
    student_name: str
    teacher_scalars: dict[str, float]
    chance: float
    grid: Array | None = None
    grid_teacher: Array | None = None
