"""Runs handed on as one file: whole on the other side, or not at all."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdcore.experiment import Experiment
from kdcore.frame import Stage
from kdcore.runs import RunLog, bundle, open_log, recording, shelf
from kdcore.runs.recording import NoRecording
from tests.app.made import make_stage

from .conftest import made_up, small


def trained(log: RunLog, name: str | None, seed: int = 0, steps: int = 60) -> str:
    """A run that looks finished."""
    run_id = log.create(small(steps=steps), owner="me", name=name)
    log.claim(run_id, "host:1:0", {"torch": "2"})
    log.set_stage(run_id, stage())
    for step in (0, 10 + seed, steps):
        log.append(run_id, made_up(step, steps))
    log.set_state(run_id, "finished", summary={"seconds": 1.5})
    return run_id


def stage() -> Stage:
    """What stays fixed in a run of two seeds."""
    return make_stage(Experiment(seeds=2))


@pytest.fixture
def two(log: RunLog, tmp_path: Path) -> tuple[list[str], Path]:
    """Two runs and the file of both."""
    ids = [trained(log, "warm"), trained(log, None, seed=5)]
    bundle.save(log, ids, tmp_path / "two.dklab")
    return ids, tmp_path / "two.dklab"


@pytest.fixture
def elsewhere(two: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunLog:
    """Another installation."""
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path / "elsewhere"))
    return open_log()


def test_runs_arrive_whole_and_belong_to_who_imported_them(
    log: RunLog, two: tuple[list[str], Path], elsewhere: RunLog
) -> None:
    ids, file = two
    imported, known = bundle.load(elsewhere, file, file.name, "you")
    assert known == 0 and len(imported) == 2
    for old, new in zip(ids, imported, strict=True):
        there, here = log.run(old), elsewhere.run(new)
        assert there is not None and here is not None
        assert here.experiment == there.experiment and here.created == there.created
        assert (here.owner, here.recorded, here.state, here.step) == ("you", False, "finished", 60)
        assert [frame.to_bytes() for frame in elsewhere.history(new)] == [f.to_bytes() for f in log.history(old)]
        assert elsewhere.newest(new).to_bytes() == log.newest(old).to_bytes()  # type: ignore[union-attr]
        assert elsewhere.stage(new).to_bytes() == log.stage(old).to_bytes()  # type: ignore[union-attr]
    assert [elsewhere.run(run).name for run in imported] == ["warm", "imported"]  # type: ignore[union-attr]


def test_the_summary_of_an_imported_run_is_what_its_frames_say(two: tuple[list[str], Path], elsewhere: RunLog) -> None:
    imported, _ = bundle.load(elsewhere, two[1], "two", "you")
    run, frame = elsewhere.run(imported[0]), elsewhere.newest(imported[0])
    assert run is not None and frame is not None
    assert run.summary["accuracy"]["hinton"] == pytest.approx(float(frame.accuracy["hinton"].mean()), rel=1e-6)
    assert run.summary["seconds"] == 1.5


def test_twice_is_once_for_each_browser_and_brings_back_what_was_deleted(
    two: tuple[list[str], Path], elsewhere: RunLog
) -> None:
    first, _ = bundle.load(elsewhere, two[1], "two", "you")
    shelf.put_into_bin(elsewhere, first)
    again, known = bundle.load(elsewhere, two[1], "two", "you")
    assert again == first and known == 2 and {run.id for run in elsewhere.runs()} == set(first)
    others, known = bundle.load(elsewhere, two[1], "two", "somebody")
    assert known == 0 and not set(others) & set(first)


def test_the_recording_of_one_run_is_imported_too(log: RunLog, two: tuple[list[str], Path], tmp_path: Path) -> None:
    recording.save(log, two[0][0], tmp_path / "one.dklab")
    (run_id,), _ = bundle.load(log, tmp_path / "one.dklab", "one.dklab", "me")
    run = log.run(run_id)
    assert run is not None and not run.recorded and run.owner == "me"


def rewritten(file: Path, name: str, change: bytes | None) -> io.BytesIO:
    """The bundle with another content for one entry; None leaves it out."""
    stream = io.BytesIO()
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(stream, "w") as archive:
        for entry in dict.fromkeys([*good.namelist(), name]):
            content = change if entry == name else good.read(entry)
            if content is not None:
                archive.writestr(entry, content)
    return stream


def inner(file: Path, number: int, name: str, change: bytes) -> bytes:
    """One recording of the bundle with another content for one of its entries."""
    with zipfile.ZipFile(file) as good:
        part = io.BytesIO(good.read(f"runs/{number:03}.dklab"))
    stream = io.BytesIO()
    with zipfile.ZipFile(part) as good, zipfile.ZipFile(stream, "w") as archive:
        for entry in good.namelist():
            archive.writestr(entry, change if entry == name else good.read(entry))
    return stream.getvalue()


def about(file: Path, **changes: object) -> bytes:
    """What the second recording says of itself, changed."""
    with zipfile.ZipFile(file) as good, zipfile.ZipFile(io.BytesIO(good.read("runs/001.dklab"))) as part:
        return json.dumps(json.loads(part.read("run.json")) | changes).encode()


def huge() -> bytes:
    """A small file that unpacks to far too much."""
    stream = io.BytesIO()
    np.savez_compressed(stream, plain=np.zeros(200_000_000, dtype=np.uint8))
    return stream.getvalue()


def test_a_bundle_with_anything_wrong_in_it_imports_nothing(two: tuple[list[str], Path], elsewhere: RunLog) -> None:
    file = two[1]
    good = file.read_bytes()
    frame = made_up(60, 60, arms=("hard",)).to_bytes()
    second = "runs/001.dklab"
    wrong: dict[str, io.BytesIO] = {
        "no zip": io.BytesIO(b"not a zip"),
        "cut short": io.BytesIO(good[: len(good) // 2]),
        "a bit turned": io.BytesIO(good[:3000] + bytes([good[3000] ^ 1]) + good[3001:]),
        "a run missing": rewritten(file, second, None),
        "something else in it": rewritten(file, "../../etc/passwd", b"x"),
        "another format": rewritten(file, bundle.ABOUT, b'{"format": 9, "runs": 2}'),
        "a count that is none": rewritten(file, bundle.ABOUT, b'{"format": 1, "runs": "two"}'),
        "no JSON": rewritten(file, bundle.ABOUT, b"\xff\x00"),
        "a list": rewritten(file, bundle.ABOUT, b"[1]"),
        "second run is no recording": rewritten(file, second, b"x"),
        "pickle as frame": rewritten(file, second, inner(file, 1, "newest.npz", b"\x80\x04pickle")),
        "frame of another experiment": rewritten(file, second, inner(file, 1, "newest.npz", frame)),
        "frame of another step": rewritten(
            file, second, inner(file, 1, "scalars/000000015.npz", made_up(20, 60).to_bytes())
        ),
        "a bomb": rewritten(file, second, inner(file, 1, "newest.npz", huge())),
    }
    told: dict[str, dict[str, Any]] = {
        "an impossible experiment": {"experiment": {"dataset": "nothing"}},
        "made in the year 33658": {"created": 1e12},
        "made never": {"created": "today"},
        "a name that is none": {"name": ["<b>"]},
        "commands that are none": {"commands": [{"kind": "explode"}]},
        "a summary that is none": {"summary": {"best": {"hinton": "high"}}},
        "no summary": {"summary": 5},
        "no versions": {"versions": None},
    }
    for what, changes in told.items():
        wrong[what] = rewritten(file, second, inner(file, 1, "run.json", about(file, **changes)))
    for what, content in wrong.items():
        content.seek(0)
        try:
            bundle.load(elsewhere, content, "two.dklab", "you")
        except NoRecording as refused:
            assert str(refused).startswith("two.dklab"), what
        else:
            raise AssertionError(f"{what} was imported")
        assert elsewhere.runs() == [], what


def test_a_failed_write_leaves_nothing_behind(
    two: tuple[list[str], Path], elsewhere: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = recording.Recording.rows

    def full(self: recording.Recording, run_id: str, **changes: object) -> object:
        yield from rows(self, run_id, **changes)
        raise OSError("the disk is full")

    monkeypatch.setattr(recording.Recording, "rows", full)
    with pytest.raises(OSError, match="full"):
        bundle.load(elsewhere, two[1], "two", "you")
    assert elsewhere.runs() == []
    assert not list(elsewhere.folder.rglob("*.safetensors"))


def test_what_cannot_be_saved_is_said(
    log: RunLog, two: tuple[list[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = log.create(small(), owner="me")
    for ids, sentence in (([], "1 to 50"), (["x"] * 51, "51"), ([two[0][0], waiting], f"{waiting} has no frames")):
        with pytest.raises(ValueError, match=sentence):
            bundle.save(log, ids, tmp_path / "bad.dklab")
    monkeypatch.setattr(bundle, "MOST_BYTES", 20_000)
    with pytest.raises(ValueError, match="choose fewer"):
        bundle.save(log, two[0], tmp_path / "bad.dklab")
    assert not list(tmp_path.glob("bad*"))
