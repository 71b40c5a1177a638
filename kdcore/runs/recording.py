"""A run as one file: a zip of JSON, npz without pickle and safetensors. The same run gives the same bytes.

Of its weights it carries what asking the students needs, and nothing of the optimiser.
"""

import contextlib
import hashlib
import json
import os
import re
import time
import zipfile
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from safetensors import SafetensorError
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of
from torch import Tensor

from kdcore import asking
from kdcore.experiment import Command, Experiment
from kdcore.frame import Frame, Stage
from kdcore.runs import schema, weights
from kdcore.runs.log import Run, RunLog
from kdcore.runs.pace import PACES

FORMAT = 1
MOST_BYTES = 200_000_000
STUDENTS = "students.safetensors"
_entry = re.compile(r"run\.json|stage\.npz|newest\.npz|students\.safetensors|(scalars|keyframes)/\d{9}\.npz")


class NoRecording(ValueError):
    """The file is not a recording; the message says why."""


def save(log: RunLog, run_id: str, path: Path, most_keyframes: int | None = None) -> None:
    """Write a run to a file: all its numbers, its pictures (evenly thinned out to `most_keyframes`), its students.

    Raises KeyError where there is no such run.
    """
    run, newest, stage = log.run(run_id), log.newest(run_id), log.stage(run_id)
    if run is None or newest is None or stage is None:
        raise KeyError(f"there is no run {run_id!r} with frames")
    about = {
        "format": FORMAT,
        "experiment": json.loads(run.experiment_json),
        "pace": run.pace,
        "name": run.name,
        "created": run.created,
        "versions": run.versions,
        "summary": run.summary,
        "commands": [command.model_dump() for command in log.commands(run_id, applied_only=True)],
    }
    entries = {"run.json": json.dumps(about, sort_keys=True).encode(), "stage.npz": stage.to_bytes()}
    entries["newest.npz"] = newest.to_bytes()
    entries |= {f"scalars/{frame.step:09}.npz": frame.to_bytes() for frame in log.history(run_id)}
    for step in _thinned(log.keyframe_steps(run_id), most_keyframes):
        frame = log.keyframe(run_id, step)
        if frame is not None:
            entries[f"keyframes/{step:09}.npz"] = frame.to_bytes()
    students = _students(log, run, newest.step)
    if students is not None:
        entries[STUDENTS] = students
    beside = path.with_suffix(f".{os.getpid()}.part")
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_STORED) as file:
        for name in sorted(entries):
            file.writestr(zipfile.ZipInfo(name), entries[name])
    beside.replace(path)  # a reader never meets half a file


def _students(log: RunLog, run: Run, step: int) -> bytes | None:
    """The students' weights as they were at the run's last step; None where none of that step are kept."""
    kept = weights.load(log.folder, run.id, only=asking.STUDENT)
    return bytes_of(kept[1]) if kept and kept[0] == step else None


def load(log: RunLog, path: Path) -> str:
    """Put a recording into the log as a finished run; its id follows from its content, so twice is once.

    Its students are written beside the log, also where only they are missing: they can be asked as those of any run.

    Raises NoRecording for any other file.
    """
    entries = _read(path)
    content = hashlib.sha256(
        b"".join(name.encode() + hashlib.sha256(entries[name]).digest() for name in sorted(entries))
    )
    run_id = f"rec-{content.hexdigest()[:12]}"
    known = log.run(run_id) is not None
    if known and (STUDENTS not in entries or weights.path(log.folder, run_id).exists()):
        return run_id
    try:
        about = json.loads(entries["run.json"])
        rows = _rows(run_id, about, entries)
        students = _read_students(about, entries)
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as error:
        raise NoRecording(f"{path.name} is not a recording of a run: {error}") from error
    if students:
        with contextlib.suppress(OSError):  # no room beside the log: everything but the students can still be shown
            weights.save(log.folder, run_id, Frame.from_bytes(entries["newest.npz"]).step, students)
    if known:
        return run_id
    try:
        with log.write() as connection:
            for table, values in rows:
                if values:
                    connection.execute(table.insert(), values)
    except sa.exc.IntegrityError:
        if log.run(run_id) is None:  # else another process loaded it just now
            raise
    return run_id


def _read(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as file:
            infos = file.infolist()
            strange = next((info.filename for info in infos if not _entry.fullmatch(info.filename)), None)
            if strange is not None or sum(info.file_size for info in infos) > MOST_BYTES:
                raise NoRecording(f"{path.name} is not a recording of a run: {strange or 'it is too large'}")
            return {info.filename: file.read(info) for info in infos}
    except zipfile.BadZipFile as error:
        raise NoRecording(f"{path.name} is not a recording of a run: {error}") from error


def _read_students(about: dict[str, Any], entries: dict[str, bytes]) -> dict[str, Tensor]:
    """The students' weights by name; none in a recording without them. ValueError where they are not this run's."""
    if STUDENTS not in entries:
        return {}
    given = tensors_of(entries[STUDENTS])
    fitting = asking.member_weights(Experiment.model_validate(about["experiment"]), given)
    if len(fitting) != len(given):
        raise ValueError("it carries more than the students' weights")
    return given


def _rows(run_id: str, about: dict[str, Any], entries: dict[str, bytes]) -> list[tuple[sa.Table, list[dict[str, Any]]]]:
    """The rows of every table, each content read once so that nothing unreadable gets into the log."""
    if about["format"] != FORMAT:
        raise ValueError(f"its format is {about['format']!r}, this version reads {FORMAT}")
    experiment = Experiment.model_validate(about["experiment"])
    commands = [Command.model_validate(command) for command in about["commands"]]
    Stage.from_bytes(entries["stage.npz"])
    newest = Frame.from_bytes(entries["newest.npz"])
    frames: dict[str, list[dict[str, Any]]] = {"scalars": [], "keyframes": []}
    for name in sorted(entries):
        kind, _, _ = name.partition("/")
        if kind in frames:
            frame = Frame.from_bytes(entries[name])
            frames[kind].append({"run": run_id, "step": frame.step, "at": frame.at, "data": entries[name]})
    run = {
        "id": run_id,
        "experiment": experiment.model_dump_json(),
        "state": "finished",
        "owner": "",
        "pace": about["pace"] if about["pace"] in PACES else "watch",
        "name": about["name"],
        "created": about["created"],
        "started": about["created"],
        "ended": time.time(),
        "step": newest.step,
        "steps": newest.steps,
        "recorded": True,
        "versions": json.dumps(about["versions"]),
        "summary": json.dumps(about["summary"]),
        "size": sum(map(len, entries.values())),
    }
    written = [
        {"run": run_id, "client": "recording", "counter": i, "command": c.model_dump_json(), "step": c.step, "at": 0.0}
        for i, c in enumerate(commands)
    ]
    newest_row = {"run": run_id, "step": newest.step, "at": newest.at, "data": entries["newest.npz"]}
    return [
        (schema.runs, [run]),
        (schema.stages, [{"run": run_id, "data": entries["stage.npz"]}]),
        (schema.newest, [newest_row]),
        (schema.scalars, frames["scalars"]),
        (schema.keyframes, frames["keyframes"]),
        (schema.commands, written),
    ]


def _thinned(steps: list[int], most: int | None) -> list[int]:
    if most is None or len(steps) <= most:
        return steps
    places = sorted({round(i * (len(steps) - 1) / max(1, most - 1)) for i in range(most)})
    return [steps[place] for place in places]
