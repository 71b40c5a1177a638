"""Charts of several runs: what they draw, where, and that every entry keeps its own marks."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from scipy import stats

from app.charts import comparison as charts
from app.charts import entry_marks
from app.comparison import comparing
from app.comparison.entries import gather
from app.comparison.looks import MEASURES, Look
from kdcore.experiment import Experiment, Transfer
from kdcore.runs import RunLog
from tests.app.made import write_run

RANDOM = np.random.default_rng(0)


def line(key: str, n: int = 4, steps: tuple[int, ...] = (0, 1, 10, 100), **more: Any) -> charts.Line:
    values = 50 + RANDOM.normal(size=(len(steps), n))
    return charts.Line(key, key[-1].upper(), "opinions", np.array(steps, dtype=float), values, **more)


def drawn(*lines: charts.Line, x: str = "step") -> dict[str, Any]:
    strokes = [charts.stroke(number) for number in range(len(lines))]
    return charts.curves(lines, strokes, MEASURES["accuracy"], x, "r")


def of(figure: dict[str, Any], key: str, kind: str) -> dict[str, Any]:
    return next(trace for trace in figure["data"] if trace["meta"] == {"entry": key, "kind": kind})


def test_a_mean_stands_in_its_band_with_every_seed_behind_it() -> None:
    one = line("a")
    figure = drawn(one)
    assert of(figure, "a", "mean")["y"] == pytest.approx(one.values.mean(1), abs=1e-4)
    half = stats.t.ppf(0.975, 3) * one.values.std(1, ddof=1) / 2
    around = of(figure, "a", "band")["y"]
    assert around[:4] == pytest.approx(one.values.mean(1) - half, abs=1e-4)
    assert around[4:][::-1] == pytest.approx(one.values.mean(1) + half, abs=1e-4)
    members = of(figure, "a", "members")["y"]
    assert members.count(None) == 4 and members[:4] == pytest.approx(one.values[:, 0], abs=1e-4)


def test_the_beginning_is_on_every_axis_but_seconds_start_at_zero() -> None:
    assert of(drawn(line("a")), "a", "mean")["x"] == [1, 2, 11, 101]
    assert drawn(line("a"))["layout"]["xaxis"]["ticktext"][0] == "0"
    assert of(drawn(line("a"), x="seconds"), "a", "mean")["x"] == [0, 1, 10, 100]


def test_an_entry_takes_nothing_of_another() -> None:
    a, b = line("a"), line("b")
    assert of(drawn(a, b), "b", "band") | {"fillcolor": ""} == of(drawn(b), "b", "band") | {"fillcolor": ""}
    colours = [charts.stroke(number)["color"] for number in range(12)]
    marks = {(charts.stroke(number)["color"], charts.stroke(number)["dash"]) for number in range(12)}
    assert len(set(colours)) == len(marks) == 12


def test_letters_at_the_ends_never_cover_each_other() -> None:
    figure = drawn(*(line(key) for key in "abcdef"))
    heights = sorted(note["y"] for note in figure["layout"]["annotations"])
    everything = [value for trace in figure["data"] if trace["meta"]["kind"] == "members" for value in trace["y"]]
    span = max(v for v in everything if v is not None) - min(v for v in everything if v is not None)
    assert min(np.diff(heights)) >= 0.05 * span


def test_one_seed_has_no_band_and_gaps_stay_gaps() -> None:
    alone = line("a", n=1)
    assert [trace["meta"]["kind"] for trace in drawn(alone)["data"]] == ["mean"]
    gap = charts.Line("a", "A", "x", np.arange(3.0), np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 4.0]]))
    assert of(drawn(gap), "a", "mean")["y"] == [1.5, None, 3.5]


def test_a_scatter_has_a_large_mark_at_the_means_with_intervals_both_ways() -> None:
    x, y = RANDOM.normal(size=5), RANDOM.normal(size=5)
    sides = entry_marks.Side("T", [np.array([8.0])]), entry_marks.Side("accuracy", [y])
    figure = entry_marks.scatter([("a", "A", "x")], [charts.stroke(0)], *sides, "r")
    mark = figure["data"][1]
    assert (mark["x"], mark["y"]) == ([8], pytest.approx([y.mean()], abs=1e-4)) and "error_x" not in mark
    both = entry_marks.scatter(
        [("a", "A", "x")], [charts.stroke(0)], entry_marks.Side("", [x]), entry_marks.Side("", [y]), "r"
    )
    half = stats.t.ppf(0.975, 4) * x.std(ddof=1) / np.sqrt(5)
    assert both["data"][1]["error_x"]["array"] == pytest.approx([half], abs=1e-4)


def test_classes_are_means_over_seeds_in_the_order_of_the_data() -> None:
    values = RANDOM.uniform(0, 100, (6, 3))
    figure = entry_marks.per_class([("a", "A", values)], [charts.stroke(0)], ("x", "y", "z"), "r")
    assert figure["data"][0]["y"] == pytest.approx(values.mean(0), abs=0.01)
    assert figure["layout"]["xaxis"]["ticktext"] == ["x", "y", "z"]


def test_epochs_and_examples_are_counted_from_the_batches(log: RunLog) -> None:
    small = write_run(log, Experiment(transfer=Transfer(n=100), batch_size=64, seeds=2))
    whole = write_run(log, Experiment(seeds=2), seed=1)
    by_run = {entry.first.run.id: entry for entry in gather(log, Look(runs=(small, whole))).entries}
    assert comparing.per_step(by_run[small], "epoch") == 1 / 2 and comparing.per_step(by_run[small], "examples") == 50
    assert comparing.per_step(by_run[whole], "epoch") == 1 and comparing.per_step(by_run[whole], "examples") == 30


def test_every_view_is_plain_json_of_moderate_size(log: RunLog) -> None:
    ids = [write_run(log, seed=number) for number in range(12)]
    for x in ("step", "epoch", "examples", "seconds"):
        text = json.dumps(comparing.view(log, {"runs": ",".join(ids), "x": x, "by": "seeds"}), allow_nan=False)
        assert len(text) < 200_000


def test_colour_by_a_setting_is_shared_by_those_that_agree_in_it(log: RunLog) -> None:
    ids = [write_run(log, Experiment(learning_rate=rate), seed=k) for k, rate in enumerate((0.001, 0.01, 0.001))]
    view = comparing.view(log, {"runs": ",".join(ids), "by": "learning rate"})
    colours = [entry["stroke"]["color"] for entry in view["entries"]]
    assert colours[0] == colours[2] != colours[1]
    assert len({entry["stroke"]["dash"] for entry in view["entries"]}) == 3


def test_groups_are_means_over_the_entries_that_agree(log: RunLog) -> None:
    ids = [write_run(log, Experiment(learning_rate=rate), seed=k) for k, rate in enumerate((0.001, 0.01, 0.001))]
    address = {"runs": ",".join(ids), "by": "learning rate", "grouped": "1"}
    figure = comparing.view(log, address)["figures"]["curves"]
    ends = [last(log, run).mean() for run in ids]
    slow, fast = of(figure, "group 0.001", "mean"), of(figure, "group 0.01", "mean")
    assert slow["y"][-1] == pytest.approx((ends[0] + ends[2]) / 2 * 100, abs=1e-3)
    assert fast["y"][-1] == pytest.approx(ends[1] * 100, abs=1e-3)
    assert comparing.view(log, address)["entries"] == comparing.view(log, address | {"grouped": ""})["entries"]


def last(log: RunLog, run_id: str) -> Any:
    frame = log.newest(run_id)
    assert frame is not None
    return frame.accuracy["hinton"]


def test_the_teacher_is_a_line_across_where_all_had_the_same(log: RunLog) -> None:
    a, b = write_run(log), write_run(log, seed=1)
    assert of(comparing.view(log, {"runs": f"{a},{b}"})["figures"]["curves"], "teacher", "level")["y"] == [97.7, 97.7]
    other = comparing.view(log, {"runs": f"{a},{b}", "measure": "kl"})["figures"]["curves"]["data"]
    assert all(trace["meta"]["kind"] != "level" for trace in other)
