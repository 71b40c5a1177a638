"""What hands on the board may do: begin runs, command their own, and nothing else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from app import session
from app.controls import defaults
from app.watch import watch
from kdcore.experiment import Experiment
from kdcore.runs import RunLog
from tests.app.made import write_run
from tests.app.tab import Address


def put(streamlit: SimpleNamespace) -> None:
    """Let the session see this tab."""
    vars(session)["st"] = streamlit


class Tab:
    """A browser tab: its state, its address, and hands."""

    def __init__(self, log: RunLog, browser: str = "me", **address: str) -> None:
        self.log, self.browser, self.counter = log, browser, 0
        self.state: dict[str, Any] = {}
        self.address = Address(address)
        self.streamlit = SimpleNamespace(session_state=self.state, query_params=self.address)

    def look(self) -> None:
        put(self.streamlit)
        session.arrive(self.log)

    def act(self, do: str, **more: Any) -> None:
        put(self.streamlit)
        self.counter += 1
        session.act(self.log, {"do": do, "browser": self.browser, "counter": self.counter} | more)

    @property
    def notes(self) -> str:
        return " ".join(self.state["notes"])


@pytest.fixture(autouse=True)
def real_streamlit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tabs put themselves where Streamlit stands; it comes back after the test."""
    monkeypatch.setitem(vars(session), "st", vars(session)["st"])


@pytest.fixture
def tab(log: RunLog) -> Tab:
    tab = Tab(log)
    tab.look()
    return tab


def kinds(log: RunLog, run_id: str) -> list[str]:
    return [command.kind for command in log.commands(run_id)]


def test_train_begins_a_run_and_the_address_leads_to_it(tab: Tab, log: RunLog) -> None:
    tab.act("train")
    run = log.run(tab.address["run"])
    assert run is not None and run.owner == "me" and run.state == "queued" and run.experiment == Experiment()


def test_controls_of_the_address_describe_the_run(log: RunLog) -> None:
    tab = Tab(log, temperature="8", dataset="spirals", steps="nan", colour="red")
    tab.look()
    assert "steps" in tab.notes and "colour" in tab.notes
    assert tab.address == {"temperature": "8", "dataset": "spirals"}
    tab.act("train")
    run = log.run(tab.address["run"])
    assert run is not None and run.experiment.dataset == "spirals"
    assert run.experiment.arms[0].knobs["temperature"] == 8


def test_an_impossible_experiment_is_refused_and_nothing_is_lost(tab: Tab, log: RunLog) -> None:
    tab.act("train")
    before = tab.address["run"]
    tab.state["omit"] = list(range(10))
    tab.act("train")
    assert "all classes are omitted" in tab.notes and tab.address["run"] == before and len(log.runs()) == 1
    assert tab.state["omit"] == list(range(10))


def test_the_run_in_the_address_sets_the_controls_and_other_values_are_ignored(log: RunLog) -> None:
    run_id = write_run(log, Experiment(steps=77))
    tab = Tab(log, run=run_id, steps="5", temperature="8")
    tab.look()
    assert tab.state["steps"] == 77 and tab.state["temperature"] == 4.0
    assert tab.address == {"run": run_id}


def test_an_unknown_run_is_said_and_the_page_works(log: RunLog) -> None:
    tab = Tab(log, run="nothing")
    tab.look()
    assert "There is no run 'nothing'" in tab.notes and tab.address == {}
    tab.act("train")
    assert len(log.runs()) == 1


def test_the_owner_commands_its_run(tab: Tab, log: RunLog) -> None:
    tab.act("train")
    run_id = tab.address["run"]
    tab.act("pause")
    tab.act("set", knob="temperature", value=8)
    tab.act("pace", value="quick")
    tab.act("stop_at", value=300)
    tab.act("show", value=3)
    tab.act("resume")
    assert kinds(log, run_id) == ["pause", "set", "pace", "stop_at", "show", "resume"]
    given = {command.kind: command.value for command in log.commands(run_id)}
    assert given["set"] == 8.0 and given["pace"] == "quick" and given["stop_at"] == 300 and given["show"] == 3


