"""A plane as one file: what was written is read again, and nothing else is taken for one."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from kdcore import plane_recording, planes
from tests.app.planes_made import STEPS, shard_frame, small_plane


@pytest.fixture
def file(tmp_path: Path) -> Path:
    plane = small_plane()
    histories = [[shard_frame(plane, shard, step) for step in (0, 10, STEPS)] for shard in plane.shards(2)]
    plane_recording.save(tmp_path / "any.dkplane", plane, histories)
    return tmp_path / "any.dkplane"


def test_a_plane_is_read_as_it_was_written(file: Path) -> None:
    plane, histories = plane_recording.load(file)
    assert plane == small_plane() and [[frame.step for frame in frames] for frames in histories] == 2 * [[0, 10, STEPS]]
    written = planes.field(plane, [shard_frame(plane, shard, STEPS) for shard in plane.shards(2)])
    known = planes.field(plane, [frames[-1] for frames in histories])
    assert set(known.values) == set(written.values)
    for measure, values in known.values.items():
        if measure in ("accuracy", "validation_accuracy", "validation_gain"):
            np.testing.assert_array_equal(values, written.values[measure])
    assert set(histories[0][0].scalars) == {"validation_accuracy"} and histories[0][0].knobs == {}


def test_many_frames_are_thinned_evenly_in_the_log_of_the_step() -> None:
    kept = plane_recording._spread(list(range(601)))
    assert kept[0] == 0 and kept[-1] == 600 and len(kept) <= plane_recording.FRAMES
    assert kept[:4] == [0, 1, 2, 3] and kept[-1] - kept[-2] > 50


def test_what_is_no_recording_is_refused(file: Path, tmp_path: Path) -> None:
    whole = file.read_bytes()
    for number, content in enumerate((b"", b"no zip", whole[: len(whole) // 2])):
        broken = tmp_path / f"{number}.dkplane"
        broken.write_bytes(content)
        with pytest.raises(ValueError, match="no recorded plane"):
            plane_recording.load(broken)
    with zipfile.ZipFile(tmp_path / "empty.dkplane", "w") as empty:
        empty.writestr("other.txt", "x")
    with pytest.raises(ValueError, match="no recorded plane"):
        plane_recording.load(tmp_path / "empty.dkplane")
    with pytest.raises(ValueError, match="no recorded plane"):
        plane_recording.load(tmp_path / "nowhere.dkplane")
