"""The page Tune without a browser: which plane is shown, what hands do, what it says."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import present
from app.plane import (
    cell_alone,
    plane_places,
    tuned,
    tuning,
    tuning_acts,
    tuning_controls,
    tuning_earlier,
    tuning_words,
    wanted_plane,
)
from app.plane.plane_measures import MEASURES
from app.plane.tuned import RECORDED, Tuned
from app.plane.tuning_snapshot import View, cell_of, known, snapshot
from app.plane.wanted_plane import AxisWish
from app.watch import watch
from kdcore import methods, planes
from kdcore.conventions import BY_NAME as CONVENTIONS
from kdcore.experiment import Experiment, Transfer
from kdcore.planes import Axis, Plane
from kdcore.runs import RunLog
from tests.app.made import make_frame, write_run
from tests.app.page import opened_at
from tests.app.planes_made import STEPS, level, shard_frame, small_plane, write_plane
from tests.app.tab import BrowserTab
from tests.app.test_routes import get

PAGE = "screens/tune.py"


def opened(**address: str) -> AppTest:
    return opened_at(PAGE, **address)


class Tab(BrowserTab):
    modules = (tuning, tuning_acts, tuning_controls, present)

    def look(self) -> dict[str, Any]:
        tuning.arrive(self.log)
        return tuning.picture(self.log)

    def act(self, do: str, browser: str = "me", **more: Any) -> dict[str, Any]:
        tuning_acts.act(self.log, self.message(do, browser, **more))
        return self.look()

    def typed(self, **values: Any) -> dict[str, Any]:
        """The widgets of the controls hold these."""
        self.state |= {f"plane-{name}": value for name, value in values.items()}
        return self.look()


@pytest.fixture
def tab(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> Tab:
    made = Tab(log, monkeypatch)
    made.look()
    return made


def seen(log: RunLog, plane_id: str) -> Tuned:
    found = tuned.look(log, plane_id)
    assert found is not None
    return found


# The first screen and the address


def test_the_recorded_plane_is_on_the_first_screen_and_says_so(log: RunLog) -> None:
    page = opened()
    assert page.query_params == {} and page.session_state["tuning"].plane == RECORDED
    told = snapshot(tuned.look(log, RECORDED), View())
    assert told["headline"].startswith("The best is a region: T ") and "Recorded: 30 pictures" in told["detail"]
    assert "200 labelled examples were used to tune and 30 to learn" in told["detail"]
    assert told["check"] == "A check: all 11 cells at alpha 0 agree, largest difference 0.0 points."
    assert len(json.dumps(told, allow_nan=False)) < 60_000


def test_the_address_leads_to_plane_cell_measure_and_convention(log: RunLog) -> None:
    plane_id = write_plane(log)
    page = opened(
        plane=plane_id, cell="2,3", measure="validation_gain", convention="no_t_squared", yours="0.5,4", before=RECORDED
    )
    looking = page.session_state["tuning"]
    assert looking == tuning.Looking(plane_id, RECORDED, (2, 3), "validation_gain", "no_t_squared", (0.5, 4.0))
    assert page.query_params["plane"] == plane_id and page.query_params["cell"] == "2,3"
    assert page.session_state["plane-values"]["seeds"] == 3 and page.session_state["plane-x-typed"] == "1, 4, 16"


@pytest.mark.parametrize(
    "address",
    [
        {"plane": "nowhere"},
        {"cell": "99,99"},
        {"cell": "-1,0"},
        {"cell": "a,b,c"},
        {"measure": "<b>"},
        {"convention": "mine"},
        {"yours": "2,4"},
        {"yours": "nan,inf"},
        {"before": "nowhere"},
        {"per_class": "minus"},
        {"dataset": "none"},
    ],
)
def test_nonsense_in_the_address_is_passed_over(log: RunLog, address: dict[str, str]) -> None:
    page = opened(**address)
    looking = page.session_state["tuning"]
    assert looking == tuning.Looking()


def test_a_plane_that_is_gone_is_named(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    told = Tab(log, monkeypatch, plane="nowhere").look()
    assert told["plane"] == RECORDED and "There is no plane 'nowhere'" in told["notes"][0]


def test_a_search_is_no_plane(log: RunLog) -> None:
    assert tuned.look(log, log.create_study("search", "{}", owner="me")) is None
    assert tuned.look(log, log.create_study("plane", "{broken", owner="me")) is None


def test_controls_in_the_address_stand_until_a_plane_is_trained(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = Tab(log, monkeypatch, per_class="6", steps="50")
    told = tab.look()
    assert told["changed"] == ["steps: 600, now 50", "pictures a class: 3, now 6"]
    assert tab.address == {"per_class": "6", "steps": "50"}
    tab.act("train")
    assert set(tab.address) == {"plane", "before"} and tab.address["before"] == RECORDED


# Hands


def test_train_makes_a_study_with_a_run_for_each_shard(log: RunLog, tab: Tab) -> None:
    told = tab.act("train")
    (study,) = log.studies("plane")
    runs = log.runs(group=study.id)
    assert told["plane"] == study.id and study.owner == "me" and told["mine"] and told["live"]
    assert Plane.model_validate_json(study.spec) == Plane()
    assert {run.pace for run in runs} == {"full"} and {run.owner for run in runs} == {"me"}
    cells = [arm.name for run in runs for arm in run.experiment.arms if arm.method != "hard"]
    assert sorted(cells) == sorted(Plane().name(*cell) for cell in Plane().cells)
    assert told["headline"] == "528 students are about to learn: 132 cells, 4 of each"
    assert told["map"]["data"][0]["z"][0] == [None] * 11


def test_a_changed_transfer_set_leaves_the_region_before_as_a_ghost(log: RunLog, tab: Tab) -> None:
    tab.state["tuning"] = tuning.Looking(plane=write_plane(log))
    tab.state["tuning_address"] = None
    tab.address.update(plane=tab.state["tuning"].plane)
    tab.look()
    tab.typed(per_class="6")
    told = tab.act("train")
    assert tab.address["before"] == tab.state["tuning"].before != told["plane"]
    names = [trace["name"] for trace in told["map"]["data"]]
    assert "region of the plane before" in names and "Dashed: the region with 30 pictures" in told["ghost"]
    tab.typed(learning_rate=0.01)
    assert tab.act("train")["ghost"] == "", "what the students hear is the same"
    tab.typed(dataset="spirals", per_class="3")
    assert tab.act("train")["ghost"] == "", "regions of other data are of no use here"


def test_a_new_plane_stops_the_one_before_if_it_was_ours(log: RunLog, tab: Tab) -> None:
    first = tab.act("train")["plane"]
    tab.act("train")
    kinds = [command.kind for run in log.runs(group=first) for command in log.commands(run.id)]
    assert set(kinds) == {"stop"}


def test_only_its_own_browser_stops_a_plane(log: RunLog, tab: Tab) -> None:
    plane_id = tab.act("train")["plane"]
    told = tab.act("stop", browser="someone else")
    assert "only the browser that started this plane" in told["notes"][0] and not told["mine"]
    assert not any(log.commands(run.id) for run in log.runs(group=plane_id))
    tab.act("stop")
    assert all(log.commands(run.id) for run in log.runs(group=plane_id))


def test_a_cell_is_trained_anew_with_the_same_seeds_and_the_lab_opens(log: RunLog, tab: Tab) -> None:
    plane_id = write_plane(log)
    tab.address.update(plane=plane_id)
    tab.look()
    tab.act("lab", column=2, row=3)
    page, query = tab.state["tuning_go"]
    run = log.run(query["run"])
    assert page == "lab" and run is not None and run.experiment == small_plane().cell_experiment(2, 3)
    assert run.parent in {shard.id for shard in log.runs(group=plane_id)} and run.group is None


def test_cells_sent_to_compare_gather(log: RunLog, tab: Tab) -> None:
    tab.act("compare", column=2, row=3)
    first = tab.state.pop("tuning_go")
    tab.act("compare", column=1, row=3)
    page, query = tab.state["tuning_go"]
    assert page == "compare" and query["runs"].split(",")[0] == first[1]["runs"]
    assert [log.run(run).parent for run in query["runs"].split(",")] == [RECORDED, RECORDED]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "given",
    [
        {"do": "choose", "column": 99, "row": 0},
        {"do": "choose", "column": True, "row": 0},
        {"do": "choose", "column": "1", "row": None},
        {"do": "lab"},
        {"do": "measure", "value": "accuracy"},
        {"do": "convention", "value": None},
        {"do": "yours", "alpha": "x", "temperature": 4},
        {"do": "yours", "alpha": 2, "temperature": 4},
        {"do": "nothing"},
    ],
)
def test_what_makes_no_sense_changes_nothing(log: RunLog, tab: Tab, given: dict[str, Any]) -> None:
    do = given.pop("do")
    tab.act(do, **given)
    assert tab.state["tuning"] == tuning.Looking() and "tuning_go" not in tab.state and not log.runs()


def test_an_act_is_done_once(log: RunLog, tab: Tab) -> None:
    tab.act("choose", column=1, row=1)
    tab.counter -= 1
    tab.act("choose", column=2, row=2)
    assert tab.state["tuning"].cell == (1, 1) and tab.address["cell"] == "1,1"
    tuning_acts.act(log, {"do": "choose", "column": 0, "row": 0, "counter": 99})
    tuning_acts.act(log, "not a dict")
    assert tab.state["tuning"].cell == (1, 1)


def test_earlier_planes_are_told_in_a_line_and_looked_at_again(log: RunLog, tab: Tab) -> None:
    plane_id = write_plane(log)
    tuned.look(log, plane_id)
    study, broken = log.study(plane_id), log.study(log.create_study("plane", "{", owner="me"))
    assert study is not None and broken is not None
    says = "temperature and alpha of hinton, digits, 30 pictures, 3 seeds; finished, just now"
    assert tuning_earlier.says(study) == says
    assert "another version" in tuning_earlier.says(broken)
    tuning.turn_to(log, plane_id)
    assert tab.look()["plane"] == plane_id and tab.address == {"plane": plane_id}
    tuning.turn_to(log, RECORDED)
    assert tab.look()["plane"] == RECORDED and tab.address == {}


# What is wanted


def test_controls_show_a_plane_and_describe_it_again() -> None:
    for plane in (
        Plane(),
        small_plane(),
        small_plane(x=Axis("learning_rate", (0.001, 0.003)), y=Axis("weight", (0.1, 1)), knobs={"t_squared": False}),
        Plane(method="label_smoothing", x=Axis("alpha", (0, 0.1, 0.2)), y=Axis("learning_rate", (0.001, 0.01))),
        Plane(experiment=Experiment(seeds=4, transfer=Transfer(per_class=6, labels=20), steps=100, split=2)),
    ):
        again = wanted_plane.plane_from(*wanted_plane.values_of_plane(plane))
        assert isinstance(again, Plane)
        assert again == plane and wanted_plane.changes(again, plane) == []


def test_axes_by_ends_and_number() -> None:
    assert AxisWish("temperature", "logarithmic", 1, 16, 5).axis("hinton").values == (1, 2, 4, 8, 16)
    assert AxisWish("alpha", "evenly", 0, 1, 3).axis("hinton").values == (0, 0.5, 1)
    assert AxisWish("alpha", "typed", typed="0.1; 0.2 0.9").axis("hinton").values == (0.1, 0.2, 0.9)


@pytest.mark.parametrize(
    "wish, reason",
    [
        (AxisWish("alpha", "logarithmic", 0, 1, 5), "begin above 0"),
        (AxisWish("alpha", "typed", typed="0.1, much"), "not all numbers"),
        (AxisWish("alpha", "typed", typed="0.1"), "at least 2"),
        (AxisWish("alpha", "typed", typed="0.5, 0.1"), "ascend"),
        (AxisWish("alpha", "typed", typed="0.5, 7"), "alpha must lie in"),
        (AxisWish("temperature"), "different knobs"),
    ],
)
def test_an_axis_that_cannot_be_is_explained(wish: AxisWish, reason: str) -> None:
    said = wanted_plane.plane_from(wanted_plane.usual_values(), (AxisWish("temperature"), wish), {})
    assert isinstance(said, list) and reason in " ".join(said) and said[0].endswith(".")


def test_train_says_what_cannot_be_trained(log: RunLog, tab: Tab) -> None:
    told = tab.typed(per_class="5000")
    assert "5000 a class were asked for" in told["cannot"]
    assert "This cannot be trained" in tab.act("train")["notes"][0] and not log.studies("plane")


def test_another_method_brings_its_own_axes(log: RunLog, tab: Tab) -> None:
    tab.typed(method="label_smoothing")
    assert [wish.knob for wish in tuning_controls.axes()] == ["alpha", "learning_rate"]
    assert isinstance(tuning_controls.wanted(), Plane)


@pytest.mark.parametrize("method", [name for name in methods.names() if name != "hard"])
def test_every_method_has_a_plane(method: str) -> None:
    maps = {"student": "cnn-4-8", "teacher": "cnn-8-16"} if "maps" in methods.get(method).needs else {}
    values = wanted_plane.usual_values() | {"method": method} | maps
    wanted = wanted_plane.plane_from(values, wanted_plane.axes_of(method), {})
    assert isinstance(wanted, Plane) and wanted.method == method
    assert snapshot(Tuned("any", wanted), View())["headline"].endswith("4 of each")


def test_another_knob_begins_with_its_usual_values(log: RunLog, tab: Tab) -> None:
    tab.state["plane-x-knob"] = "learning_rate"
    tab.look()
    assert tuning_controls.axes()[0].axis("hinton").values == wanted_plane.USUAL["learning_rate"]
    assert set(tuning_controls.fixed()) == {"temperature", "t_squared", "standardise"}
    tab.state["plane-x-spacing"] = "logarithmic"
    tab.look()
    wish = tuning_controls.axes()[0]
    assert (wish.low, wish.high) == (0.0003, 0.03) and tab.state["plane-x-count"] == wanted_plane.PLACES


# What is seen


def test_a_plane_is_seen_at_every_stage(log: RunLog) -> None:
    for steps, state, words in (
        ((), "waiting", "36 students are about to learn"),
        ((0,), "training", "36 students learn at once. Best so far: "),
        ((0, 10, STEPS), "finished", "The best is a region: T 4, alpha 0.5 has 88.0 % on validation, and "),
    ):
        shown = seen(log, write_plane(log, steps=steps))
        told = snapshot(shown, View())
        json.dumps(told, allow_nan=False)
        assert told["state"] == state and told["headline"].startswith(words)
        assert len(told["map"]["data"][0]["z"]) == 4 and len(told["map"]["data"][0]["text"][0]) == 3


def test_a_finished_plane_is_written_as_finished(log: RunLog) -> None:
    plane_id = write_plane(log)
    tuned.look(log, plane_id)
    study = log.study(plane_id)
    assert study is not None and study.state == "finished"


def test_a_teacher_that_is_trained_first_is_no_shard(log: RunLog) -> None:
    plane_id = write_plane(log, steps=())
    shard = log.runs(group=plane_id)[0]
    log.set_state(shard.id, "teacher")
    teacher = log.create(Experiment(steps=960), owner="me", group=plane_id, parent=shard.id, state="running")
    log.append(teacher, make_frame(Experiment(steps=960), 5, full=False))
    told = snapshot(tuned.look(log, plane_id), View())
    assert (told["state"], told["step"], told["steps"]) == ("teacher", 0, STEPS)


def test_one_failed_shard_is_said(log: RunLog) -> None:
    plane_id = write_plane(log, steps=(0,))
    for number, run in enumerate(log.runs(group=plane_id)):
        log.set_state(run.id, "finished" if number else "failed", "" if number else "the worker was killed")
    told = snapshot(tuned.look(log, plane_id), View())
    assert told["state"] == "failed" and "the worker was killed" in told["notes"]


def write_apart(log: RunLog, *steps: tuple[int, ...]) -> str:
    """A plane whose shards have frames at different steps."""
    plane = small_plane()
    plane_id = log.create_study("plane", plane.model_dump_json(), owner="me")
    for kept, shard in zip(steps, plane.shards(len(steps)), strict=True):
        run_id = log.create(shard, owner="me", group=plane_id)
        log.claim(run_id, "worker", {})
        for step in kept:
            log.append(run_id, shard_frame(plane, shard, step))
    return plane_id


def test_shards_are_seen_abreast(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuned, "FRESH", 0.0)
    plane, plane_id = small_plane(), write_apart(log, (10,), (12,))
    assert set(seen(log, plane_id).field.at.flat) == {10, 12}
    slow, fast = sorted(log.runs(group=plane_id), key=lambda run: run.step)
    log.append(fast.id, shard_frame(plane, fast.experiment, 40))
    assert set(seen(log, plane_id).field.at.flat) == {10, 12}, "the fast one waits"
    log.append(slow.id, shard_frame(plane, slow.experiment, STEPS))
    assert set(seen(log, plane_id).field.at.flat) == {40, STEPS}
    log.append(fast.id, shard_frame(plane, fast.experiment, STEPS))
    assert set(seen(log, plane_id).field.at.flat) == {STEPS}


def test_a_plane_that_was_stopped_is_seen_abreast_by_who_comes_later(log: RunLog) -> None:
    plane_id = write_apart(log, (0, 5, 10), (0, 9, 12, 40))
    for run in log.runs(group=plane_id):
        log.set_state(run.id, "stopped")
    assert set(seen(log, plane_id).field.at.flat) == {10, 9}


def test_the_region_waits_until_shards_are_comparable(log: RunLog) -> None:
    shown = seen(log, write_apart(log, (2,), (40,)))
    assert tuned.region(shown) is None and shown.field.step == 2
    assert "once all are far enough" in snapshot(shown, View())["cell"]["verdict"]


def test_a_plane_that_was_stopped_says_so(log: RunLog) -> None:
    early = write_plane(log, steps=())
    late = write_plane(log, steps=(0, 10))
    for plane_id, words in (
        (early, "This plane was stopped before"),
        (late, "The best is a region: stopped at step 10, T"),
    ):
        for run in log.runs(group=plane_id):
            log.set_state(run.id, "stopped")
        told = snapshot(tuned.look(log, plane_id), View())
        assert told["state"] == "stopped" and told["headline"].startswith(words) and not told["live"]


def test_test_accuracy_is_told_of_the_chosen_cell_alone(log: RunLog) -> None:
    told = snapshot(seen(log, write_plane(log)), View(cell=(2, 3)))
    lines = {line[0]: line[1] for line in told["cell"]["numbers"]}
    assert lines["test accuracy"] == f"{100 * (level(2, 3) - 0.02):.1f} %"
    del told["cell"]
    assert "test accuracy" not in json.dumps(told), "of all other cells only what was measured on validation"
    assert "accuracy" not in {measure.name for measure in MEASURES}


def test_what_is_measured_at_the_end_is_said_so_before(log: RunLog) -> None:
    live = snapshot(seen(log, write_plane(log, steps=(0, 10))), View(measure="ece"))
    assert live["measure"] == "validation_accuracy" and "is measured at the end" in live["notes"][0]
    done = snapshot(seen(log, write_plane(log)), View(measure="ece"))
    assert done["measure"] == "ece" and "597 test examples" in done["heard"]


def test_the_chosen_cell_stays_while_it_trains_and_is_the_best_after(log: RunLog) -> None:
    assert cell_of(seen(log, write_plane(log, steps=(0,))), View()) == (1, 3), "the method's own T 4, alpha 0.9"
    assert cell_of(seen(log, write_plane(log)), View()) == (1, 2)
    assert cell_of(seen(log, write_plane(log)), View(cell=(0, 0))) == (0, 0)


def test_cells_at_alpha_zero_are_checked(log: RunLog) -> None:
    shown = seen(log, write_plane(log))
    assert tuning_words.check(shown) == "A check: all 3 cells at alpha 0 agree, largest difference 0.0 points."
    shown.field.values["accuracy"][0, 1, 0] += 0.01
    assert "ought to agree and differ by up to 1 points" in tuning_words.check(shown)


@pytest.mark.parametrize(
    "transfer, labels",
    [
        (Transfer(per_class=3), "30 to learn"),
        (Transfer(per_class=6, labels=20), "20 to learn"),
        (Transfer(), "1000 to"),
    ],
)
def test_labels_for_tuning_and_for_learning_are_counted(log: RunLog, transfer: Transfer, labels: str) -> None:
    shown = Tuned("any", small_plane(experiment=Experiment(seeds=3, steps=STEPS, transfer=transfer)))
    assert f"200 labelled examples were used to tune and {labels}" in tuning_words.made_of(shown)


def test_many_viewers_share_what_is_worked_out(log: RunLog) -> None:
    shown = seen(log, write_plane(log))
    assert known(shown) is known(shown)


# Other people's alpha


def test_the_place_of_other_peoples_numbers_is_marked() -> None:
    plane = Plane()
    column, row = plane_places.place_of(plane, (0.5, 4.0), CONVENTIONS["ours"]) or (-1, -1)
    assert (plane.x.values[round(column)], plane.y.values[round(row)]) == (4, 0.5)
    column, row = plane_places.place_of(plane, (0.5, 4.0), CONVENTIONS["no_t_squared"]) or (-1, -1)
    assert plane.y.values[int(row)] < 1 / 17 < plane.y.values[int(row) + 1]
    assert plane_places.place_of(plane, (0.5, 100.0), CONVENTIONS["ours"]) is None
    assert plane_places.told(plane, (0.5, 100.0), CONVENTIONS["ours"])["says"].endswith("outside of this plane.")


def test_the_factor_between_two_losses_is_told_where_it_matters() -> None:
    with_sgd = Plane(experiment=Experiment(seeds=4, optimizer="sgd"))
    assert "0.531 times ours" in plane_places.told(with_sgd, (0.5, 4.0), CONVENTIONS["no_t_squared"])["says"]
    assert "times" not in plane_places.told(with_sgd, (0.5, 4.0), CONVENTIONS["ours"])["says"]
    assert "times" not in plane_places.told(Plane(), (0.5, 4.0), CONVENTIONS["no_t_squared"])["says"]


def test_conventions_are_offered_where_they_mean_something() -> None:
    assert plane_places.conversion(Plane())
    assert not plane_places.conversion(Plane(method="smoothed"))
    assert not plane_places.conversion(Plane(knobs={"t_squared": False}))
    assert not plane_places.conversion(Plane(y=Axis("learning_rate", (0.001, 0.01))))


def test_the_axis_is_labelled_with_their_numbers() -> None:
    plane = small_plane()
    texts, title = plane_places.axis_names(plane, CONVENTIONS["no_t_squared"], (1, 0))["y"]
    assert title == "their alpha at T 4" and texts == ["0", "0.64", "0.941", "0.993"]
    assert plane_places.axis_names(plane, CONVENTIONS["reversed"], (1, 0))["y"] == (
        ["1", "0.9", "0.5", "0.1"],
        "their alpha",
    )
    assert plane_places.axis_names(plane, CONVENTIONS["ours"], (1, 0)) == {}


# A cell alone in the Lab, and its curve


def test_a_cell_alone_says_whether_it_is_the_planes(log: RunLog) -> None:
    plane_id = write_plane(log)
    plane, parent = small_plane(), log.runs(group=plane_id)[0].id
    run_id = log.create(plane.cell_experiment(1, 2), owner="me", parent=parent)
    log.claim(run_id, "worker", {})
    log.append(run_id, shard_frame(plane, plane.cell_experiment(1, 2), STEPS))
    log.set_state(run_id, "finished")
    watched = watch(log, run_id)
    found = cell_alone._cell(log, watched)
    assert watched is not None and found is not None and found[1:] == (1, 2)
    assert cell_alone.says(*found, watched).endswith("every student's accuracies equal those on the plane.")
    found[0].field.values["accuracy"][2, 1, 0] += 0.25
    assert "differ from those on the plane by up to 25 points" in cell_alone.says(*found, watched)


def test_other_runs_are_no_cells(log: RunLog) -> None:
    assert cell_alone._cell(log, None) is None
    assert cell_alone._cell(log, watch(log, write_run(log))) is None
    child = log.create(Experiment(), owner="me", parent=write_run(log))
    assert cell_alone._cell(log, watch(log, child)) is None


def test_the_curve_of_a_cell_comes_by_a_route(log: RunLog) -> None:
    plane_id = write_plane(log)
    status, _, body = get(f"/lab/plane/{plane_id}/curves.json?v=1&column=1&row=2")
    line = next(trace for trace in json.loads(body)["figure"]["data"] if trace["name"] == "this cell")
    assert status == 200 and line["x"] == [1, 11, STEPS + 1]
    assert line["y"][-1] == pytest.approx(100 * level(1, 2), abs=0.06)
    waiting = write_plane(log, steps=())
    assert json.loads(get(f"/lab/plane/{waiting}/curves.json?column=0&row=0")[2])["figure"]["data"] == []


@pytest.mark.parametrize(
    "path",
    ["nowhere/curves.json?column=0&row=0", "recorded/curves.json?column=11&row=0", "recorded/curves.json?column=x"],
)
def test_a_cell_that_is_not_there_has_no_curve(log: RunLog, path: str) -> None:
    status, _, body = get(f"/lab/plane/{path}")
    assert status == 404 and json.loads(body)["error"] == "There is no such cell of a plane."


def test_every_measure_of_the_recorded_plane_can_be_drawn(log: RunLog) -> None:
    shown = seen(log, RECORDED)
    for measure in MEASURES:
        told = snapshot(shown, View(measure=measure.name))
        json.dumps(told, allow_nan=False)
        assert told["measure"] == measure.name and np.isfinite(told["map"]["data"][0]["zmax"])
    assert planes.equal_at_zero(shown.field, shown.plane) == 0
