"""What a person does with runs: make them, look at them, command them, keep them."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import sqlalchemy as sa

from kdcore.experiment import Command
from kdcore.frame import Frame
from kdcore.runs import PACES, RunLog, open_log, schema, seconds_per_step
from kdcore.runs.frames import MOST_KEYFRAMES, WHOLE_ROWS, Keeping

from .conftest import made_up, small


def test_a_new_run_waits_with_its_experiment_exactly_as_it_was_asked_for(log: RunLog) -> None:
    experiment = small(seeds=3, learning_rate=0.1 + 0.2)
    run_id = log.create(experiment, owner="me", pace="quick", stop_at=7, group="g", name="mine")
    run = log.run(run_id)
    assert run is not None
    assert run.experiment == experiment
    assert (run.state, run.owner, run.pace, run.stop_at, run.group, run.name) == (
        "queued",
        "me",
        "quick",
        7,
        "g",
        "mine",
    )
    assert (run.steps, run.step, run.queue_position) == (60, 0, 1)
    assert log.run("nothing") is None
    assert log.newest(run_id) is None and log.stage(run_id) is None and log.history(run_id) == []


def test_the_newest_runs_come_first_and_a_group_can_be_seen_alone(log: RunLog) -> None:
    ids = [log.create(small(), owner="me", group="even" if i % 2 == 0 else None) for i in range(5)]
    assert [run.id for run in log.runs()] == ids[::-1]
    assert [run.id for run in log.runs(limit=2)] == ids[:-3:-1]
    assert [run.id for run in log.runs(group="even")] == [ids[4], ids[2], ids[0]]


def test_everyone_sees_the_place_in_the_queue(log: RunLog) -> None:
    ids = [log.create(small(), owner="me") for _ in range(3)]
    assert [log.run(run_id).queue_position for run_id in ids] == [1, 2, 3]  # type: ignore[union-attr]
    assert log.claim(ids[0], "host:1:0", {})
    assert not log.claim(ids[0], "host:2:0", {})
    assert [log.run(run_id).queue_position for run_id in ids] == [0, 1, 2]  # type: ignore[union-attr]


def test_frames_come_back_bit_for_bit(log: RunLog) -> None:
    run_id = log.create(small(), owner="me")
    frames = [made_up(step) for step in (0, 1, 5, 9)]
    for frame in frames:
        log.append(run_id, frame)
        assert log.newest_mark(run_id) == (frame.step, frame.at)
    newest = log.newest(run_id)
    assert newest is not None and newest.to_bytes() == frames[-1].to_bytes()
    assert [f.to_bytes() for f in log.history(run_id)] == [f.thin().to_bytes() for f in frames]
    assert [f.step for f in log.history(run_id, after=1)] == [5, 9]
    assert log.keyframe_steps(run_id) == [0, 1, 5, 9]
    keyframe = log.keyframe(run_id, 7)
    assert keyframe is not None and keyframe.to_bytes() == frames[2].to_bytes()
    assert log.run(run_id).step == 9  # type: ignore[union-attr]


def test_history_read_piece_by_piece_is_the_whole_history(log: RunLog, home: Path) -> None:
    run_id = log.create(small(), owner="me")
    seen: list[int] = []
    for step in range(10):
        log.append(run_id, made_up(step))
        if step % 3 == 0:
            seen += [frame.step for frame in log.history(run_id, after=seen[-1] if seen else -1)]
    seen += [frame.step for frame in log.history(run_id, after=seen[-1])]
    assert seen == list(range(10))
    assert [frame.step for frame in open_log().history(run_id)] == seen


def test_a_click_that_arrives_twice_acts_once_and_two_clients_count_apart(log: RunLog) -> None:
    run_id = log.create(small(), owner="a")
    assert log.command(run_id, Command("pause"), client="a", counter=1)
    assert not log.command(run_id, Command("pause"), client="a", counter=1)
    assert log.command(run_id, Command("resume"), client="b", counter=1)
    assert log.command(run_id, Command("set", knob="temperature", value=8.0), client="a", counter=2)
    assert not log.command(run_id, Command("stop"), client="b", counter=1)
    assert [command.kind for command in log.commands(run_id)] == ["pause", "resume", "set"]
    assert log.commands(run_id, applied_only=True) == []
    first = log.pending(run_id)[0]
    log.applied(first.number, 12)
    assert log.commands(run_id, applied_only=True) == [Command("pause", step=12)]
    assert [pending.command.kind for pending in log.pending(run_id, after=first.number)] == ["resume", "set"]


def test_a_run_stopped_in_the_queue_never_begins(log: RunLog) -> None:
    run_id = log.create(small(), owner="me")
    log.command(run_id, Command("stop"), client="me", counter=1)
    assert log.run(run_id).state == "stopped"  # type: ignore[union-attr]
    assert not log.claim(run_id, "host:1:0", {})


def test_a_run_that_ended_stays_as_it_ended(log: RunLog) -> None:
    run_id = log.create(small(), owner="me")
    log.claim(run_id, "host:1:0", {"torch": "2"})
    assert not log.fail(run_id, "host:2:0", "not its worker")
    log.set_state(run_id, "finished", summary={"accuracy": {"hard": 0.5}})
    log.set_state(run_id, "running")
    assert not log.fail(run_id, "host:1:0", "too late")
    run = log.run(run_id)
    assert run is not None and run.state == "finished" and run.ended is not None and run.reason == ""
    assert run.summary == {"accuracy": {"hard": 0.5}} and run.versions == {"torch": "2"}


@pytest.mark.parametrize("steps", [1, 600, 5_000, 150_000])
@pytest.mark.parametrize(("thin", "full"), [(500, 5_000), (2_300, 75_000), (70_000, 70_000), (2_300, 2_000_000)])
def test_no_run_outgrows_twenty_megabytes(steps: int, thin: int, full: int) -> None:
    keeping = Keeping(steps)
    frame = SimpleNamespace(step=0, shown=True)
    rows = pictures = 0
    offered = [*range(0, steps), steps]
    for step in offered:
        frame.step = step
        scalars, keyframe = keeping.choose(cast(Frame, frame), thin, full)
        rows, pictures = rows + scalars, pictures + keyframe
    assert scalars and keyframe, "the last frame is kept"
    assert pictures <= MOST_KEYFRAMES
    assert rows <= 2 * WHOLE_ROWS
    assert rows * thin + pictures * full < (19_000_000 if full < 100_000 else 40_000_000)
    if len(offered) * thin <= 5_000_000 and len(offered) <= WHOLE_ROWS:
        assert rows == len(offered), "a short run is kept whole"


def test_keyframes_are_dense_where_the_story_is() -> None:
    keeping = Keeping(600)
    frame = made_up(0, steps=600)
    kept = [s for s in range(601) if keeping.choose(dataclasses.replace(frame, step=s), 2_000, 40_000)[1]]
    assert kept[:20] == list(range(20)) and kept[-1] == 600
    assert len([step for step in kept if step > 300]) < 40


def test_old_runs_make_room_but_not_those_that_somebody_cares_for(log: RunLog) -> None:
    def finished(**changes: object) -> str:
        run_id = log.create(small(), owner="me")
        log.append(run_id, made_up(0))
        log.update(run_id, state="finished", **changes)
        return run_id

    old, named, tagged = finished(), finished(name="the good one"), finished(tags="lesson")
    watched, recorded, younger = finished(), finished(recorded=True), finished()
    going = log.create(small(), owner="me")
    log.watch(watched)
    log.claim(going, "host:1:0", {})
    with log.read() as connection:
        total = int(connection.execute(sa.select(sa.func.sum(schema.runs.c.size))).scalar() or 0)
    assert log.prune(total) == []
    assert log.prune(total - 1) == [old]
    assert log.newest(old) is None and log.history(old) == [] and log.run(old) is None
    assert log.prune(0) == [younger]
    assert {run.id for run in log.runs()} == {named, tagged, watched, recorded, going}


def test_pruning_gives_the_space_back(log: RunLog, home: Path) -> None:
    run_id = log.create(small(), owner="me")
    for step in range(60):
        log.append(run_id, made_up(step, probes=500))
    log.set_state(run_id, "finished")
    log.prune(0)
    with log.read() as connection:
        pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar() or 0)
    assert pages * 4096 < 400_000


def test_layouts_are_found_by_step(log: RunLog) -> None:
    run_id = log.create(small(), owner="me")
    assert log.layouts(run_id, 5) is None
    first = {"teacher": np.ones((4, 2), np.float16), "an arm / with a name.npz": np.zeros((4, 2), np.float16)}
    log.set_layouts(run_id, 10, first)
    assert log.layouts(run_id, 9) is None
    found = log.layouts(run_id, 12)
    assert found is not None and list(found) == list(first)
    assert all(np.array_equal(found[name], first[name]) for name in first)


def test_a_frame_that_is_no_frame_is_not_read(log: RunLog) -> None:
    run_id = log.create(small(), owner="me")
    log.append(run_id, made_up(0))
    with log.write() as connection:
        connection.execute(schema.newest.update().values(data=b"\x80\x04pickle", at=time.time()))
    with pytest.raises(ValueError, match="no Frame"):
        log.newest(run_id)
    assert isinstance(log.keyframe(run_id, 0), Frame)


def test_time_is_logarithmic_in_steps_and_a_run_takes_the_time_its_pace_says() -> None:
    for pace in ("slow", "watch", "quick"):
        waits = [seconds_per_step(pace, step, 600) for step in range(600)]
        assert sum(waits) == pytest.approx(PACES[pace], rel=0.05)
        assert waits == sorted(waits, reverse=True)
    assert seconds_per_step("step", 5, 600) == 1.0
    assert seconds_per_step("full", 5, 600) == 0.0
    with pytest.raises(KeyError):
        seconds_per_step("warp", 0, 600)
