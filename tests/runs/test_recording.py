"""A run as one file: given to somebody else, it is the same run."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from kdcore.experiment import Command
from kdcore.runs import RunLog, open_log, recording
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