@pytest.mark.parametrize("do", ["pause", "resume", "step", "stop"])
def test_a_stranger_commands_nothing(log: RunLog, do: str) -> None:
    run_id = write_run(log, state="running")
    stranger = Tab(log, "stranger", run=run_id)
    stranger.look()
    stranger.act(do)
    stranger.act("set", knob="temperature", value=8)
    stranger.act("pace", value="full")
    stranger.act("train")
    assert kinds(log, run_id) == []
    assert log.runs()[0].owner == "stranger"


def test_a_stranger_takes_a_copy(log: RunLog) -> None:
    run_id = write_run(log, Experiment(steps=77), state="running")
    stranger = Tab(log, "stranger", run=run_id)
    stranger.look()
    stranger.act("copy")
    copy = log.run(stranger.address["run"])
    assert copy is not None and copy.owner == "stranger" and copy.parent == run_id
    assert copy.experiment == Experiment(steps=77) and kinds(log, run_id) == []


def test_an_act_that_comes_twice_is_done_once(tab: Tab, log: RunLog) -> None:
    tab.act("train")
    tab.counter -= 1
    tab.act("train")
    assert len(log.runs()) == 1


def test_reset_keeps_the_seeds_and_stops_what_went_on(tab: Tab, log: RunLog) -> None:
    tab.act("train")
    first = tab.address["run"]
    log.claim(first, "worker", {})
    tab.act("reset")
    second = log.run(tab.address["run"])
    assert second is not None and second.id != first and second.experiment.seed_list == tuple(range(8))
    assert kinds(log, first) == ["stop"]


def test_new_seeds_are_new(tab: Tab, log: RunLog) -> None:
    tab.act("new_seeds")
    tab.act("new_seeds")
    assert [run.experiment.seed_list for run in log.runs()] == [tuple(range(16, 24)), tuple(range(8, 16))]


def test_a_knob_waits_for_the_next_run_where_none_goes_on(log: RunLog) -> None:
    run_id = write_run(log)
    tab = Tab(log, run=run_id)
    tab.look()
    tab.act("set", knob="temperature", value="1e9")
    assert tab.state["temperature"] == 64.0 and "64 is used" in tab.notes and kinds(log, run_id) == []
    tab.act("train")
    run = log.run(tab.address["run"])
    assert run is not None and run.experiment.arms[0].knobs["temperature"] == 64


def test_commands_of_the_owner_reach_the_controls_of_who_watches(log: RunLog) -> None:
    run_id = write_run(log, state="running")
    owner, other = Tab(log, run=run_id), Tab(log, "other", run=run_id)
    owner.look()
    other.look()
    owner.act("set", knob="temperature", value=8)
    watched = watch(log, run_id)
    assert watched is not None
    watched._read_at = watched._slow_at = -1e9
    put(other.streamlit)
    session.tick(log)
    assert other.state["temperature"] == 8.0


def test_repeating_trains_the_same_on_three_other_splits(log: RunLog) -> None:
    run_id = write_run(log)
    tab = Tab(log, run=run_id)
    tab.look()
    tab.act("repeat")
    others = log.runs(group=run_id)
    assert sorted(run.experiment.split for run in others) == [1, 2, 3]
    assert all(run.experiment == Experiment(split=run.experiment.split) for run in others)
    assert tab.address == {"run": run_id} and session.waiting()


@pytest.mark.parametrize(
    "given",
    [
        None,
        "train",
        {"do": "train"},
        {"do": "train", "browser": "", "counter": 1},
        {"do": "train", "browser": "me", "counter": "1"},
        {"do": "rm -rf", "browser": "me", "counter": 1},
        {"do": "set", "knob": "__class__", "value": 1, "browser": "me", "counter": 1},
        {"do": "pace", "value": "warp", "browser": "me", "counter": 1},
        {"do": "show", "value": [1], "browser": "me", "counter": 1},
        {"do": "stop_at", "value": "soon", "browser": "me", "counter": 1},
        {"do": "follow", "value": "x", "browser": "me", "counter": 1},
    ],
)
def test_nonsense_is_passed_over(tab: Tab, log: RunLog, given: Any) -> None:
    tab.look()
    session.act(log, given)
    assert log.runs() == [] and session.values() == defaults()
