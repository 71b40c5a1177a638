"""A trained plane as one small file: what was run, and the numbers of some of its frames."""

import dataclasses
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kdcore.frame import Array, Frame
from kdcore.planes import Plane

CURVE = ("validation_accuracy",)
FRAMES = 40
"""Frames that are kept of each shard, evenly spread over the logarithm of the step."""
LARGEST = 5_000_000


def save(path: Path, plane: Plane, histories: Sequence[Sequence[Frame]]) -> None:
    """Write a plane with the frames of its shards, each in step order: the last with all it measured."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("plane.json", plane.model_dump_json())
        for number, frames in enumerate(histories):
            kept = [_thin(frames[place], CURVE) for place in _spread([frame.step for frame in frames])]
            measured = tuple(name for name, values in frames[-1].scalars.items() if values.ndim == 2)
            for frame in [*kept[:-1], _thin(frames[-1], measured)]:
                file.writestr(f"{number}/{frame.step:08d}.npz", frame.to_bytes())


def load(path: Path) -> tuple[Plane, list[list[Frame]]]:
    """The plane that `save` wrote, and the frames of each of its shards. ValueError where the file is none."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(part.file_size for part in file.infolist()) > LARGEST:
                raise ValueError(f"it is larger than {LARGEST} bytes")
            plane = Plane.model_validate(json.loads(file.read("plane.json")))
            histories: dict[str, list[Frame]] = {}
            for name in sorted(name for name in file.namelist() if name.endswith(".npz")):
                histories.setdefault(name.split("/")[0], []).append(Frame.from_bytes(file.read(name)))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as problem:
        raise ValueError(f"{path.name} is no recorded plane: {problem}") from problem
    return plane, list(histories.values())


def _thin(frame: Frame, measures: Sequence[str]) -> Frame:
    """The same step with these numbers alone, and without what its cells already say of their knobs."""
    scalars = {name: frame.scalars[name] for name in measures}
    return dataclasses.replace(frame.thin(), scalars=scalars, knobs={})


def _spread(steps: Sequence[int]) -> list[int]:
    """Places of at most FRAMES steps, the first and the last among them."""
    logarithms: Array = np.log1p(np.asarray(steps, dtype=np.float64))
    wanted = np.linspace(logarithms[0], logarithms[-1], FRAMES)
    return sorted({int(np.abs(logarithms - mark).argmin()) for mark in wanted} | {0, len(steps) - 1})
