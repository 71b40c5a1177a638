"""A run as one file: given to somebody else, it is the same run."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of

from kdcore import asking
from kdcore.experiment import Command
from kdcore.runs import RunLog, open_log, recording, weights
from kdcore.runs.worker import work

from .conftest import made_up, small


@pytest.fixture
def recorded(log: RunLog, tmp_path: Path) -> tuple[str, Path]:
    """A finished run with a change in it, and its file."""
    run_id = log.create(small(steps=40), owner="me", pace="full", name="the good one")
    log.command(run_id, Command("set", knob="temperature", value=7.0), client="me", counter=1)
    work(log, run_id)
    recording.save(log, run_id, tmp_path / "run.zip")
    return run_id, tmp_path / "run.zip"


def test_a_recording_is_the_run(
    log: RunLog, recorded: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, file = recorded
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path / "elsewhere"))
    other = open_log()
    copy_id = recording.load(other, file)
    original, copy = log.run(run_id), other.run(copy_id)
    assert original is not None and copy is not None
    assert copy.experiment == original.experiment and copy.summary == original.summary
    assert copy.versions == original.versions and copy.name == "the good one" and copy.steps == copy.step == 40
    assert copy.state == "finished" and copy.recorded and copy.owner == ""
    assert other.commands(copy_id, applied_only=True) == log.commands(run_id, applied_only=True)
    assert other.stage(copy_id).to_bytes() == log.stage(run_id).to_bytes()  # type: ignore[union-attr]
    assert other.newest(copy_id).to_bytes() == log.newest(run_id).to_bytes()  # type: ignore[union-attr]
    assert [f.to_bytes() for f in other.history(copy_id)] == [f.to_bytes() for f in log.history(run_id)]
    assert other.keyframe_steps(copy_id) == log.keyframe_steps(run_id)
    recording.save(other, copy_id, tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == file.read_bytes(), "the same run gives the same bytes"


def test_loading_twice_is_loading_once(log: RunLog, recorded: tuple[str, Path]) -> None:
    copy = recording.load(log, recorded[1])
    assert recording.load(log, recorded[1]) == copy
    assert [run.id for run in log.runs() if run.recorded] == [copy]
    log.prune(0)
    assert log.run(copy) is not None


def test_a_recording_can_keep_fewer_pictures(log: RunLog, recorded: tuple[str, Path], tmp_path: Path) -> None:
    for step in range(50, 80):
        log.append(recorded[0], made_up(step))
    recording.save(log, recorded[0], tmp_path / "small.zip", most_keyframes=8)
    steps = log.keyframe_steps(recording.load(log, tmp_path / "small.zip"))
    assert len(steps) == 8 and steps[0] == 0 and steps[-1] == 79


def test_any_other_file_is_refused_with_the_reason(log: RunLog, recorded: tuple[str, Path], tmp_path: Path) -> None:
    file = tmp_path / "wrong.zip"
    file.write_text("not a zip")
    with pytest.raises(recording.NoRecording, match=r"wrong\.zip is not a recording"):
        recording.load(log, file)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    with pytest.raises(recording.NoRecording, match="passwd"):
        recording.load(log, file)
    with zipfile.ZipFile(recorded[1]) as good, zipfile.ZipFile(file, "w") as archive:
        for name in good.namelist():
            archive.writestr(name, b"\x80\x04pickle" if name == "newest.npz" else good.read(name))
    with pytest.raises(recording.NoRecording, match="no Frame"):
        recording.load(log, file)
    assert not any(run.recorded for run in log.runs())
    with pytest.raises(KeyError):
        recording.save(log, "nobody", file)


PICTURES = np.random.default_rng(0).random((5, 1, 8, 8))


def with_students(recorded: Path, file: Path, students: bytes | None) -> Path:
    """The recording with other students in it, or without any."""
    with zipfile.ZipFile(recorded) as good, zipfile.ZipFile(file, "w") as archive:
        for name in good.namelist():
            content = students if name == recording.STUDENTS else good.read(name)
            if content is not None:
                archive.writestr(name, content)
    return file


def test_students_of_a_recording_can_be_asked(
    log: RunLog, recorded: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id, file = recorded
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path / "elsewhere"))
    other = open_log()
    copy_id = recording.load(other, file)
    there = asking.students(log.folder, run_id, small(), PICTURES)
    here = asking.students(other.folder, copy_id, small(), PICTURES)
    assert there is not None and here is not None and list(here) == list(there)
    for arm in there:
        np.testing.assert_allclose(here[arm], there[arm], atol=1e-5)
    assert asking.kept_step(other.folder, copy_id) == 40
    weights.delete(other.folder, copy_id)
    assert recording.load(other, file) == copy_id
    assert asking.kept_step(other.folder, copy_id) == 40, "lost weights come back with the recording"


def test_a_recording_carries_only_what_asking_needs(recorded: tuple[str, Path]) -> None:
    with zipfile.ZipFile(recorded[1]) as file:
        names = tensors_of(file.read(recording.STUDENTS))
    assert names and all(name.startswith(asking.STUDENT) for name in names)


def test_a_recording_without_students_is_still_a_recording(
    log: RunLog, recorded: tuple[str, Path], tmp_path: Path
) -> None:
    copy = recording.load(log, with_students(recorded[1], tmp_path / "bare.zip", None))
    assert log.run(copy) is not None and asking.kept_step(log.folder, copy) is None


def test_students_of_another_step_are_left_out(log: RunLog, recorded: tuple[str, Path], tmp_path: Path) -> None:
    log.append(recorded[0], made_up(50))
    recording.save(log, recorded[0], tmp_path / "further.zip")
    with zipfile.ZipFile(tmp_path / "further.zip") as file:
        assert recording.STUDENTS not in file.namelist()


def test_damaged_or_foreign_students_are_refused(log: RunLog, recorded: tuple[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(recorded[1]) as file:
        students = tensors_of(file.read(recording.STUDENTS))
    name, weight = next(iter(students.items()))
    wrong = {
        "cut short": bytes_of(students)[:-100],
        "no tensors": b"\x80\x04pickle",
        "one missing": bytes_of({n: w for n, w in students.items() if n != name}),
        "too large": bytes_of(students | {name: weight.repeat(3, *[1] * (weight.ndim - 1))}),
        "more than students": bytes_of(students | {"optimizer.m": weight.clone()}),
    }
    for what, content in wrong.items():
        with pytest.raises(recording.NoRecording, match="is not a recording of a run"):
            recording.load(log, with_students(recorded[1], tmp_path / "wrong.zip", content))
        assert not any(run.recorded for run in log.runs()), what
