"""A race that was run, as one small file: what ran, and the numbers of its last frame."""

import dataclasses
import json
import zipfile
from pathlib import Path

from kdcore.experiment import Experiment
from kdcore.frame import Frame

MEASURES = ("accuracy", "validation_accuracy", "agreement")
LARGEST = 5_000_000


def save(path: Path, experiment: Experiment, last: Frame) -> None:
    """Write a race with the numbers of its last frame that a leaderboard shows."""
    scalars = {name: last.scalars[name] for name in MEASURES}
    thin = dataclasses.replace(last.thin(), scalars=scalars, knobs={})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("experiment.json", experiment.model_dump_json())
        file.writestr("last.npz", thin.to_bytes())


def load(path: Path) -> tuple[Experiment, Frame]:
    """The race that `save` wrote. ValueError where the file is none."""
    try:
        with zipfile.ZipFile(path) as file:
            if sum(part.file_size for part in file.infolist()) > LARGEST:
                raise ValueError(f"it is larger than {LARGEST} bytes")
            experiment = Experiment.model_validate(json.loads(file.read("experiment.json")))
            last = Frame.from_bytes(file.read("last.npz"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as problem:
        raise ValueError(f"{path.name} is no recorded race: {problem}") from problem
    if last.arms != tuple(arm.name for arm in experiment.arms):
        raise ValueError(f"{path.name} is no recorded race: its numbers are those of other arms")
    return experiment, last
