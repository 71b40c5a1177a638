"""A run as one file: a zip of JSON, npz without pickle and safetensors. The same run gives the same bytes.

Of its weights it carries what asking the students needs, and nothing of the optimiser.
"""

import contextlib
import hashlib
import io
import json
import os
import re
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

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
from kdcore.runs.summary import Account

FORMAT = 1
MOST_BYTES = 200_000_000
MOST_UNPACKED = 100_000_000
CLOCKS_DIFFER = 24 * 3600.0
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


@dataclass(frozen=True)
class Recording:
    """A recording that was read and checked whole, so that writing it can only fail for want of room.

    digest: names its content. moments: Unix time of every frame by its entry. students: weights by name, none in a
    recording without them.
    """

    digest: str
    about: dict[str, Any]
    entries: dict[str, bytes]
    experiment: Experiment
    newest: Frame
    moments: dict[str, float]
    commands: tuple[Command, ...]
    summary: dict[str, Any]
    students: dict[str, Tensor]

    def write_students(self, log: RunLog, run_id: str) -> None:
        """Put the students beside the log; without room there, everything but them can still be shown."""
        if self.students:
            with contextlib.suppress(OSError):
                weights.save(log.folder, run_id, self.newest.step, self.students)

    def rows(self, run_id: str, **changes: Any) -> Iterator[tuple[sa.Table, list[dict[str, Any]]]]:
        """The rows of every table; changes: other values for the columns of the run."""
        run = {
            "id": run_id,
            "experiment": self.experiment.model_dump_json(),
            "state": "finished",
            "owner": "",
            "pace": self.about["pace"] if self.about["pace"] in PACES else "watch",
            "name": self.about["name"],
            "created": self.about["created"],
            "started": self.about["created"],
            "ended": time.time(),
            "step": self.newest.step,
            "steps": self.newest.steps,
            "recorded": True,
            "versions": json.dumps(self.about["versions"]),
            "summary": json.dumps(self.summary),
            "size": sum(map(len, self.entries.values())),
        }
        own = {"run": run_id, "client": "recording", "at": 0.0}
        yield schema.runs, [run | changes]
        yield schema.stages, [{"run": run_id, "data": self.entries["stage.npz"]}]
        newest = {"run": run_id, "step": self.newest.step, "at": self.newest.at, "data": self.entries["newest.npz"]}
        yield schema.newest, [newest]
        yield schema.scalars, self._frames(run_id, "scalars/")
        yield schema.keyframes, self._frames(run_id, "keyframes/")
        yield (
            schema.commands,
            [
                own | {"counter": number, "command": command.model_dump_json(), "step": command.step}
                for number, command in enumerate(self.commands)
            ],
        )

    def _frames(self, run_id: str, kind: str) -> list[dict[str, Any]]:
        return [
            {"run": run_id, "step": int(name[-13:-4]), "at": self.moments[name], "data": data}
            for name, data in sorted(self.entries.items())
            if name.startswith(kind)
        ]


def load(log: RunLog, path: Path) -> str:
    """Put a recording into the log as a finished run; its id follows from its content, so twice is once.

    Its students are written beside the log, also where only they are missing: they can be asked as those of any run.

    Raises NoRecording for any other file.
    """
    entries = _entries(path, path.name)
    run_id = f"rec-{_digest(entries)[:12]}"
    known = log.run(run_id) is not None
    if known and (STUDENTS not in entries or weights.path(log.folder, run_id).exists()):
        return run_id
    recording = _checked(entries, path.name)
    recording.write_students(log, run_id)
    try:
        if not known:
            write(log, recording.rows(run_id))
    except sa.exc.IntegrityError:
        if log.run(run_id) is None:  # else another process loaded it just now
            raise
    return run_id


def write(log: RunLog, rows: Iterable[tuple[sa.Table, list[dict[str, Any]]]]) -> None:
    """Write rows into the log: all of them or none."""
    with log.write() as connection:
        for table, values in rows:
            if values:
                connection.execute(table.insert(), values)


def read(file: Path | IO[bytes], name: str) -> Recording:
    """Read and check a recording; `name` is what it is called in a sentence. Raises NoRecording."""
    return _checked(_entries(file, name), name)


