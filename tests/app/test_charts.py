"""Charts are small plain dicts whose axes and colours stay while a run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from app.charts import accuracy, embeddings, losses, similarity, surface
from app.charts.common import Figure, evenly, packed
from app.charts.history import History, band
from app.roles import roles_of
from kdcore.experiment import Arm, Experiment
from tests.app.made import make_frame, make_stage

EXPERIMENT = Experiment(arms=(Arm("hinton"), Arm("hard"), Arm("smoothed")))
ROLES = roles_of(EXPERIMENT)


def long_history(count: int = 600) -> History:
    history = History()
    history.extend(make_frame(EXPERIMENT, step, full=False) for step in range(count))
    return history


def accuracy_figure(history: History, **more: Any) -> Figure:
    return accuracy.figure(history, ROLES, steps=600, revision="run", teacher=0.977, chance=0.1, **more)


def test_parts_are_told_apart_without_colour() -> None:
    lines = {line["meta"]: line["line"] for line in accuracy_figure(long_history(20))["data"] if "meta" in line}
    assert set(lines) == {"distilled", "control", "null", "teacher", "chance"}
    assert len({(line.get("dash"), line["width"]) for line in lines.values()}) == 5


def test_curves_are_thinned_evenly_in_log_step_and_keep_both_ends() -> None:
    figure = accuracy_figure(long_history())
    line = next(line for line in figure["data"] if line.get("meta") == "distilled")
    assert len(line["x"]) <= 122 and line["x"][0] == 1 and line["x"][-1] == 600
    assert len(json.dumps(figure)) < 16_000


def test_members_are_at_most_100_points_each() -> None:
    members = next(line for line in accuracy_figure(long_history())["data"] if "every seed" in line["name"])
    assert len(members["x"]) <= 8 * 100 and members["x"].count(None) == 8


def test_axes_do_not_move_while_a_run_goes_on() -> None:
    early, late = (accuracy_figure(long_history(count))["layout"] for count in (3, 500))
    for axis in ("xaxis", "yaxis"):
        assert early[axis]["range"] == late[axis]["range"]
    assert early["uirevision"] == late["uirevision"] == "run"


def test_a_command_is_a_line_with_its_text() -> None:
    layout = accuracy_figure(long_history(300), events=[{"step": 210, "text": "T 1 → 8"}])["layout"]
    assert layout["shapes"][0]["x0"] == 211
    assert layout["annotations"][0]["text"] == "T 1 → 8 at step 210"


def test_the_band_is_the_t_interval_of_the_mean() -> None:
    values = np.array([[0.7, 0.8, 0.9, 0.8]])
    mean, low, high = band(values)
    half = 3.182446 * values.std(ddof=1) / 2
    np.testing.assert_allclose([mean[0], low[0], high[0]], [0.8, 0.8 - half, 0.8 + half], rtol=1e-6)


def test_a_single_seed_has_no_band() -> None:
    assert np.isnan(band(np.array([[0.7]]))[1]).all()


def test_a_history_read_in_parts_is_the_same_as_in_one() -> None:
    whole, parts = long_history(50), History()
    frames = [make_frame(EXPERIMENT, step, full=False) for step in range(50)]
    for start in (0, 10, 9, 30):
        parts.extend(frames[start : start + 20])
    assert parts.steps == whole.steps
    for name, rows in whole.curves.items():
        np.testing.assert_array_equal(parts.curves[name], rows)
    assert whole.until(10).steps == list(range(11))


def test_evenly_is_even_in_log_step() -> None:
    chosen = evenly(np.arange(10_000), 50)
    assert len(chosen) <= 52 and (np.diff(chosen) > 0).all() and chosen[0] == 0 and chosen[-1] == 9_999
    assert (chosen < 100).sum() >= 20


def test_both_embeddings_share_axes_and_marks() -> None:
    stage, frame = make_stage(EXPERIMENT), make_frame(EXPERIMENT, 5)
    assert frame.shown is not None
    of_teacher, of_student = (
        embeddings.figure(points, stage.teacher_features[:, :2], stage, revision="run", follow=3)
        for points in (stage.teacher_features[:, :2], frame.shown.features[0][:, :2])
    )
    assert of_teacher["layout"] == of_student["layout"]
    marks = [[trace["marker"]["symbol"] for trace in f["data"][:10]] for f in (of_teacher, of_student)]
    assert marks[0] == marks[1] and len(set(marks[0])) == 10
    rows = np.concatenate([unpack(trace["customdata"]) for trace in of_teacher["data"][:10]])
    assert sorted(rows) == list(stage.probe_rows)


def unpack(values: dict[str, str]) -> np.ndarray:
    import base64

    return np.frombuffer(base64.b64decode(values["bdata"]), dtype=f"<{values['dtype']}")


def test_packing_keeps_whole_numbers() -> None:
    assert unpack(packed(np.array([0, 7, 32_767, -5]))).tolist() == [0, 7, 32_767, -5]


def test_a_student_that_flew_away_does_not_break_its_chart() -> None:
    stage = make_stage(EXPERIMENT)
    points = np.full((len(stage.probe_rows), 2), np.nan, dtype=np.float16)
    json.dumps(
        embeddings.figure(points, stage.teacher_features[:, :2], stage, revision="r", follow=None), allow_nan=False
    )


def test_one_matrix_shows_the_teacher_above_and_the_student_below() -> None:
    teacher, student = np.full((3, 3), 0.2), np.full((3, 3), 0.4)
    z = similarity.figure(teacher, student, ("a", "b", "c"), revision="r")["data"][0]["z"]
    assert z[0][1] == 20.0 and z[1][0] == 40.0 and z[1][1] is None
    difference = similarity.difference(teacher, student, ("a", "b", "c"), revision="r")["data"][0]
    assert difference["z"][0][1] == 20.0 and difference["zmin"] == -difference["zmax"]


def test_the_surface_colours_every_place_with_its_class() -> None:
    experiment = Experiment(dataset="spirals")
    stage = make_stage(experiment)
    assert stage.grid is not None
    logits = np.zeros((len(stage.grid), 5))
    logits[stage.grid[:, 0] > 0, 3] = 50.0
    figure = surface.figure(logits, stage, stage.transfer_rows[0], stage.transfer_labels[0], revision="r", follow=1)
    z = np.array(figure["data"][0]["z"])
    assert set(z[:, -1] // surface.DEPTH) == {3} and set(z[:, 0] // surface.DEPTH) == {0}
    heard = np.concatenate([t["customdata"] for t in figure["data"] if "customdata" in t])
    assert sorted(heard) == sorted(stage.transfer_rows[0])


@pytest.mark.parametrize("make", [losses.terms, losses.ratio])
def test_loss_charts_leave_gaps_where_there_is_no_number(make: Callable[..., Figure]) -> None:
    history = long_history(5)
    history.curves["gradient_ratio"][2][:] = np.inf
    history.curves["soft_loss"][2][:] = np.nan
    text = json.dumps(make(history, ROLES, steps=600, revision="r"), allow_nan=False)
    assert "null" in text


def test_a_history_without_frames_draws_the_empty_chart() -> None:
    figure = accuracy_figure(History())
    assert [line["meta"] for line in figure["data"]] == ["teacher", "chance"]
    assert losses.terms(History(), ROLES, steps=600, revision="r")["data"] == []
