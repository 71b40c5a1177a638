"""The map and the slices of a plane: what is drawn is what is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as arrays

from app.charts import plane as charts
from app.charts import plane_lines
from app.plane import plane_measures
from app.plane.plane_measures import BY_NAME, VALIDATION, Estimates, of_values
from kdcore import statistics
from kdcore.planes import Axis, Curve

X, Y = Axis("temperature", (1, 4, 16, 64)), Axis("alpha", (0, 0.5, 1))
TEXTS = [["text"] * 4] * 3


def estimates(measure: plane_measures.Measure = VALIDATION, seeds: int = 5) -> Estimates:
    values = np.random.default_rng(0).uniform(0.5, 0.9, (3, 4, seeds))
    return of_values(values, measure)


def drawn(**more: Any) -> dict[str, Any]:
    figure = charts.figure(estimates(), X, Y, texts=TEXTS, revision="any", **more)
    json.dumps(figure, allow_nan=False)
    return figure


def trace(figure: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(trace for trace in figure["data"] if name in trace["name"])
    return found


def test_colours_are_the_means_and_cells_carry_their_numbers() -> None:
    heat = drawn()["data"][0]
    np.testing.assert_allclose(np.array(heat["z"]), estimates().mean, atol=1e-3)
    assert heat["customdata"] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert heat["zmin"] == pytest.approx(estimates().mean.min(), abs=1e-3)
    assert "%" in heat["colorbar"]["title"]["text"] and "5" in heat["colorbar"]["title"]["text"]


@pytest.mark.parametrize("measure", ["validation_accuracy", "validation_gain", "ece"])
def test_intervals_are_those_of_the_statistics(measure: str) -> None:
    shown = estimates(BY_NAME[measure])
    for row, column in np.ndindex(3, 4):
        expected = statistics.interval(shown.values[row, column])
        assert shown.mean[row, column] == pytest.approx(expected.mean)
        assert (shown.low[row, column], shown.high[row, column]) == pytest.approx((expected.low, expected.high))


def test_ratios_are_averaged_as_logarithms_and_told_both_ways() -> None:
    ratio = BY_NAME["gradient_ratio"]
    shown = of_values(np.array([[[0.01, 1.0, 100.0]], [[np.inf, 1.0, 1.0]]]), ratio)
    assert shown.mean[0, 0] == pytest.approx(1) and np.isnan(shown.mean[1, 0])
    expected = statistics.interval(np.log([0.01, 1.0, 100.0]))
    assert np.log([shown.low[0, 0], shown.high[0, 0]]) == pytest.approx([expected.low, expected.high])
    assert ratio.said(27) == "27 : 1" and ratio.said(1 / 14_800) == "1 : 14,800" and ratio.said(np.nan) == "no number"


def test_a_cell_that_lacks_a_seed_has_no_colour_and_no_interval() -> None:
    values = np.full((3, 4, 5), 0.5)
    values[1, 2, 3] = np.nan
    figure = charts.figure(of_values(values, VALIDATION), X, Y, texts=TEXTS, revision="any")
    json.dumps(figure, allow_nan=False)
    assert figure["data"][0]["z"][1][2] is None


def test_a_plane_of_which_nothing_is_known_can_be_drawn() -> None:
    blank = plane_measures.nothing(VALIDATION, (3, 4), 5)
    for figure in (
        charts.figure(blank, X, Y, texts=TEXTS, revision="any"),
        plane_lines.along(blank, X, (1, 2), across="x", revision="any"),
        plane_lines.curves(None, None, steps=1, revision="any"),
    ):
        json.dumps(figure, allow_nan=False)


@given(arrays.arrays(bool, (3, 4)))
def test_every_hatched_cell_has_its_lines_inside_and_no_other(hatched: np.ndarray) -> None:
    lines = trace(drawn(hatched=hatched), "cannot be told apart")
    ends = list(zip(lines["x"], lines["y"], strict=True))
    inside = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(ends[::3], ends[1::3], strict=True)]
    cells = {(round(y), round(x)) for x, y in inside}
    assert cells == {tuple(place) for place in np.argwhere(hatched).tolist()}
    assert len(inside) == charts.HATCHES * int(hatched.sum())


@given(arrays.arrays(bool, (3, 4)))
def test_the_rim_lies_between_cells_inside_and_outside(inside: np.ndarray) -> None:
    x, y = charts.rim(inside)
    wide = np.pad(inside, 1)
    borders = int((wide[1:] != wide[:-1]).sum() + (wide[:, 1:] != wide[:, :-1]).sum())
    assert len(x) == len(y) == 3 * borders
    for a, b in zip(zip(x[::3], y[::3], strict=True), zip(x[1::3], y[1::3], strict=True), strict=True):
        middle = np.array([a[0] + b[0], a[1] + b[1]]) / 2  # type: ignore[operator]
        across = np.array([0.5, 0]) if a[0] == b[0] else np.array([0, 0.5])
        sides = [tuple(np.round(middle + way * across + 1).astype(int)) for way in (-1, 1)]
        assert wide[sides[0][::-1]] != wide[sides[1][::-1]]


def test_outline_stands_around_the_best_cell_and_ghost_where_it_was() -> None:
    figure = drawn(best=(2, 3), ghost=((0, 1), np.eye(3, 4, dtype=bool)), yours=(0.5, 1.25))
    assert len(figure["layout"]["shapes"]) == 3
    for box in figure["layout"]["shapes"][1:]:
        assert (box["x0"] + box["x1"]) / 2 == 3 and (box["y0"] + box["y1"]) / 2 == 2
    before = trace(figure, "best cell of the plane before")
    assert (before["x"], before["y"]) == ([1], [0])
    assert (trace(figure, "your place")["x"], trace(figure, "your place")["y"]) == ([0.5], [1.25])


def test_diverged_cells_are_crossed_out() -> None:
    stopped = np.zeros((3, 4), bool)
    stopped[2, 1] = True
    crosses = trace(drawn(stopped=stopped), "diverged")
    assert (crosses["x"], crosses["y"]) == ([1], [2])


def test_an_axis_takes_other_peoples_numbers() -> None:
    y = drawn(names={"y": (["a", "b", "c"], "their alpha")})["layout"]["yaxis"]
    assert y["ticktext"] == ["a", "b", "c"] and y["title"]["text"] == "their alpha"
    assert drawn()["layout"]["xaxis"]["ticktext"] == ["1", "4", "16", "64"]


def test_many_values_do_not_write_over_each_other() -> None:
    many = Axis("alpha", tuple(np.linspace(0, 1, 40).round(4)))
    shown = of_values(np.ones((2, 40, 3)), VALIDATION)
    x = charts.figure(shown, many, Axis("weight", (0, 1)), texts=[[""] * 40] * 2, revision="any")["layout"]["xaxis"]
    assert len(x["tickvals"]) == len(x["ticktext"]) <= charts.MOST_LABELS


@pytest.mark.parametrize("across, cut", [("x", (1, slice(None))), ("y", (slice(None), 2))])
def test_slices_go_through_the_chosen_cell(across: str, cut: tuple[Any, Any]) -> None:
    shown = estimates()
    figure = plane_lines.along(shown, X if across == "x" else Y, (1, 2), across=across, revision="any")
    line, band = trace(figure, "validation accuracy"), trace(figure, "95 % interval")
    np.testing.assert_allclose(line["y"], shown.mean[cut], atol=0.01)
    assert min(band["y"]) == pytest.approx(shown.low[cut].min(), abs=0.01)
    assert figure["layout"]["shapes"][0]["x0"] == (2 if across == "x" else 1)
    assert len(trace(figure, "every seed")["x"]) == shown.values[cut].size


def test_curves_are_in_percent_over_the_log_of_the_step() -> None:
    steps, values = np.array([0, 9, 99]), np.array([[0.1, 0.1], [0.4, 0.6], [0.9, 0.9]])
    mean = values.mean(1)
    cell = Curve(steps, values, mean, mean - 0.1, mean + 0.1)
    figure = plane_lines.curves(cell, cell, steps=99, revision="any")
    line = trace(figure, "this cell")
    assert line["x"] == [1, 10, 100] and line["y"] == [10, 50, 90]
    assert figure["layout"]["xaxis"]["type"] == "log" and max(trace(figure, "95 %")["y"]) == 100
    assert trace(figure, "labels only")["line"]["dash"] == "dash"
