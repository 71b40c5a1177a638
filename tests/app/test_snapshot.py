"""The board's data: the whole contract at every state of a run, small, shared; each viewer's own where it must be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.controls import defaults
from app.experiments import experiment_from
from app.own_view import Viewer
from app.snapshot import keyframe_view, snapshot
from app.watch import watch
from kdcore.experiment import Arm, Command, Experiment, Transfer
from kdcore.runs import RunLog
from tests.app.made import make_frame, make_stage, write_run

KEYS = {
    "version", "run", "state", "recorded", "mine", "reason", "queue", "step", "steps", "at", "seed", "seeds", "classes",
    "headline", "detail", "weights", "formula", "notes", "status", "knobs", "paces", "refused", "teacher", "student",
    "chance", "arms", "figures", "says", "example", "walk", "stage_url", "keyframes_url", "keyframes", "events",
    "restart", "suggest", "umap", "hidden", "present",
}  # fmt: skip
FIGURES = {"accuracy", "losses", "ratio", "similarity", "difference"}


def viewer(**more: Any) -> Viewer:
    return Viewer(**{"browser": "me", "values": defaults()} | more)


def seen(log: RunLog, run_id: str | None, **more: Any) -> dict[str, Any]:
    board = snapshot(log, run_id, viewer(**more))
    assert set(board) == KEYS
    json.dumps(board, allow_nan=False)
    return board


def test_without_a_run_the_board_is_empty_and_ready(log: RunLog) -> None:
    board = seen(log, None)
    assert board["state"] == "idle" and board["figures"] == {} and board["knobs"]["temperature"] == 4.0


def test_a_run_without_a_worker_says_its_place(log: RunLog) -> None:
    log.create(Experiment(), owner="other")
    board = seen(log, log.create(Experiment(), owner="me"))
    assert board["headline"] == "Waiting for a worker, place 2 in the queue." and board["queue"] == 2


@pytest.mark.parametrize("state", ["running", "paused", "finished", "stopped", "failed"])
def test_every_state_has_the_whole_board(log: RunLog, state: str) -> None:
    board = seen(log, write_run(log, state=state))
    assert board["state"] == state and board["step"] == 600 and board["mine"]
    assert set(board["figures"]) == FIGURES | {"embedding_student"}
    assert all(board["says"][name] for name in ("accuracy", "heard", "example", "embedding", "similarity", "losses"))
    assert [arm["role"] for arm in board["arms"]] == ["distilled", "control"]
    assert board["headline"].startswith("Both saw these 30 pictures.")
    assert board["keyframes"][-1] == 600 and board["stage_url"].startswith(f"/lab/run/{board['run']}/stage.json?v=")


def test_points_in_a_plane_get_decision_surfaces(log: RunLog) -> None:
    board = seen(log, write_run(log, Experiment(dataset="spirals")))
    assert set(board["figures"]) == FIGURES | {"surface_teacher", "surface_student", "surface_control"}


def test_a_failed_run_keeps_its_frames_and_says_why(log: RunLog) -> None:
    board = seen(log, write_run(log, state="failed", steps=(0, 10, 30)))
    assert any("the worker was killed" in note and "up to step 30" in note for note in board["notes"])
    nothing = seen(log, write_run(log, state="failed", steps=()))
    assert "the worker was killed" in nothing["headline"]


def test_a_run_whose_teacher_learns_shows_the_teachers_curve(log: RunLog) -> None:
    lesson = Experiment(arms=(Arm("hard"),), seeds=1, transfer=Transfer(), steps=960)
    teacher_run = log.create(lesson, owner="")
    log.claim(teacher_run, "w", {})
    for step in (0, 10, 50):
        log.append(teacher_run, make_frame(lesson, step, full=False))
    run_id = log.create(Experiment(), owner="me")
    log.claim(run_id, "w", {})
    log.update(run_id, teacher_run=teacher_run)
    log.set_state(run_id, "teacher")
    board = seen(log, run_id)
    assert board["headline"].startswith("The teacher learns first: MLP 256-256, on 1000 pictures with their labels: ")
    assert board["step"] == 50 and board["figures"]["accuracy"]["data"][0]["name"] == "teacher"
    log.append(teacher_run, make_frame(lesson, 60, full=False))
    learning = watch(log, teacher_run)
    assert learning is not None
    learning._read_at = -1e9
    assert seen(log, run_id)["step"] == 60


def test_a_run_is_nobodys_but_the_browsers_that_started_it(log: RunLog) -> None:
    run_id = write_run(log, state="running")
    assert not seen(log, run_id, browser="stranger")["mine"]
    assert not seen(log, run_id, browser="")["mine"]


def test_viewers_share_the_work(log: RunLog) -> None:
    run_id = write_run(log, state="running")
    boards = [seen(log, run_id, browser=name) for name in ("me", "you")]
    assert boards[0]["figures"] is boards[1]["figures"]
    assert boards[0]["version"] != boards[1]["version"]


def test_the_version_changes_with_anything(log: RunLog) -> None:
    run_id = write_run(log, state="running", steps=(0, 10))
    versions = {seen(log, run_id)["version"], seen(log, run_id, follow=3)["version"]}
    versions.add(seen(log, run_id, values=defaults() | {"temperature": 8.0})["version"])
    log.append(run_id, make_frame(Experiment(), 11))
    watch(log, run_id)._read_at = -1e9  # type: ignore[union-attr]
    versions.add(seen(log, run_id)["version"])
    log.set_state(run_id, "paused")
    watch(log, run_id)._read_at = -1e9  # type: ignore[union-attr]
    versions.add(seen(log, run_id)["version"])
    assert len(versions) == 5


def test_a_snapshot_of_a_long_run_stays_small(log: RunLog) -> None:
    board = seen(log, write_run(log, steps=tuple(range(0, 600, 3)), state="running"))
    assert len(json.dumps(board, separators=(",", ":"))) < 40_000


def test_what_train_would_start_anew_is_said(log: RunLog) -> None:
    board = seen(log, write_run(log), values=defaults() | {"dataset": "spirals", "alpha": 0.5})
    assert board["restart"] == ["data: digits, now spirals", "alpha: 0.9, now 0.5"]
    going = seen(log, write_run(log, state="running"), values=defaults() | {"dataset": "spirals", "alpha": 0.5})
    assert going["restart"] == ["data: digits, now spirals"]


def test_raising_a_low_temperature_is_offered_while_the_run_goes_on(log: RunLog) -> None:
    cold = experiment_from(defaults() | {"temperature": 1.0})
    assert isinstance(cold, Experiment)
    run_id = write_run(log, cold, state="running")
    assert seen(log, run_id)["suggest"] == {
        "text": "Try it while it learns: raise T from 1 to 8",
        "knob": "temperature",
        "value": 8.0,
    }
    assert seen(log, run_id, browser="stranger")["suggest"] is None
    assert seen(log, write_run(log, state="running"))["suggest"] is None


def test_a_command_that_took_effect_is_an_event(log: RunLog) -> None:
    run_id = write_run(log, state="running")
    log.command(run_id, Command(kind="set", knob="temperature", value=1.0), client="me", counter=1)
    log.applied(log.pending(run_id)[0].number, 210)
    board = seen(log, run_id)
    assert board["events"] == [{"step": 210, "text": "T 4 → 1"}]
    assert any("what is learnt stays" in note for note in board["notes"])


def test_a_diverged_arm_is_marked_and_the_others_go_on(log: RunLog) -> None:
    experiment = experiment_from(defaults() | {"null_arms": True, "learning_rate": 0.5})
    assert isinstance(experiment, Experiment)
    board = seen(log, write_run(log, experiment, stopped="shuffled", state="running"))
    assert [arm["name"] for arm in board["arms"] if arm["stopped"]] == ["shuffled"]
    assert any(note.startswith("shuffled opinions: all students diverged") for note in board["notes"])


def test_a_followed_picture_is_the_example(log: RunLog) -> None:
    run_id = write_run(log)
    heard = int(make_stage(Experiment()).transfer_rows[0][4])
    example = seen(log, run_id, follow=heard)["example"]
    assert example["row"] == heard and example["heard"] and example["label"] == example["true"]
    assert [opinion["role"] for opinion in example["opinions"]] == ["teacher", "distilled", "control"]
    assert not seen(log, run_id, follow=2)["example"]["heard"]
    assert seen(log, run_id, follow=10**9)["example"]["row"] == seen(log, run_id)["example"]["row"]


def test_the_walk_is_the_last_batch_with_both_losses(log: RunLog) -> None:
    walk = seen(log, write_run(log))["walk"]
    assert len(walk["rows"]) == len(walk["hard"]) == len(walk["soft"]) == len(walk["labels"]) == 30
    assert (walk["hard_weight"], walk["weight"]) == (0.1, 0.9)


def test_a_keyframe_is_the_board_as_it_was(log: RunLog) -> None:
    run_id = write_run(log)
    seen(log, run_id)
    view = keyframe_view(log, run_id, 50, None)
    assert view is not None and view["step"] == 30 and "accuracy" not in view["figures"]
    assert set(view) == {"step", "at", "figures", "says", "example", "walk", "arms", "status"}
    assert max(view["figures"]["losses"]["data"][0]["x"]) == 31
    assert keyframe_view(log, "nothing", 50, None) is None


def test_a_recorded_run_is_labelled(log: RunLog) -> None:
    run_id = log.create(Experiment(), owner="", recorded=True, state="running")
    log.set_stage(run_id, make_stage(Experiment()))
    log.append(run_id, make_frame(Experiment(), 600))
    log.set_state(run_id, "finished")
    board = seen(log, run_id)
    assert board["recorded"] and board["headline"].startswith("Recorded run. Both saw")


def test_what_other_splits_gave_appears_when_they_are_done(log: RunLog) -> None:
    run_id = write_run(log)
    alone = seen(log, run_id)
    other = log.create(Experiment(split=1), owner="me", group=run_id)
    log.claim(other, "worker", {})
    log.set_state(other, "finished", summary={"gain": {"hinton": 0.06, "hard": 0.0}})
    watched = watch(log, run_id)
    assert watched is not None
    watched._read_at = watched._slow_at = -1e9
    together = seen(log, run_id)
    assert together["detail"] == alone["detail"] + " On another split with its teacher: +6.0 points."
    assert together["version"] != alone["version"]