def _entries(file: Path | IO[bytes], name: str) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            if min((info.header_offset for info in infos), default=0):
                raise NoRecording(f"{name} is not a recording of a run: it is a part of another file")
            strange = next((info.filename for info in infos if not _entry.fullmatch(info.filename)), None)
            if strange is not None or sum(info.file_size for info in infos) > MOST_BYTES:
                raise NoRecording(f"{name} is not a recording of a run: {strange or 'it is too large'}")
            return {info.filename: archive.read(info) for info in infos}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error) as error:  # damaged, or made otherwise
        raise NoRecording(f"{name} is not a recording of a run: {error}") from error


def _digest(entries: dict[str, bytes]) -> str:
    content = b"".join(name.encode() + hashlib.sha256(entries[name]).digest() for name in sorted(entries))
    return hashlib.sha256(content).hexdigest()


def _checked(entries: dict[str, bytes], name: str) -> Recording:
    try:
        about = json.loads(entries["run.json"])
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']!r}, this version reads {FORMAT}")
        return _recording(about, entries)
    except (KeyError, TypeError, ValueError, AttributeError, SafetensorError) as error:
        raise NoRecording(f"{name} is not a recording of a run: {error}") from error


def _recording(about: dict[str, Any], entries: dict[str, bytes]) -> Recording:
    """Every content is read once, so that nothing unreadable or foreign gets into the log."""
    experiment = Experiment.model_validate(about["experiment"])
    names, seeds = tuple(arm.name for arm in experiment.arms), experiment.seed_list
    account, moments = Account({}), {}
    for name in [*sorted(name for name in entries if "/" in name), "newest.npz"]:
        frame = Frame.from_bytes(_unpacked(entries[name]))
        if (tuple(frame.arms), tuple(frame.seeds)) != (names, seeds):
            raise ValueError(f"{name} is of another experiment")
        if not all(type(step) is int and 0 <= step < 2**31 for step in (frame.step, frame.steps)):
            raise ValueError(f"{name} has no step")
        if "/" in name and name != f"{name.partition('/')[0]}/{frame.step:09}.npz":
            raise ValueError(f"{name} is of step {frame.step}")
        if any(values.shape[:2] != (len(names), len(seeds)) for values in frame.scalars.values()):
            raise ValueError(f"{name} has numbers of another shape")
        account.see(frame)
        moments[name] = float(frame.at)
    stage = Stage.from_bytes(_unpacked(entries["stage.npz"]))
    if (tuple(stage.class_names), tuple(stage.seeds)) != (tuple(experiment.facts.classes), seeds):
        raise ValueError("its stage is of another experiment")
    if not isinstance(about["versions"], dict) or not 0 < float(about["created"]) < time.time() + CLOCKS_DIFFER:
        raise ValueError("it does not say when and with what it was made")
    if not isinstance(about["name"], str | None):
        raise ValueError("its name is no text")
    return Recording(
        digest=_digest(entries),
        about=about,
        entries=entries,
        experiment=experiment,
        newest=frame,
        moments=moments,
        commands=tuple(Command.model_validate(command) for command in about["commands"]),
        summary=_summary(about["summary"], account.line()),
        students=_read_students(experiment, entries),
    )


def _unpacked(content: bytes) -> bytes:
    """The same bytes, if what they unpack to is not out of all proportion."""
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(info.file_size for info in archive.infolist()) > MOST_UNPACKED:
            raise ValueError("a frame of it unpacks to too much")
    return content


def _summary(given: dict[str, Any], computed: dict[str, Any]) -> dict[str, Any]:
    """What its frames say, but seconds, and the best of frames that were not kept, as it was written down."""
    line = dict(computed)
    if isinstance(given.get("seconds"), int | float):
        line["seconds"] = float(given["seconds"])
    if "best" in given:
        best = {arm: [float(value), int(step)] for arm, (value, step) in given["best"].items()}
        line["best"] = {arm: best[arm] for arm in line["accuracy"] if arm in best}
    return line


def _read_students(experiment: Experiment, entries: dict[str, bytes]) -> dict[str, Tensor]:
    """The students' weights by name; none in a recording without them. ValueError where they are not this run's."""
    if STUDENTS not in entries:
        return {}
    given = tensors_of(entries[STUDENTS])
    fitting = asking.member_weights(experiment, given)
    if len(fitting) != len(given):
        raise ValueError("it carries more than the students' weights")
    return given


def _thinned(steps: list[int], most: int | None) -> list[int]:
    if most is None or len(steps) <= most:
        return steps
    places = sorted({round(i * (len(steps) - 1) / max(1, most - 1)) for i in range(most)})
    return [steps[place] for place in places]
