"""The page itself, without a browser: it opens whatever the address says, and says what it cannot do."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from app import store, viewers
from app.controls import CONTROLS, defaults, table
from app.watch import watch
from kdcore.experiment import Experiment
from kdcore.runs import LogUnavailable, RunLog, recording
from tests.app.made import write_run
from tests.app.page import opened


def values(page: AppTest) -> dict[str, Any]:
    return {control.name: page.session_state[control.key] for control in table(page.session_state["method"])}


def test_the_page_opens_without_runs_and_without_a_worker(log: RunLog) -> None:
    page = opened()
    assert values(page) == defaults()
    assert [box.label for box in page.selectbox][:4] == ["data", "teacher", "student", "method"]


def test_the_recorded_run_is_on_the_first_screen(log: RunLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording.save(log, write_run(log), tmp_path / "run.dklab")
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "run.dklab")
    page = opened()
    shown = log.run(page.session_state["run"])
    assert shown is not None and shown.recorded and page.query_params == {}


def test_a_file_that_is_no_recording_is_passed_over(
    log: RunLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(__file__, tmp_path / "run.dklab")
    monkeypatch.setattr(store, "SHIPPED", tmp_path / "run.dklab")
    assert opened().session_state["run"] is None


def test_a_run_in_the_address_sets_the_widgets(log: RunLog) -> None:
    run_id = write_run(log, Experiment(steps=77, seeds=3), state="running")
    page = opened(run=run_id, steps="5")
    assert page.number_input(key="steps").value == 77 and page.number_input(key="seeds").value == 3
    assert page.session_state["run"] == run_id


STRANGE = st.one_of(st.text(max_size=20), st.sampled_from(["nan", "inf", "1e999", "-1", "<b>", "9" * 30, "mlp-0", ""]))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*(control.name for control in CONTROLS), "run", "odd"]), STRANGE, max_size=6))
def test_any_address_opens_the_page_with_usable_values(log: RunLog, query: dict[str, str]) -> None:
    page = opened(**query)
    for control in CONTROLS:
        value = page.session_state[control.name]
        assert not isinstance(value, float) or control.low <= value <= control.high


def test_widgets_pass_the_same_clamp(log: RunLog) -> None:
    page = opened()
    page.session_state["dataset"] = "spirals"
    page.session_state["omit"] = [3, 7]
    page.run()
    assert not page.exception
    assert page.session_state["omit"] == [3]
    assert any("omitted classes" in note for note in page.session_state["notes"])


def test_a_log_that_cannot_be_used_is_said_on_the_page(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked() -> RunLog:
        raise LogUnavailable("The log is locked by another program.")

    monkeypatch.setattr(store, "open_log", locked)
    page = opened()
    assert page.error[0].value == "The log is locked by another program."


def test_a_log_that_fails_later_is_said_too(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise LogUnavailable("The disk is full.")

    run_id = write_run(log)
    monkeypatch.setattr(log, "run", full)
    page = opened(run=run_id)
    assert page.error[0].value == "The disk is full."


def test_everyone_together_asks_at_most_80_times_a_second() -> None:
    assert viewers.interval(1) == 0.1 and viewers.interval(30) == pytest.approx(0.375)
    assert viewers.differs(0.1, 0.375) and not viewers.differs(0.1, 0.12)
    assert viewers.differs(None, 0.1) and viewers.differs(0.1, None) and not viewers.differs(None, None)


def test_nothing_is_asked_where_nothing_moves(log: RunLog) -> None:
    for state, wanted in [("running", 0.1), ("paused", 1.0), ("finished", None), ("failed", None)]:
        watched = watch(log, write_run(log, state=state))
        assert viewers.wanted(watched, "tab") == wanted
    assert viewers.wanted(None, "tab") is None
    assert viewers.wanted(None, "tab", waiting=True) == 1.0
