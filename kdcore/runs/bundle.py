"""Several runs as one file, for another installation: a zip of recordings. Imported, they are ordinary runs of whoever
imported them; a file with anything wrong in it imports nothing."""

import hashlib
import io
import json
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import sqlalchemy as sa

from kdcore.runs import recording, schema, weights
from kdcore.runs.log import RunLog
from kdcore.runs.recording import NoRecording, Recording

FORMAT = 1
MOST_RUNS = 50
MOST_BYTES = 200_000_000
ABOUT = "bundle.json"
LONGEST_NAME = 80


def save(log: RunLog, ids: Sequence[str], path: Path) -> None:
    """Write runs to a file. Raises ValueError with a sentence for none, too many, too large, or one without frames."""
    if not 0 < len(ids) <= MOST_RUNS:
        raise ValueError(f"A file holds 1 to {MOST_RUNS} runs; these are {len(ids)}.")
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part, whole = Path(folder) / "run.dklab", Path(folder) / "whole"
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as file:
            file.writestr(zipfile.ZipInfo(ABOUT), json.dumps({"format": FORMAT, "runs": len(ids)}))
            for number, run_id in enumerate(ids):
                try:
                    recording.save(log, run_id, part)
                except KeyError:
                    raise ValueError(f"Run {run_id} has no frames yet, so there is nothing of it to save.") from None
                file.writestr(zipfile.ZipInfo(_entry(number)), part.read_bytes())
                if whole.stat().st_size > MOST_BYTES:
                    raise ValueError(f"A file of runs has at most {MOST_BYTES // 1_000_000} MB; choose fewer of them.")
        whole.replace(path)  # a reader never meets half a file


def load(log: RunLog, file: Path | IO[bytes], name: str, owner: str) -> tuple[list[str], int]:
    """Import a bundle, or the recording of one run, for a browser: all of it or nothing.

    name: of the file, for sentences. The ids of its runs, and how many of them had been imported before by the same
    browser; these come back out of the bin and are otherwise left as they are. Raises NoRecording.
    """
    recordings = _read(file, name)
    ids = {_id(given, owner): given for given in recordings}
    new = {run_id: given for run_id, given in ids.items() if log.run(run_id) is None}
    for run_id, given in new.items():
        given.write_students(log, run_id)
    try:
        recording.write(log, (row for run, given in new.items() for row in given.rows(run, **_own(given, owner))))
    except BaseException:
        for run_id in new:
            weights.delete(log.folder, run_id)
        raise
    with log.write() as connection:
        old = schema.runs.c.id.in_([run for run in ids if run not in new])
        connection.execute(sa.update(schema.runs).where(old).values(deleted=None))
    return list(ids), len(ids) - len(new)


def _id(given: Recording, owner: str) -> str:
    """It follows from the content, so that the same file twice is once for each importer."""
    return f"imp-{hashlib.sha256(f'{given.digest} {owner}'.encode()).hexdigest()[:12]}"


def _entry(number: int) -> str:
    return f"runs/{number:03}.dklab"


def _own(given: Recording, owner: str) -> dict[str, object]:
    """What makes it a run of the importer."""
    name = given.about["name"] or "imported"
    return {"owner": owner, "recorded": False, "name": name[:LONGEST_NAME]}


def _read(file: Path | IO[bytes], name: str) -> list[Recording]:
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            if ABOUT not in names:
                return [recording.read(file, name)]
            about = json.loads(archive.read(ABOUT)) if archive.getinfo(ABOUT).file_size < 1000 else {}
            if about.get("format") != FORMAT:
                raise NoRecording(f"{name} has the format {about.get('format')!r}; this version reads {FORMAT}.")
            count = about.get("runs")
            if not isinstance(count, int) or not 0 < count <= MOST_RUNS:
                raise NoRecording(f"{name} says that it holds {count!r:.20} runs; a file holds 1 to {MOST_RUNS}.")
            if sorted(names) != sorted([ABOUT, *map(_entry, range(count))]):
                raise NoRecording(f"{name} does not hold the {count} runs that it names, and nothing else.")
            if sum(info.file_size for info in archive.infolist()) > MOST_BYTES:
                raise NoRecording(f"{name} is larger than {MOST_BYTES // 1_000_000} MB.")
            parts = [archive.read(_entry(number)) for number in range(count)]
        return [recording.read(io.BytesIO(part), f"{name}, run {number + 1},") for number, part in enumerate(parts)]
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError, AttributeError) as error:
        if isinstance(error, NoRecording):
            raise
        raise NoRecording(f"{name} is no file of runs: {error}.") from error
