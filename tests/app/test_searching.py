"""The search on screen: what its charts and sentences say of known trials, its controls, and what hands may do."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.charts import search as charts
from app.search import search_words as words
from app.search import searching
from app.search.search_snapshot import Looked, View, _importance, look, snapshot
from kdcore import Experiment
from kdcore.runs import RunLog, searches
from kdcore.searching import By, Search, Trial
from tests.app.made import make_frame
from tests.app.page import opened

SEARCH = Search(students=64)


def ended(number: int, by: By, value: float | None, *, spread: float = 0.0, **more: Any) -> Trial:
    """A trial with its value spread over four seeds."""
    values = () if value is None else tuple(value + spread * shift for shift in (-1, 1, -0.5, 0.5))
    name = f"{'search' if by == 'search' else 'random'} {number}"
    parameters = {"temperature": 1.0 + number, "alpha": 0.1 * number, "learning_rate": 0.001 * (number + 1)}
    return Trial(number, by, parameters, "pruned" if value is None else "done", "run", name, 4.0, value, values, **more)


def both(ours: list[float | None], luck: list[float | None], **more: Any) -> list[Trial]:
    return [ended(n, "search", v, **more) for n, v in enumerate(ours)] + [
        ended(n, "baseline", v) for n, v in enumerate(luck)
    ]


def test_headline_says_aloud_when_the_search_was_not_worth_it() -> None:
    told = words.headline(SEARCH, both([0.8, 0.85], [0.9, 0.7]))
    assert told == (
        "The search has not beaten random search: 85.0 % against 90.0 % on validation, after 8 students each"
    )
    assert "has not beaten" in words.headline(SEARCH, both([0.9], [0.9]))


def test_headline_compares_after_the_same_budget() -> None:
    trials = both([0.8, 0.81, 0.95], [0.7, 0.9])
    assert "81.0 % against 90.0 % on validation, after 8 students each" in words.headline(SEARCH, trials)


def test_headline_of_a_lead_says_whether_chance_may_have_made_it() -> None:
    clear, doubtful = both([0.9], [0.8]), both([0.81], [0.8], spread=0.1)
    assert words.headline(SEARCH, clear) == (
        "The search is 10.0 points ahead of random search: 90.0 % on validation, after 4 students each"
    )
    assert "random search, which may be chance" in words.headline(SEARCH, doubtful)
    assert "so they cannot be told apart" in words.doubt(doubtful) and "One search is one draw" in words.doubt(clear)
    assert "train it with new seeds" in words.doubt(clear)


def test_without_a_baseline_or_without_trials() -> None:
    assert words.headline(SEARCH, both([0.8], [])) == "The best of 1 trials has 80.0 % on validation"
    assert words.headline(SEARCH, []) == "No trial has been trained to its end yet"
    assert words.doubt([]) == "" and words.counted([]) == "No trial yet."


def test_the_screen_says_how_many_labels_were_used_for_what() -> None:
    assert words.made_of(SEARCH).startswith("200 labelled examples were used to choose and 30 to learn.")


def test_best_so_far_has_the_budget_of_each_on_x_and_steps_up_only() -> None:
    figure = charts.best_figure(both([0.8, None, 0.7, 0.9], [0.6]), budget=32, revision="a", chosen=3)
    lines = [trace for trace in figure["data"] if trace["mode"] == "lines"]
    assert [(line["x"], line["y"]) for line in lines] == [([4, 8, 12, 16], [80, 80, 80, 90]), ([4], [60])]
    assert {line["line"]["dash"] for line in lines} == {"solid", "dash"}, "colour never speaks alone"
    ours = next(trace for trace in figure["data"] if trace["name"] == "search")
    assert ours["customdata"] == [0, 2, 3] and ours["x"] == [4, 12, 16]
    ring = figure["data"][-1]
    assert (ring["x"], ring["y"]) == ([16], [90])
    assert figure["layout"]["xaxis"]["range"] == [0, pytest.approx(32.96)]


def test_slices_are_logarithmic_where_the_knob_is_and_points_carry_their_place() -> None:
    trials = both([0.8, 0.9], [0.6])
    logged, plain = (charts.slice_figure(trials, d, revision="a", chosen=1) for d in SEARCH.space[:2])
    assert logged["layout"]["xaxis"]["type"] == "log" and "type" not in plain["layout"]["xaxis"]
    assert logged["layout"]["xaxis"]["range"][0] < math.log10(0.25)
    assert [trace["x"] for trace in logged["data"]] == [[1, 2], [1], [2]]
    assert [trace.get("customdata") for trace in logged["data"]] == [[0, 1], [2], None]


def test_nothing_is_drawn_of_nothing_and_what_lies_below_is_said() -> None:
    for figure in (charts.best_figure([], budget=None, revision="a"), charts.importance_figure(None, revision="a")):
        assert figure["data"] == []
    trials = both([0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96, 0.97, 0.98, 0.1], [0.91])
    assert words.left_out(trials) == "1 of the trials lies below the picture."
    assert words.left_out(both([0.8], [0.9])) == ""


def test_importance_as_bars_with_the_most_important_on_top() -> None:
    (bars,) = charts.importance_figure({"alpha": 0.25, "temperature": 0.75}, revision="a")["data"]
    assert bars["y"] == ["alpha", "temperature T"] and bars["x"] == [25, 75]


def test_the_table_has_every_trial_the_best_first() -> None:
    rows = words.table(SEARCH, both([0.8, None], [0.9]))
    assert rows[0][:3] == ["trial", "validation, %", "temperature T"]
    assert [(row[0], row[1]) for row in rows[1:]] == [("random 0", "90.00"), ("search 0", "80.00"), ("search 1", "")]


def written(log: RunLog, *, owner: str = "me", state: str = "finished", batch: int = 4) -> str:
    """A search of one batch in the log, its run ended with made-up frames; its id."""
    search = Search(students=2 * batch, batch=batch, experiment=Experiment(seeds=2), seed=3)
    study = searches.begin(log, search, owner=owner)
    arms = [search.arm(n // 2, search.sides[n % 2], {"temperature": 1.0 + n, "alpha": 0.5, "learning_rate": 0.01})
            for n in range(batch)]  # fmt: skip
    run_id = log.create(search.experiment_of(arms), owner=owner, pace="full", group=study)
    log.claim(run_id, "worker", {})
    frame = make_frame(search.experiment_of(arms), 600)
    frame.scalars["validation_accuracy"][:] = np.linspace(0.6, 0.9, batch)[:, None]
    log.append(run_id, frame)
    log.set_state(run_id, "finished")
    log.update_study(study, state=state)
    return study


def test_snapshot_of_a_search_in_the_log(log: RunLog) -> None:
    study = written(log)
    told = snapshot(look(log, study), View(browser="me"))
    assert told["mine"] and not told["live"] and told["state"] == "finished"
    assert told["headline"].startswith("The search has not beaten random search: 80.0 % against 90.0 %")
    assert told["trial"]["name"] == "random 1" and len(told["slices"]) == 3
    assert told["budget"] == {"spent": "8", "of": "8 students", "unit": "students", "more": 8}
    assert told["says_importance"] == "Said from 8 finished trials on."
    other = snapshot(look(log, study), View(browser="you", chosen="search 0"))
    assert not other["mine"] and other["trial"]["name"] == "search 0"
    assert snapshot(look(log, "nothing"), View())["study"] is None


def test_importance_is_worked_out_once_for_all_viewers(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    _importance.clear()
    calls = []

    def importance(search: Search, trials: list[Trial]) -> dict[str, float]:
        calls.append(len(trials))
        return {"alpha": 1.0}

    monkeypatch.setattr(searches, "importance", importance)
    study = written(log, batch=8)
    for browser in ("me", "you"):
        assert "alpha accounts for 100 %" in snapshot(look(log, study), View(browser=browser))["says_importance"]
    assert calls == [8]


def test_an_unreadable_search_is_none(log: RunLog) -> None:
    assert look(log, log.create_study("search", "{}", owner="me")) is None
    assert look(log, log.create_study("plane", "{}", owner="me")) is None


def test_a_trial_goes_to_the_lab_with_its_control_and_with_seeds_never_seen(log: RunLog) -> None:
    looked = look(log, written(log))
    assert isinstance(looked, Looked)
    same, fresh = (searching.lab_experiment(looked, looked.trials[0], fresh=fresh) for fresh in (False, True))
    assert [arm.name for arm in same.arms] == ["search 0", "hard"] and same.seed_list == (0, 1)
    assert fresh.seed_list == (2, 3) and fresh.arms == same.arms and fresh.transfer == looked.search.experiment.transfer


def page_of(log: RunLog, **address: str) -> AppTest:
    """The tab Search of the page Tune."""
    page = opened()
    page.switch_page("screens/tune.py")
    for name, value in {"tab": "Search", **address}.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def test_the_tab_opens_with_and_without_a_search(log: RunLog) -> None:
    page = page_of(log)
    assert page.session_state["search_shown"] is None
    study = written(log)
    page.run()
    assert not page.exception and page.session_state["search_shown"] == study
    lost = page_of(log, search="nothing")
    assert lost.session_state["search_notes"] == [
        "There is no search 'nothing' in this log (any more), or another version wrote it."
    ]
    assert lost.session_state["search_shown"] == study


def test_an_earlier_search_is_looked_at_again(log: RunLog) -> None:
    first, broken, last = written(log), log.create_study("search", "{}", owner="me"), written(log)
    page = page_of(log)
    assert page.session_state["search_shown"] == last
    earlier = page.radio(key="search-earlier")
    assert "written by another version" in earlier.options[1] and "temperature T, alpha" in earlier.options[0]
    earlier.set_value(first).run()
    assert not page.exception and page.session_state["search_shown"] == first
    assert page.query_params["search"] in (first, [first])
    page.radio(key="search-earlier").set_value(broken).run()
    assert not page.exception and page.session_state["search_shown"] == last
    assert "another version wrote it" in page.session_state["search_notes"][0]


def test_the_controls_describe_the_search(log: RunLog) -> None:
    page = page_of(log)
    page.number_input(key="search-students").set_value(200)
    page.selectbox(key="search-sampler").set_value("qmc")
    page.multiselect(key="search-knobs-hinton").set_value(["temperature", "alpha"])
    page.run()
    page.number_input(key="search-high-hinton-temperature").set_value(16)
    page.run()
    assert not page.exception
    held = page.session_state["search-held"]
    assert (held["students"], held["sampler"], held["high-hinton-temperature"]) == (200, "qmc", 16)
    page.number_input(key="search-students").set_value(4)
    page.run()
    assert not page.exception


class Hands:
    """A browser tab's hands on the search, without the page around them."""

    def __init__(self, log: RunLog, shown: str | None, browser: str = "me") -> None:
        self.log, self.browser = log, browser
        self.state: dict[str, Any] = {"search_shown": shown}
        self.address: dict[str, str] = {}

    def act(self, do: str, **more: Any) -> None:
        vars(searching)["st"] = SimpleNamespace(session_state=self.state, query_params=self.address)
        given = {"do": do, "browser": self.browser, "counter": self.state.get("counter", 0) + 1}
        searching._act(self.log, given | more)


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hands put themselves where Streamlit stands; it comes back after the test."""
    monkeypatch.setitem(vars(searching), "st", vars(searching)["st"])


@pytest.mark.usefixtures("bare")
def test_only_its_browser_stops_and_continues_a_search(log: RunLog) -> None:
    study = written(log, state="running")
    stranger = Hands(log, study, browser="you")
    for do in ("stop", "continue"):
        stranger.act(do, more=100)
        assert "only the browser that started this search" in stranger.state["search_notes"][0]
    assert state_of(log, study) == ("running", 8)
    mine = Hands(log, study)
    mine.act("stop")
    assert state_of(log, study) == ("stopped", 8)
    mine.act("continue", more=50)
    assert state_of(log, study) == ("running", 58), "all of it was spent, so there is more"
    mine.act("stop")
    mine.act("continue", more=50)
    assert state_of(log, study) == ("running", 58), "what was left is spent first"


def state_of(log: RunLog, study_id: str) -> tuple[str, int | None]:
    study = log.study(study_id)
    assert study is not None
    return study.state, searches.search_of(study).students


@pytest.mark.usefixtures("bare")
def test_nonsense_from_a_browser_changes_nothing(log: RunLog) -> None:
    study = written(log)
    hands = Hands(log, study)
    for more in (
        {"more": "lots"},
        {"more": None},
        {"more": float("nan")},
        {"more": -5},
        {"trial": [1]},
        {"trial": 10**9},
    ):
        hands.act("continue", **more)
        hands.act("choose", **more)
    searching._act(log, None)
    searching._act(log, {"do": "stop", "browser": "", "counter": 99})
    assert searches.search_of(log.studies("search")[0]).students == 8
    hands.act("continue", more=math.inf)
    assert hands.state["search_notes"] == ["students: Input should be less than or equal to 1000000; got '1000008'."]
    hands.act("choose", trial="random 1")
    assert hands.state["search_chosen"] == "random 1"
    hands.act("choose", trial=0)
    assert hands.state["search_chosen"] == "search 0"


@pytest.mark.usefixtures("bare")
def test_a_start_shows_the_new_search_and_stops_the_one_before(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    study = written(log, state="running")
    hands = Hands(log, study)
    monkeypatch.setattr("app.search.search_controls.wanted", lambda: ["There is no such knob."])
    hands.act("start")
    assert hands.state["search_notes"] == ["This cannot be searched. There is no such knob."]
    monkeypatch.setattr("app.search.search_controls.wanted", lambda: SEARCH)
    hands.act("start")
    new = hands.state["search_shown"]
    assert new != study and hands.address == {"search": new}
    assert state_of(log, study)[0] == "stopped" and state_of(log, new) == ("running", 64)


@pytest.mark.usefixtures("bare")
def test_the_chosen_trial_is_trained_for_the_lab(log: RunLog) -> None:
    hands = Hands(log, written(log))
    hands.act("fresh", trial="search 1")
    run = log.run(hands.state["search_go"])
    assert run is not None and run.group is None and run.experiment.seed_list == (2, 3)
    assert [arm.name for arm in run.experiment.arms] == ["search 1", "hard"]
