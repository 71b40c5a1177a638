"""Runs for other programs, through the same addresses that they would ask."""

from __future__ import annotations

import io
import json

import numpy as np
import pandas as pd
import pytest

from app.library import exports
from kdcore.experiment import Arm, Experiment
from kdcore.runs import RunLog, bundle
from kdcore.runs.summary import Account
from tests.app.made import make_frame, write_run
from tests.app.test_routes import get


@pytest.fixture
def two(log: RunLog) -> list[str]:
    """A run of three arms, and one of points."""
    ladder = Experiment(arms=(Arm("hinton", name="a, b"), Arm("answers"), Arm("hard")), seeds=3)
    ids = [write_run(log, ladder), write_run(log, Experiment(dataset="spirals", seeds=2), seed=1)]
    for run_id in ids:
        account = Account({})
        for frame in log.history(run_id):
            account.see(frame)
        log.update(run_id, summary=json.dumps(account.line()), notes='a "note", with a comma')
    return ids


def test_every_scalar_comes_in_one_line_of_pandas(log: RunLog, two: list[str]) -> None:
    status, headers, body = get(f"/lab/scalars.parquet?runs={','.join(two)}")
    table = pd.read_parquet(io.BytesIO(body))
    assert status == 200 and 'filename="scalars.parquet"' in headers["content-disposition"]
    assert len(table) == 8 * 3 * 3 + 8 * 2 * 2
    frame = make_frame(log.run(two[0]).experiment, 30)  # type: ignore[union-attr]
    row = table.query(f"run == '{two[0]}' and arm == 'a, b' and seed == 1 and step == 30").iloc[0]
    assert row["accuracy"] == pytest.approx(float(frame.accuracy["a, b"][1]))
    assert row["per_class_accuracy_3"] == pytest.approx(float(frame.per_class_accuracy["a, b"][1, 3]))
    assert row["knob_temperature"] == pytest.approx(4.0) and row["at"] == frame.at
    points = table.query(f"run == '{two[1]}'")
    assert np.isnan(points["per_class_accuracy_9"]).all() and set(points["seed"]) == {0, 1}


def test_csv_says_the_same(log: RunLog, two: list[str]) -> None:
    text = get(f"/lab/scalars.csv?runs={','.join(two)}")[2]
    table = pd.read_parquet(io.BytesIO(get(f"/lab/scalars.parquet?runs={','.join(two)}")[2]))
    again = pd.read_csv(io.BytesIO(text))
    assert list(again) == list(table) and len(again) == len(table)
    for name in again:
        if table[name].dtype.kind == "f":
            np.testing.assert_allclose(again[name], table[name], rtol=1e-6, err_msg=name)
        else:
            assert again[name].tolist() == table[name].astype(again[name].dtype).tolist(), name


def test_settings_and_last_measures_come_as_plain_json(log: RunLog, two: list[str]) -> None:
    status, headers, body = get(f"/lab/runs.json?runs={','.join(two)}")
    table = pd.read_json(io.BytesIO(body))
    assert status == 200 and headers["content-type"] == "application/json"
    assert table["arm"].tolist() == ["a, b", "answers", "hard", "hinton", "hard"]
    assert table["control"].tolist() == [False, False, True, False, True]
    assert (
        table["dataset"].tolist() == ["digits"] * 3 + ["spirals"] * 2 and table["seeds"].tolist() == [3] * 3 + [2] * 2
    )
    assert table["temperature"][0] == 4 and np.isnan(table["temperature"][2]) and table["method"][1] == "answers"
    last = log.newest(two[0])
    assert last is not None
    assert table["accuracy"][0] == pytest.approx(float(last.accuracy["a, b"].mean()), rel=1e-6)
    low, high = last.interval("a, b")
    assert (table["gain_low"][0], table["gain_high"][0]) == (pytest.approx(low), pytest.approx(high))
    assert (
        table["best_step"][0] in (0, 1, 3, 10, 30, 100, 300, 600) and (table["notes"] == 'a "note", with a comma').all()
    )


def test_runs_come_as_a_file_that_can_be_imported(log: RunLog, two: list[str]) -> None:
    status, headers, body = get(f"/lab/runs.dklab?runs={','.join(two)}")
    assert status == 200 and "runs.dklab" in headers["content-disposition"]
    imported, _ = bundle.load(log, io.BytesIO(body), "runs.dklab", "you")
    assert len(imported) == 2


@pytest.mark.parametrize("name", list(exports.MADE))
@pytest.mark.parametrize(
    ("runs", "sentence"),
    [
        ("", "Say which runs"),
        ("never-was", "no run never-was"),
        ("../etc,a'b", "no run ../etc, a'b"),
        (",".join(f"x{n}" for n in range(51)), "51"),
    ],
)
def test_what_cannot_be_given_is_said(log: RunLog, name: str, runs: str, sentence: str) -> None:
    status, _, body = get(f"/lab/{name}?runs={runs}")
    assert status == 400 and sentence in json.loads(body)["error"]


def test_a_run_without_numbers_is_said(log: RunLog) -> None:
    run_id = log.create(Experiment(), owner="me")
    for name in ("scalars.csv", "scalars.parquet", "runs.dklab"):
        assert get(f"/lab/{name}?runs={run_id}")[0] == 400
    assert json.loads(get(f"/lab/runs.json?runs={run_id}")[2]) == []


def test_nothing_unbounded_is_given(log: RunLog, two: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 100)
    status, _, body = get(f"/lab/scalars.csv?runs={','.join(two)}")
    assert status == 400 and "more than 100 rows" in json.loads(body)["error"]
