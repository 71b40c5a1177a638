"""The microscope's page without a browser: which run it looks into, what it is told, what networks say of a drawing."""

from __future__ import annotations

import base64
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app import drawings, looking, magnified, session, store
from app.magnified import Look
from app.watch import Watched, watch
from kdcore import networks
from kdcore.experiment import Arm, Experiment, Transfer
from kdcore.runs import LogUnavailable, RunLog, recording, weights
from tests.app.made import make_frame, make_stage, write_run
from tests.app.page import opened_at
from tests.app.tab import BrowserTab
from tests.app.test_routes import get

PAGE = "screens/dark_knowledge.py"
SHIPPED = Path(__file__).parents[2] / "assets" / "thirty_pictures.dklab"
EMPTY = [0.0] * 64


def opened(**address: str) -> AppTest:
    return opened_at(PAGE, **address)


class Tab(BrowserTab):
    modules = (looking, session)

    def look(self) -> dict[str, Any]:
        return looking.snapshot(looking.arrive(self.log))

    def act(self, do: str, **more: Any) -> dict[str, Any]:
        looking.act(self.log, self.message(do, **more))
        return looking.snapshot(looking.now(self.log))


@pytest.fixture
def tab(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(log, monkeypatch)


def ship(log: RunLog, run_id: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this run be the one that is recorded and ships."""
    recording.save(log, run_id, folder / "run.dklab")
    monkeypatch.setattr(store, "SHIPPED", folder / "run.dklab")
    store.recorded_run.cache_clear()


def watched_run(log: RunLog, experiment: Experiment | None = None, **more: Any) -> Watched:
    watched = watch(log, write_run(log, experiment, **more))
    assert watched is not None
    return watched


def keep_weights(log: RunLog, watched: Watched, step: int = 600) -> dict[str, torch.Tensor]:
    """Random weights of all students of a run, kept as a worker keeps them."""
    experiment = watched.run.experiment
    module = networks.build(experiment.student, experiment.facts.input_shape, len(experiment.facts.classes))
    members = len(experiment.arms) * len(experiment.seed_list)
    generator = torch.Generator().manual_seed(1)
    kept = {
        f"student.{name}": torch.randn(members, *weight.shape, generator=generator)
        for name, weight in module.named_parameters()
    }
    weights.save(log.folder, watched.run.id, step, kept)
    return kept


# Which run is under the lens


def test_the_page_opens_without_any_run_and_says_so(log: RunLog) -> None:
    assert "There is no run to look into yet" in " ".join(opened().session_state["why"])


def test_the_page_opens_on_the_recorded_run(log: RunLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ship(log, write_run(log), tmp_path, monkeypatch)
    page = opened()
    assert page.session_state["lens_run"] is None or page.session_state["lens_run"].startswith("rec-")
    assert page.query_params == {} and page.session_state["why"] == []
    assert any("temperature" in text.value for text in page.markdown)


def test_a_run_in_the_address_is_looked_into_and_stays_there(log: RunLog) -> None:
    run_id = write_run(log, state="running")
    page = opened(run=run_id, temperature="8", row="3", target="shuffled")
    assert page.session_state["look"] == Look(row=3, temperature=8.0, target="shuffled")
    assert dict(page.query_params.items()) == {
        "run": run_id,
        "row": "3",
        "temperature": "8",
        "target": "shuffled",
    }


def test_the_run_of_the_lab_is_looked_into(tab: Tab) -> None:
    tab.state["run"] = write_run(tab.log)
    assert tab.look()["run"] == tab.state["run"] and tab.address["run"] == tab.state["run"]


@pytest.mark.parametrize("run", ["nothing", "../x", "a b"])
def test_an_unknown_run_gives_the_recorded_one_and_a_sentence(
    tab: Tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: str
) -> None:
    ship(tab.log, write_run(tab.log), tmp_path, monkeypatch)
    tab.address["run"] = run
    told = tab.look()
    assert told["run"].startswith("rec-") and told["about"].startswith("Recorded run: ")
    assert any("There is no run" in note and "the recorded run is shown" in note for note in told["notes"])


def test_a_run_that_has_nothing_to_show_yet_is_waited_for(
    tab: Tab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship(tab.log, write_run(tab.log), tmp_path, monkeypatch)
    experiment = Experiment()
    run_id = tab.log.create(experiment, owner="me")
    tab.address["run"] = run_id
    assert any("nothing to show yet" in note for note in tab.look()["notes"])
    tab.log.claim(run_id, "worker", {"kdcore": "test"})
    tab.log.set_stage(run_id, make_stage(experiment))
    tab.log.append(run_id, make_frame(experiment, 0))
    store_watch = watch(tab.log, run_id)
    assert store_watch is not None
    store_watch._read_at = -1e9
    assert tab.look()["run"] == run_id


def test_a_run_without_a_teacher_is_not_looked_into(tab: Tab) -> None:
    run_id = write_run(tab.log)
    watched = watch(tab.log, run_id)
    assert watched is not None and watched.stage is not None
    watched.stage.teacher_scalars.clear()
    tab.address["run"] = run_id
    assert tab.look()["run"] is None


# What the address and the component may ask for


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"row": "x"}, "is not the number of a picture"),
        ({"seed": "-1"}, "is not the number of students"),
        ({"row": "99999"}, "There is no example 99999"),
        ({"target": "everyone"}, "is not among teacher, hard, smoothed, shuffled"),
        ({"temperature": "1000"}, "temperature"),
        ({"alpha": "nan"}, "alpha"),
        ({"surprise": "1"}, "'surprise' means nothing on this page"),
    ],
)
def test_what_cannot_be_is_said_and_passed_over(tab: Tab, asked: dict[str, str], sentence: str) -> None:
    tab.address.update({"run": write_run(tab.log)} | asked)
    told = tab.look()
    assert any(sentence in note for note in told["notes"])
    assert told["look"]["row"] is None and told["look"]["target"] == "teacher"
    assert "surprise" not in tab.address


STRANGE = st.one_of(st.text(max_size=20), st.sampled_from(["nan", "inf", "1e999", "-1", "<b>", "9" * 30, "²", ""]))
NAMES = st.sampled_from(["run", "row", "temperature", "alpha", "target", "odd"])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, STRANGE, max_size=6))
def test_any_address_gives_something_that_can_be_shown(
    log: RunLog, monkeypatch: pytest.MonkeyPatch, query: dict[str, str]
) -> None:
    told = Tab(log, monkeypatch, **query).look()
    json.dumps(told, allow_nan=False)
    look = told["look"]
    assert look["temperature"] is None or 0.25 <= look["temperature"] <= 64
    assert look["alpha"] is None or 0 <= look["alpha"] <= 1
    assert look["row"] is None or look["row"] >= 0


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["row", "temperature", "alpha", "target", "cells", "do"]),
                       st.one_of(STRANGE, st.none(), st.lists(st.integers(), max_size=3), st.floats(), st.booleans()),
                       max_size=5), st.sampled_from(["look", "draw", "dance"]))  # fmt: skip
def test_whatever_a_message_holds_the_page_stays_well(
    log: RunLog, monkeypatch: pytest.MonkeyPatch, message: dict[str, Any], do: str
) -> None:
    json.dumps(Tab(log, monkeypatch).act(do, **{name: value for name, value in message.items() if name != "do"}))


def test_what_is_chosen_goes_into_the_address_once(tab: Tab) -> None:
    tab.state["run"] = write_run(tab.log)
    tab.look()
    told = tab.act("look", row=5, temperature=2.0, alpha=0.5, target="smoothed")
    assert told["look"] == {"row": 5, "temperature": 2.0, "alpha": 0.5, "target": "smoothed", "seed": None}
    assert tab.address == {"run": told["run"], "row": "5", "temperature": "2", "alpha": "0.5", "target": "smoothed"}
    tab.counter -= 1
    assert tab.act("look", row=7)["look"]["row"] == 5, "a message that was seen before is ignored"


# What the component is told


def test_the_snapshot_is_small_and_its_version_follows_its_content(log: RunLog) -> None:
    watched = watched_run(log)
    told = magnified.snapshot(watched, Look())
    assert len(json.dumps(told)) < 1500
    assert told["version"] == magnified.snapshot(watched, Look())["version"]
    assert told["version"] != magnified.snapshot(watched, Look(row=1))["version"]
    assert told["given"] == {"temperature": 4.0, "alpha": 0.9} and told["pad"]
    assert "MLP 256-256 (97.7 % right) teaches MLP 64 on 30 pictures" in told["about"]


def test_other_data_have_no_pad(log: RunLog) -> None:
    assert not magnified.snapshot(watched_run(log, Experiment(dataset="spirals")), Look())["pad"]
    with pytest.raises(ValueError, match="do not see 8 x 8 digits"):
        drawings.ask(watched_run(log, Experiment(dataset="spirals")), EMPTY)


def test_a_large_cohort_shows_its_students_at_the_end(log: RunLog) -> None:
    watched = watched_run(log, full=False, state="running")
    told = magnified.snapshot(watched, Look())
    assert told["opinions_url"] is None and any("when their run is over" in note for note in told["notes"])
    status, _, body = get(f"/lab/run/{watched.run.id}/opinions.json")
    assert status == 404 and "cannot be seen one by one" in json.loads(body)["error"]


def test_opinions_are_the_frames_own_numbers_bit_for_bit(log: RunLog) -> None:
    experiment = Experiment(arms=(Arm(method="smoothed"), Arm(method="hinton"), Arm(method="hard")), seeds=(4, 7))
    watched = watched_run(log, experiment)
    status, headers, body = get(f"/lab/run/{watched.run.id}/opinions.json?v=1")
    said = json.loads(body)
    assert status == 200 and headers["cache-control"] == "no-store"
    frame = watched.frame
    assert frame is not None and frame.shown is not None and watched.stage is not None
    assert (said["step"], said["seed"], said["rows"]) == (frame.step, 4, frame.shown.rows.tolist())
    assert said["heard"] == watched.stage.transfer_rows[0].tolist()
    assert [(arm["name"], arm["role"]) for arm in said["arms"]] == [
        ("smoothed", "distilled"),
        ("hinton", "null"),
        ("hard", "control"),
    ]
    for number, arm in enumerate(said["arms"]):
        logits = np.frombuffer(base64.b64decode(arm["logits"]["bdata"]), dtype="<f4")
        np.testing.assert_array_equal(logits.reshape(len(said["rows"]), -1), frame.shown.logits[number])


def test_opinions_of_an_unknown_run_are_refused() -> None:
    assert get("/lab/run/nothing/opinions.json")[0] == 404


def test_a_new_step_gives_a_new_address_of_opinions(log: RunLog) -> None:
    watched = watched_run(log, state="running", steps=(0, 1))
    before = magnified.snapshot(watched, Look())
    log.append(watched.run.id, make_frame(watched.run.experiment, 3))
    watched._read_at = -1e9
    watched.refresh()
    after = magnified.snapshot(watched, Look())
    assert after["step"] == 3 and after["opinions_url"] != before["opinions_url"]
    assert after["stage_url"] == before["stage_url"]


# Drawings


@pytest.mark.parametrize(
    "cells", [None, [], EMPTY[:-1], [*EMPTY, 0.0], ["1"] * 64, [2.0] * 64, [float("nan")] * 64, [True] * 64, "x"]
)
def test_what_is_no_drawing_is_refused_with_a_sentence(cells: Any) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        drawings.checked(cells)


def test_a_drawing_is_asked_of_both_teachers_and_of_every_student(log: RunLog) -> None:
    experiment = Experiment(seeds=3, transfer=Transfer(per_class=3))
    watched = watched_run(log, experiment)
    kept = keep_weights(log, watched, step=321)
    assert watched.stage is not None and watched.stage.pictures is not None
    cells = (watched.stage.pictures[4] / 255).ravel().tolist()
    said = drawings.ask(watched, cells)
    assert [teacher["name"] for teacher in said["teachers"]] == ["pad", "run"]
    assert said["step"] == 321 and said["missing"] == "" and set(said["arms"]) == {"hinton", "hard"}
    module = networks.build(experiment.student, (1, 8, 8), 10)
    member = 3  # the second arm's first seed, which is the one shown
    module.load_state_dict({name.removeprefix("student."): weight[member] for name, weight in kept.items()})
    wanted = module(torch.tensor([cells]).reshape(1, 1, 8, 8)).logits[0].detach()
    np.testing.assert_allclose(said["arms"]["hard"], wanted, rtol=1e-4, atol=1e-4)
    json.dumps(said, allow_nan=False)


def test_students_without_weights_are_left_out_and_missed(log: RunLog) -> None:
    said = drawings.ask(watched_run(log, state="running"), EMPTY)
    assert said["arms"] == {} and "once the run has paused or ended" in said["missing"]
    assert said["teachers"]


def test_a_drawing_is_answered_in_the_next_snapshot_and_wiped_off_again(tab: Tab) -> None:
    tab.state["run"] = write_run(tab.log)
    tab.look()
    told = tab.act("draw", cells=[0.5] * 64)
    assert told["drawing"]["cells"] == [0.5] * 64 and told["drawing"]["run"] == told["run"]
    assert tab.act("draw", cells=None)["drawing"] is None
    assert tab.act("draw", cells=[9] * 64)["notes"][-1] == "The cells of a drawing lie between 0 and 1."


def test_a_log_that_fails_while_drawing_is_said(tab: Tab, monkeypatch: pytest.MonkeyPatch) -> None:
    tab.state["run"] = write_run(tab.log)
    tab.look()

    def locked(*_: object) -> None:
        raise LogUnavailable("The log is locked.")

    monkeypatch.setattr(drawings, "ask", locked)
    assert "The log is locked." in tab.act("draw", cells=EMPTY)["notes"]


def test_the_shipped_run_can_be_asked_about_a_drawing(log: RunLog, tmp_path: Path) -> None:
    shutil.copy(SHIPPED, tmp_path / "shipped.dklab")
    watched = watch(log, recording.load(log, tmp_path / "shipped.dklab"))
    assert watched is not None and watched.stage is not None and watched.stage.pictures is not None
    rows = watched.stage.probe_rows[:40]
    pictures = watched.stage.pictures[rows] / 255
    said = [drawings.ask(watched, picture.ravel().tolist()) for picture in pictures]
    assert all(not answer["missing"] for answer in said)
    labels = watched.stage.labels[rows]
    frame = watched.frame
    assert frame is not None and frame.shown is not None
    for place, answer in enumerate(said):
        first = {teacher["name"]: int(np.argmax(teacher["logits"])) for teacher in answer["teachers"]}
        assert first["run"] == int(watched.stage.teacher_logits[rows[place]].argmax())
    right = np.mean([np.argmax(answer["arms"]["hinton"]) for answer in said] == labels)
    shown = frame.shown.logits[frame.arms.index("hinton"), :40].argmax(-1)
    assert right == pytest.approx(np.mean(shown == labels), abs=0.06)


# Students of other seeds


def test_students_of_every_seed_can_be_looked_at_once_their_weights_are_kept(log: RunLog, tmp_path: Path) -> None:
    shutil.copy(SHIPPED, tmp_path / "shipped.dklab")
    run_id = recording.load(log, tmp_path / "shipped.dklab")
    watched = watch(log, run_id)
    assert watched is not None and watched.frame is not None and watched.frame.shown is not None
    told = magnified.snapshot(watched, Look(seed=5))
    assert told["seed"] == 5 and told["seeds"] == list(range(8)) and "seed 5" in told["about"]
    said = json.loads(get(told["opinions_url"])[2])
    assert said["seed"] == 5 and watched.stage is not None
    assert said["heard"] == watched.stage.transfer_rows[5].tolist() and set(said["heard"]) <= set(said["rows"])
    of_frame = magnified.opinions(watched, watched.frame)
    rows, again = magnified._asked(watched, watched.frame.shown.seed)
    assert rows[:500].tolist() == of_frame["rows"][:500]
    np.testing.assert_allclose(again["hinton"][:500], watched.frame.shown.logits[0, :500], atol=0.05, rtol=0.01)
    right = again["hinton"][:500].argmax(-1) == watched.stage.labels[:500]
    assert right.mean() > 0.8


def test_a_seed_that_cannot_be_asked_is_said_and_passed_over(log: RunLog) -> None:
    watched = watched_run(log)
    told = magnified.snapshot(watched, Look(seed=3))
    assert told["seed"] == 0 and told["seeds"] == [0]
    assert any("seed 3 cannot be asked" in note for note in told["notes"])
    assert get(f"/lab/run/{watched.run.id}/opinions.json?seed=3")[0] == 404
    assert get(f"/lab/run/{watched.run.id}/opinions.json?seed=x")[0] == 200


def test_weights_of_an_earlier_step_do_not_speak_for_now(log: RunLog) -> None:
    watched = watched_run(log, state="paused")
    keep_weights(log, watched, step=300)
    assert not magnified.all_seeds(watched)
    keep_weights(log, watched, step=600)
    assert magnified.all_seeds(watched)


def test_the_page_waits_for_the_run_that_was_asked_for(tab: Tab) -> None:
    tab.address["run"] = tab.log.create(Experiment(), owner="me")
    assert tab.look()["run"] is None
    waiting = looking.asked(tab.log)
    assert waiting is not None and waiting.live and tab.address["run"] == waiting.run.id


def test_a_large_number_comes_back_as_it_was(tab: Tab) -> None:
    tab.address.update(run=write_run(tab.log), row="12345678", temperature="12.5")
    tab.look()
    assert tab.address["row"] == "12345678" and tab.address["temperature"] == "12.5"
