"""The line that is written of a run while it goes on."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kdcore.frame import Frame
from kdcore.runs import RunLog, library
from kdcore.runs.summary import MOST_ARMS, Account, summary
from kdcore.runs.worker import work

from .conftest import small


def frame(step: int, validation: list[list[float]], **more: list[list[float]]) -> Frame:
    """A frame with these values `[arm, seed]`; the last arm is the control."""
    arms = (*(f"arm {n}" for n in range(len(validation) - 1)), "hard")
    scalars = {"accuracy": validation, "validation_accuracy": validation} | more
    return Frame(
        step=step,
        steps=100,
        arms=arms,
        seeds=tuple(range(len(validation[0]))),
        control="hard",
        scalars={name: np.array(values, dtype=np.float32) for name, values in scalars.items()},
        knobs={},
        stopped=np.zeros((len(arms), len(validation[0])), bool),
    )


def test_a_line_holds_the_means_of_the_last_measures() -> None:
    last = frame(100, [[0.8, 0.9, 0.7], [0.6, 0.7, 0.5]], kl=[[1, 2, 3], [np.nan, 1, 1]])
    line = summary(last, 2.0)
    assert line["accuracy"] == {"arm 0": 0.8, "hard": 0.6} and line["kl"] == {"arm 0": 2.0, "hard": None}
    assert line["gain"]["arm 0"] == pytest.approx(0.2) and line["seconds"] == 2.0
    low, high = last.interval("arm 0")
    assert line["interval"]["arm 0"] == [pytest.approx(low), pytest.approx(high)]
    assert json.loads(json.dumps(line, allow_nan=False)) == line


def test_the_best_is_beside_the_last_with_its_step() -> None:
    account = Account({})
    for step, value in ((0, 0.1), (40, 0.9), (100, 0.8)):
        account.see(frame(step, [[value, value], [0.5, 0.5]]))
    line = account.line()
    assert line["validation_accuracy"]["arm 0"] == pytest.approx(0.8)
    assert line["best"]["arm 0"] == [pytest.approx(0.9), 40] and line["best"]["hard"] == [0.5, 0]


def test_a_run_that_is_taken_up_again_keeps_its_best_and_its_seconds() -> None:
    account = Account({"best": {"arm 0": [0.95, 7]}, "seconds": 100.0})
    account.see(frame(50, [[0.8, 0.8], [0.5, 0.5]]))
    line = account.line()
    assert line["best"]["arm 0"] == [0.95, 7] and line["seconds"] >= 100.0


def test_of_very_many_arms_there_are_the_best_on_validation_and_the_control() -> None:
    values = [[n / 100, n / 100] for n in range(MOST_ARMS + 3)]
    account = Account({})
    account.see(frame(3, [*values[::-1], [0.9, 0.9]]))
    line = account.line()
    assert line["arms"] == MOST_ARMS + 4 and set(line["accuracy"]) == {"arm 0", "hard"} == set(line["best"])


def test_a_line_is_due_at_most_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("kdcore.runs.summary.time.monotonic", lambda: now)
    account, due = Account({}), 0
    for tick in range(50):
        now = tick / 10
        due += account.see(frame(tick, [[0.5, 0.5], [0.5, 0.5]]))
    assert due == 5


def test_a_worker_writes_it_while_it_trains(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    update = log.update
    monkeypatch.setattr(log, "update", lambda run, **values: written.append(values) or update(run, **values))  # type: ignore[func-returns-value]
    run_id = log.create(small(steps=40), owner="me", pace="full")
    work(log, run_id)
    assert any("summary" in values for values in written)
    (row,) = (row for row in library.rows(log).rows if row.id == run_id)
    last = log.newest(run_id)
    assert last is not None and row.arm == "hinton"
    for name in ("accuracy", "validation_accuracy", "agreement", "kl", "ece", "wrong_class_agreement", "entropy"):
        assert row.measures[name] == pytest.approx(float(last.measures[name]["hinton"].mean()), rel=1e-5), name
    best = max(f.measures["validation_accuracy"]["hinton"].mean() for f in log.history(run_id))
    assert row.measures["best_validation"] == pytest.approx(float(best), rel=1e-5)
    assert row.measures["gain"] == pytest.approx(float(last.gain["hinton"].mean()), abs=1e-6)
