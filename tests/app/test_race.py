"""The race on the page Methods without a browser: which race is shown, what hands do, what it says."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import present
from app.race import published, race_controls, race_snapshot, race_state, race_words, raced
from app.race.race_snapshot import View, snapshot
from app.race.raced import RECORDED, Raced
from app.race.wanted_race import Wish, choosable, families, wish_for, wish_of
from kdcore import gallery, methods
from kdcore.costs import Cost
from kdcore.experiment import Experiment
from kdcore.racing import ALWAYS, USUAL, Race
from kdcore.runs import RunLog
from tests.app.made import make_frame, write_run
from tests.app.page import opened_at
from tests.app.tab import BrowserTab

PAGE = "screens/methods.py"
STEPS = 60
NAMES = {"hinton": 0.9, "dkd": 0.901, "ttm": 0.8, "smoothed": 0.78, "hard": 0.8}


def opened(**address: str) -> AppTest:
    return opened_at(PAGE, 60, **({"tab": "Race"} | address))


class Tab(BrowserTab):
    modules = (race_state, race_controls, present)

    def look(self) -> dict[str, Any]:
        race_state.arrive(self.log)
        return race_state.picture(self.log)

    def act(self, do: str, browser: str = "me", **more: Any) -> dict[str, Any]:
        race_state.act(self.log, self.message(do, browser, **more))
        return self.look()


@pytest.fixture
def tab(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> Tab:
    return Tab(log, monkeypatch)


def small(**fields: Any) -> Experiment:
    """Seven lines, three seeds, not tuned."""
    base = Experiment(seeds=3, steps=STEPS)
    given: dict[str, Any] = {"entered": ("dkd", "ttm"), "base": base, "tuned": False}
    return Race(**given | fields).experiment()


def write_race(log: RunLog, experiment: Experiment | None = None, *, owner: str = "me", state: str = "finished") -> str:
    """A race in the log whose lines have the accuracies of NAMES, the others 70 %."""
    experiment = experiment or small()
    run_id = write_run(log, experiment, owner=owner, state="running", steps=(0,))
    frame = make_frame(experiment, STEPS)
    random = np.random.default_rng(0)
    level = np.array([NAMES.get(arm.method, 0.7) for arm in experiment.arms])[:, None]
    values = level + random.normal(0, 0.004, (len(experiment.arms), len(experiment.seed_list)))
    known = {name: values.astype(np.float32) for name in ("accuracy", "validation_accuracy")}
    log.append(run_id, dataclasses.replace(frame, scalars=frame.scalars | known, steps=STEPS))
    if state != "running":
        log.set_state(run_id, state)
    return run_id


def test_page_shows_a_recorded_race_before_the_first_click(log: RunLog) -> None:
    page = opened()
    assert "race" not in page.query_params
    assert any("What papers report" in shown.value for shown in page.markdown)
    told = snapshot(raced.recorded(raced.SHIPPED), Wish(), View())
    assert told["recorded"] and told["says_state"] == "recorded" and told["detail"].startswith("Recorded")
    assert len(told["rows"]) == 12 and told["changed"] == [] and not told["cannot"]
    assert {row["name"] for row in told["rows"]} == {*ALWAYS, *USUAL}
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert len(json.dumps(told)) < 40_000


def test_leaderboard_shows_ties_as_ties_and_says_what_was_not_shown(tab: Tab) -> None:
    run_id = write_race(tab.log)
    tab.address["race"] = run_id
    told = tab.look()
    rows = {row["name"]: row for row in told["rows"]}
    assert told["headline"].endswith(" cannot be told apart: no single winner.")
    assert "Decoupled distillation" in told["headline"] and "Plain KD (Hinton)" in told["headline"]
    assert rows["dkd"]["ranks"] == rows["hinton"]["ranks"] == "1–2"
    assert rows["dkd"]["tied"] and rows["hinton"]["tied"] and not rows["ttm"]["tied"]
    assert rows["hinton"]["to_plain"] is None and not rows["dkd"]["to_plain"]["sure"]
    assert rows["hard"]["trials"] == 1 and rows["hard"]["to_hard"] is None
    assert rows["dkd"]["beats"] and not rows["shuffled"]["beats"]
    assert told["shown"] == "Every method that entered beats softness alone."
    assert told["steps"] == STEPS and told["state"] == "finished"


def test_method_that_does_not_beat_softness_has_shown_nothing(log: RunLog) -> None:
    experiment = small(entered=("dkd", "jsd"))
    shown = raced.look(log, write_race(log, experiment))
    assert shown is not None and shown.standings is not None
    said = race_words.nothing_shown(shown.standings)
    assert said.startswith("† Not surely better than softness alone") and "Jensen" in said and "Decoupled" not in said


def test_choices_are_in_the_address_and_come_back_from_it(tab: Tab) -> None:
    tab.look()
    assert tab.address == {}
    told = tab.act("enter", value=["dkd", "ttm", "hard", "nobody"])
    assert set(told["entered"]) == {"dkd", "ttm"} and set(tab.address["enter"].split(",")) == {"dkd", "ttm"}
    tab.act("trials", value=3)
    told = tab.act("tuned", value=False)
    assert tab.address["trials"] == "3" and tab.address["tuned"] == "false"
    assert told["size"].startswith("7 lines, 7 kinds of student, 56 students")
    wish, sentences = wish_of(dict(tab.address))
    assert wish == race_controls.wish() and not sentences
    assert wish_of({"enter": "none"})[0].entered == ()
    tab.act("enter", value=[])
    assert tab.address["enter"] == "none"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"enter": "dkd,nobody"}, "'nobody'"),
        ({"trials": "many"}, "'many' is not a number"),
        ({"trials": "99"}, "does not lie in [2, 9]"),
        ({"dataset": "stars"}, "'stars' is not among"),
    ],
)
def test_nonsense_in_an_address_is_said(tab: Tab, given: dict[str, str], says: str) -> None:
    tab.address.update(given)
    assert any(says in note for note in tab.look()["notes"])


def test_race_starts_as_one_run_like_any_other_and_only_its_browser_stops_it(tab: Tab) -> None:
    tab.look()
    tab.act("enter", value=["dkd"])
    told = tab.act("race")
    (run,) = tab.log.queued()
    assert tab.address["race"] == run.id == told["race"] and run.owner == "me" and told["live"] and told["mine"]
    assert run.experiment == Race(entered=("dkd",)).experiment()
    assert told["state"] == "queued" and told["rows"] == [] and "waits for a worker" in told["headline"]
    assert "only the browser" in tab.act("stop", browser="another")["notes"][0]
    tab.act("stop")
    assert wish_for(run.experiment).entered == ("dkd",) and tab.look()["changed"] == []


def test_controls_follow_a_race_and_the_next_one_is_told_apart_from_it(tab: Tab) -> None:
    run_id = write_race(tab.log, small())
    tab.address["race"] = run_id
    told = tab.look()
    assert told["changed"] == [] and not told["tuned"] and set(told["entered"]) == {"dkd", "ttm"}
    tab.state["racing-seeds"] = 5
    tab.look()
    told = tab.act("enter", value=["dkd"])
    assert told["changed"] == ["seeds: 3, now 5", "Transformed teacher matching left out"]
    assert tab.address == {"race": run_id, "enter": "dkd", "seeds": "5"}
    again = Tab(tab.log, pytest.MonkeyPatch(), **tab.address)
    assert again.look()["changed"] == told["changed"]


def test_what_cannot_run_is_greyed_out_with_its_reason(tab: Tab) -> None:
    told = tab.look()
    by_name = {method["name"]: method for family in told["families"] for method in family["methods"]}
    base = Experiment()
    mapped = [name for name in methods.names() if "maps" in methods.get(name).needs and name in by_name]
    assert mapped and not by_name["dkd"]["why"]
    for name in mapped:
        assert "maps" in by_name[name]["why"] and any(by_name[name]["why"] in why for why in told["whys"])
    tab.state |= {"racing-teacher": "cnn-8-16", "racing-student": "cnn-4-8"}
    by_name = {method["name"]: method for family in tab.look()["families"] for method in family["methods"]}
    assert not any(by_name[name]["why"] for name in mapped)
    assert all(by_name[name]["fixed"] for name in ALWAYS) and base == Experiment()


def test_method_that_cannot_run_stays_out_of_the_race_though_it_was_chosen(tab: Tab) -> None:
    tab.look()
    name = next(name for name in choosable() if name in methods.names() and "maps" in methods.get(name).needs)
    told = tab.act("enter", value=["dkd", name])
    assert name in told["entered"] and told["size"].startswith("6 lines") and not told["cannot"]


def test_every_method_and_programme_may_enter_once() -> None:
    listed = [name for _, _, names in families() for name in names]
    assert len(listed) == len(set(listed)) and set(ALWAYS) <= set(listed)
    assert set(listed) <= {*methods.names(), *gallery.programmes()}
    for name in methods.names():
        if methods.get(name).function.__module__.startswith("kdcore.methods"):
            assert name in listed


def test_programmes_enter_with_lines_of_their_own(log: RunLog) -> None:
    wish, sentences = wish_of({"enter": "dkd,self"})
    race = wish.race
    assert isinstance(race, Race) and race.programmes == ("self",) and not sentences
    experiment = race.experiment()
    assert [arm.name for arm in experiment.arms if arm.teacher is not None] == ["self"]
    assert set(wish_for(experiment).entered) == {"dkd", "self"}
    shown = raced.look(log, write_race(log, experiment))
    assert shown is not None and shown.standings is not None
    lanes = {row.lane.name: row for row in shown.standings.rows}
    assert lanes["self"].to_plain is not None and len(lanes["hinton"].lane.arms) == 5


@pytest.mark.parametrize("where", ["lab", "compare"])
def test_line_of_a_large_race_is_seen_beside_plain_and_labels(tab: Tab, where: str) -> None:
    tab.address["race"] = write_race(tab.log, small(tuned=True))
    tab.look()
    tab.act(where, lane="dkd")
    (run,) = tab.log.queued()
    assert [arm.method for arm in run.experiment.arms] == ["dkd", "hinton", "hard"]
    assert run.parent == tab.address["race"] and run.experiment.seed_list == (0, 1, 2)
    page, query = tab.state.pop("race_go")
    assert (page, query) == (where, {"run" if where == "lab" else "runs": run.id})
    tab.act(where, lane="dkd")
    assert len(tab.log.queued()) == 1, "the same students are not trained twice"
    before = dict(tab.state)
    tab.act(where, lane="nobody")
    assert "race_go" in before and len(tab.log.queued()) == 1


def test_small_race_is_compared_as_it_is(tab: Tab) -> None:
    run_id = tab.address["race"] = write_race(tab.log)
    tab.look()
    tab.act("compare", lane="ttm")
    assert tab.log.queued() == []
    assert tab.state["race_go"] == (
        "compare",
        {"runs": run_id, "left": f"{run_id}:ttm", "baseline": f"{run_id}:hinton"},
    )


def test_what_cannot_be_raced_is_said_and_starts_nothing(tab: Tab) -> None:
    tab.look()
    tab.state |= {"racing-student": "mlp-1024-1024", "racing-seeds": 64}
    told = tab.look()
    assert told["cannot"] and told["size"] == ""
    assert tab.act("race")["notes"][0].startswith("This cannot be raced.")
    assert tab.log.queued() == []


def test_race_that_is_gone_gives_way_to_the_recorded_one(tab: Tab) -> None:
    tab.address["race"] = "nothere"
    told = tab.look()
    assert told["race"] == RECORDED and "no race 'nothere'" in told["notes"][0] and "race" not in tab.address


@pytest.mark.parametrize("given", [None, {}, {"do": "race"}, {"do": "enter", "value": "dkd", "browser": "me"}, 7])
def test_what_makes_no_sense_is_ignored(tab: Tab, given: Any) -> None:
    tab.look()
    race_state.act(tab.log, given)
    assert tab.log.queued() == []


def test_time_per_step_is_that_of_this_machine_or_blank(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = raced.look(log, write_race(log))
    assert shown is not None
    told = snapshot(shown, Wish(), View())
    assert not told["times"] and all(row["time"] == "" for row in told["rows"])
    kept = {"dkd": Cost(milliseconds=3.0, times=1.1, low=1.05, high=1.2, measured=0.0)}
    monkeypatch.setattr(race_snapshot, "_costs", lambda mark: kept)
    monkeypatch.setattr(race_snapshot, "_costs_mark", lambda: 1)
    rows = {row["name"]: row for row in snapshot(shown, Wish(), View())["rows"]}
    assert rows["dkd"]["time"] == "1.10×" and rows["ttm"]["time"] == ""


def test_live_race_says_on_how_many_examples_it_is_measured(log: RunLog) -> None:
    experiment = small(tuned=True, base=Experiment(seeds=8, steps=STEPS))
    shown = raced.look(log, write_race(log, experiment, state="running"))
    assert shown is not None and shown.live
    told = snapshot(shown, Wish(), View())
    assert "the first 200 test examples, at the end on all 597" in told["detail"] and told["shown"] == ""
    assert told["headline"].startswith(f"Step {STEPS}: ")


def test_race_of_one_seed_and_one_that_failed_name_no_winner(log: RunLog) -> None:
    alone = raced.look(log, write_race(log, small(base=Experiment(seeds=1, steps=STEPS))))
    assert alone is not None and race_words.headline(alone, alone.standings).startswith("1 seed a line")
    run_id = log.create(small(), owner="me")
    log.set_state(run_id, "failed", reason="the worker was killed")
    failed = raced.look(log, run_id)
    assert failed is not None
    told = snapshot(failed, Wish(), View())
    assert told["headline"] == "The race could not be run." and "the worker was killed" in told["notes"]


def test_quoted_tables_are_marked_and_teach_their_lesson(log: RunLog) -> None:
    page = opened()
    labels = [expander.label for expander in page.expander]
    assert all(label.startswith("Quoted: ") for label in labels) and len(labels) == len(gallery.published())
    assert any("not measured here" in shown.value for shown in page.markdown)
    same = gallery.published()["crd_same"]
    below, others = published.below_plain(same)
    assert below > others / 2
    text = published.written(same)
    assert "| **KD** | 74.92 |" in text and "| FitNet | 73.58 ▾ |" in text and "| CRD | 75.48 |" in text


def test_lesson_of_the_tables_is_said_of_the_recorded_race_only_where_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    said = published.here()
    shown = raced.recorded(raced.SHIPPED)
    assert shown is not None and shown.standings is not None
    beside = [row for row in shown.standings.rows if row.lane.method in ("fitnets", "sp") and row.to_plain]
    assert beside and bool(said) == all(row.to_plain.high < 0 for row in beside if row.to_plain)
    monkeypatch.setattr(published, "recorded", lambda path: None)
    assert published.here() == ""


def test_recording_stands_for_a_race_without_a_log() -> None:
    shown = raced.recorded(raced.SHIPPED)
    assert isinstance(shown, Raced) and shown.over and not shown.live and shown.owner == ""
