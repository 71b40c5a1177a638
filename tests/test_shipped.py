"""What ships in assets/ is what the engine gives today."""

from pathlib import Path

import numpy as np
import pytest

from kdcore import Experiment, asking, datasets, pad, plane_recording, planes, teachers
from kdcore.folders import ASSETS
from kdcore.runs import open_log, recording
from kdcore.training import Training

RECORDING = ASSETS / "thirty_pictures.dklab"
PLANE = ASSETS / "plane.dkplane"


pytestmark = pytest.mark.usefixtures("one_thread")


def test_default_teacher_ships_and_needs_no_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    experiment = Experiment()
    assert teachers.is_cached(experiment.dataset, experiment.split, experiment.teacher)
    assert not teachers.is_cached(experiment.dataset, experiment.split + 1, experiment.teacher)


def test_teacher_of_the_pad_ships_and_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    assert teachers.is_cached(pad.PAD.dataset, pad.PAD.split, pad.PAD_TEACHER)
    assert all(file.stat().st_size < 400_000 for file in (ASSETS / "teachers").iterdir())
    digits = datasets.load("digits")
    said = pad.ask(digits.inputs[digits.test])
    assert said is not None
    assert np.mean(said.argmax(-1) == digits.labels[digits.test].numpy()) > 0.98
    assert not list(tmp_path.rglob("*.safetensors"))


def test_students_of_the_recording_say_what_they_said_in_its_last_frame() -> None:
    log = open_log()
    run_id = recording.load(log, RECORDING)
    newest, stage = log.newest(run_id), log.stage(run_id)
    assert newest is not None and newest.shown is not None and stage is not None
    shown = newest.shown
    said = asking.students(log.folder, run_id, Experiment(), datasets.load("digits").inputs[stage.ids[shown.rows]])
    assert said is not None and tuple(said) == newest.arms
    seat = newest.seeds.index(shown.seed)
    for place, arm in enumerate(newest.arms):
        assert said[arm].shape[0] == len(newest.seeds)
        np.testing.assert_allclose(said[arm][seat], shown.logits[place], atol=1e-4)
    assert asking.kept_step(log.folder, run_id) == newest.step
    assert RECORDING.stat().st_size < 5_000_000


def test_recording_is_what_the_default_experiment_gives() -> None:
    log = open_log()
    run_id = recording.load(log, RECORDING)
    run, recorded = log.run(run_id), log.history(run_id)
    assert run is not None and run.recorded and run.state == "finished"
    assert run.experiment == Experiment()
    trained = list(Training(run.experiment))
    assert [frame.step for frame in recorded] == [frame.step for frame in trained]
    for then, now in zip(recorded, trained, strict=True):
        # Another processor rounds otherwise, which can turn single answers of single students, not their mean.
        for arm in now.arms:
            assert then.accuracy[arm].mean() == pytest.approx(now.accuracy[arm].mean(), abs=0.005)
    first = log.keyframe(run_id, 0)
    assert first is not None and first.shown is not None and trained[0].shown is not None
    np.testing.assert_allclose(first.shown.logits, trained[0].shown.logits, atol=1e-5)
    stage = log.stage(run_id)
    assert stage is not None
    np.testing.assert_allclose(stage.teacher_logits, Training(run.experiment).stage().teacher_logits, atol=1e-3)


def test_recorded_plane_is_what_its_cells_give() -> None:
    plane, histories = plane_recording.load(PLANE)
    assert plane == planes.Plane() and PLANE.stat().st_size < 300_000
    recorded = planes.field(plane, [frames[-1] for frames in histories])
    assert recorded.step == recorded.steps == plane.experiment.steps
    assert planes.equal_at_zero(recorded, plane) == 0
    for column, row in ((0, 11), (5, 9), (10, 1)):
        *_, last = Training(plane.cell_experiment(column, row))
        for measure in ("accuracy", "validation_accuracy", "agreement"):
            fresh = last.measures[measure][plane.name(column, row)]
            assert recorded.values[measure][row, column].mean() == pytest.approx(fresh.mean(), abs=0.005), measure


def test_recorded_plane_has_the_curve_of_every_cell() -> None:
    plane, histories = plane_recording.load(PLANE)
    for column, row in plane.cells:
        curve = planes.curves(plane, histories, column, row)["validation_accuracy"]
        assert curve.steps[0] == 0 and curve.steps[-1] == 600 and len(curve.steps) > 20
        assert np.isfinite(curve.mean).all() and curve.mean[-1] > curve.mean[0]
