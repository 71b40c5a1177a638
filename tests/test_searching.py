"""A search: what it refuses, that it finds the region of a known surface within its budget, and that nothing but its
trials decides what comes next."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from kdcore import Experiment
from kdcore.batches import next_batch, survivors
from kdcore.proposals import importance, propose
from kdcore.searching import By, Dimension, Search, Trial, best, best_so_far

SEEDS = 4
SPACE = (Dimension("temperature", 0.25, 64, log=True), Dimension("alpha", 0, 1), Dimension("weight", 0.1, 1))
T_AND_RATE = (Dimension("temperature", 0.25, 64, log=True), Dimension("learning_rate", 1e-4, 0.1, log=True))


def surface(parameters: Any, luck: np.random.Generator) -> float:
    """Best at T 4, alpha 0.9 and rate 0.003; the rate hardly matters."""
    temperature, alpha, rate = (parameters[name] for name in ("temperature", "alpha", "learning_rate"))
    away = 0.02 * abs(math.log2(temperature / 4)) + 0.3 * abs(alpha - 0.9) + 0.005 * abs(math.log10(rate / 0.003))
    return float(0.9 - away + 0.003 * luck.normal())


def played(search: Search, trials: Sequence[Trial] = ()) -> list[Trial]:
    """The search to the end of its budget, every run of it answered by the surface: what the log and workers do."""
    known = {(trial.by, trial.number): trial for trial in trials}
    while (batch := next_batch(search, list(known.values()))) is not None:
        told = []
        for arm in batch.arms:
            by: By = "search" if arm.name.startswith("search") else "baseline"
            number = int(arm.name.split()[1])
            parameters = search.parameters(arm)
            assert search.arm(number, by, parameters) == arm
            value = surface(parameters, np.random.default_rng([number, search.seed]))
            trial = Trial(number, by, parameters, "done", arm.name, arm.name, SEEDS, value)
            if batch.stop:
                trial = replace(trial, state="pruned", value=None, early=value - 0.1, students_cost=SEEDS / 4)
            elif (by, number) in known:
                before = known[by, number]
                trial = replace(trial, early=before.early, students_cost=SEEDS + before.students_cost)
            told.append(trial)
        known = {key: replace(t, state="pruned") if t.state == "training" else t for key, t in known.items()}
        known |= {(trial.by, trial.number): trial for trial in told}
        for trial in survivors(search, list(known.values()), told) if batch.stop else ():
            known[trial.by, trial.number] = replace(trial, state="training")
    return list(known.values())


def cost(trials: Sequence[Trial], by: By) -> float:
    return sum(trial.students_cost for trial in trials if trial.by == by)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "either in students or in seconds"),
        ({"students": 100, "seconds": 5.0}, "either in students or in seconds"),
        ({"students": 7}, r"one trial takes 8 students \(2 x 4 seeds\)"),
        ({"students": 100, "method": "nothing"}, "nothing"),
        ({"students": 100, "method": "hard"}, "no knobs to search"),
        ({"students": 100, "space": [{"knob": "softness", "low": 0, "high": 1}]}, "hinton has no knob 'softness'"),
        ({"students": 100, "space": [{"knob": "alpha", "low": 0.5, "high": 0.5}]}, "lower end must lie below"),
        ({"students": 100, "space": [{"knob": "alpha", "low": 0, "high": 1, "log": True}]}, "must begin above 0"),
        ({"students": 100, "space": [{"knob": "temperature", "low": 0.1, "high": 4}]}, r"must lie in \[0.25, 64\]"),
        ({"students": 100, "space": [{"knob": "alpha", "low": 0, "high": 1}] * 2}, "alpha is searched twice"),
        ({"students": 100, "knobs": {"alpha": 0.5}}, "alpha is searched, so it cannot be fixed"),
        ({"students": 100, "space": SPACE}, "either alpha or hard_weight and weight"),
        ({"students": 100, "space": ()}, "at least 1"),
        ({"students": 100_000, "batch": 128, "experiment": Experiment(seeds=64)}, "more than 2048 students"),
        ({"students": 100, "batch": 1}, "greater than or equal to 2"),
    ],
)
def test_impossible_searches_are_refused(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        Search(**given)


def test_a_search_is_the_same_after_json() -> None:
    search = Search(students=800, pruner="halving", sampler="qmc", space=T_AND_RATE, knobs={"alpha": 0.3})
    assert Search.model_validate_json(search.model_dump_json()) == search


def test_what_was_searched_is_read_back_from_an_arm() -> None:
    given: list[tuple[Any, dict[str, Any]]] = [(T_AND_RATE, {"alpha": 0.3}), (SPACE[:2], {})]
    for space, knobs in [*given, ((SPACE[0], SPACE[2]), {"hard_weight": 0.2})]:
        search = Search(students=800, space=space, knobs=knobs)
        for point in propose(search, [], "baseline", 0, 5):
            assert search.parameters(search.arm(3, "search", point)) == point


@pytest.mark.parametrize("pruner", ["none", "median", "halving"])
def test_the_search_finds_the_region_of_a_known_surface_and_beats_random_search(pruner: str) -> None:
    margins = []
    for seed in range(6):
        trials = played(Search(students=512, pruner=pruner, seed=seed))  # type: ignore[arg-type]
        found, luck = best(trials, "search"), best(trials, "baseline")
        assert found is not None and luck is not None
        assert 2 <= found.parameters["temperature"] <= 8 and 0.82 <= found.parameters["alpha"] <= 0.98
        margins.append((found.value or 0.0) - (luck.value or 0.0))
    assert np.mean(margins) > 0.005


@pytest.mark.parametrize("sampler", ["tpe", "qmc", "random"])
@pytest.mark.parametrize("pruner", ["none", "median", "halving"])
def test_the_budget_is_kept_and_random_search_gets_half_of_it(sampler: str, pruner: str) -> None:
    for students, batch in ((512, 16), (333, 10), (96, 64)):
        trials = played(Search(students=students, batch=batch, sampler=sampler, pruner=pruner))  # type: ignore[arg-type]
        ours, luck = cost(trials, "search"), cost(trials, "baseline")
        assert students - 4 * SEEDS <= ours + luck <= students
        assert 0 <= ours - luck <= 2 * SEEDS


def test_without_a_baseline_everything_goes_to_the_search() -> None:
    trials = played(Search(students=100, baseline=False))
    assert len(trials) == 25 and {trial.by for trial in trials} == {"search"}


def test_what_comes_next_follows_from_the_trials_alone() -> None:
    search = Search(students=256)
    trials = played(search)
    for cut in (16, 32, 48):
        again = next_batch(search, trials[:cut])
        assert again is not None and again == next_batch(search, list(reversed(trials[:cut])))
        assert [dict(search.parameters(arm)) for arm in again.arms] == [
            dict(t.parameters) for t in trials[cut : cut + 16]
        ]


def test_a_larger_budget_continues_where_the_smaller_one_ended() -> None:
    small, large = Search(students=128), Search(students=256)
    assert next_batch(small, played(small)) is None
    assert played(large, played(small)) == played(large)


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe"])
def test_no_point_comes_twice(sampler: str) -> None:
    trials = played(Search(students=512, sampler=sampler))  # type: ignore[arg-type]
    points = [tuple(trial.parameters.values()) for trial in trials]
    assert len(set(points)) == len(points) == 128


def test_random_points_fill_the_space_evenly() -> None:
    search = Search(students=800, space=(Dimension("temperature", 1, 16, log=True),))
    for by, sampler in (("baseline", "tpe"), ("search", "qmc"), ("search", "random")):
        points = propose(search.model_copy(update={"sampler": sampler}), [], by, 0, 400)  # type: ignore[arg-type]
        values = [point["temperature"] for point in points]
        assert all(1 <= value <= 16 for value in values)
        assert np.mean(np.array(values) < 4) == pytest.approx(0.5, abs=0.07)


def trial(number: int, early: float | None, **more: Any) -> Trial:
    return Trial(number, "search", {}, "pruned", "run", f"search {number}", 1.0, early=early, **more)


def test_who_goes_on_does_not_depend_on_the_order() -> None:
    batch = [trial(n, early) for n, early in enumerate((0.1, 0.8, 0.3, 0.7, 0.5, 0.6, 0.2, 0.4))]
    for pruner, expected in (("median", [1, 3, 5, 4]), ("halving", [1, 3])):
        search = Search(students=800, pruner=pruner)  # type: ignore[arg-type]
        for order in (batch, batch[::-1]):
            assert [t.number for t in survivors(search, order, order)] == expected


def test_a_batch_that_is_worse_than_those_before_sends_only_its_best_on() -> None:
    before = [trial(n, 0.9) for n in range(8)]
    batch = [trial(8 + n, early) for n, early in enumerate((0.1, 0.2, 0.3, None))]
    search = Search(students=800, pruner="median")
    assert [t.number for t in survivors(search, before + batch, batch)] == [10]
    assert survivors(search, before, []) == []


def test_best_so_far_counts_what_was_pruned_and_has_its_budget_on_x() -> None:
    def ended(number: int, by: By, value: float | None, spent: float) -> Trial:
        return Trial(number, by, {}, "done" if value else "pruned", "r", "a", spent, value)

    trials = [ended(2, "search", 0.7, 4), ended(0, "search", None, 1), ended(1, "search", 0.8, 5)]
    assert best_so_far(trials, "search") == ([6, 10], [0.8, 0.8])
    assert best_so_far(trials, "baseline") == ([], [])
    top = best([*trials, ended(0, "baseline", 0.9, 4)])
    assert top is not None and top.by == "baseline"
    assert best([], "search") is None


def test_importance_finds_the_knob_that_matters() -> None:
    search = Search(students=512)
    trials = played(search)
    shares = importance(search, trials)
    assert shares is not None and sum(shares.values()) == pytest.approx(1)
    assert set(shares) == {"temperature", "alpha", "learning_rate"}
    assert max(shares, key=lambda knob: shares[knob]) == "alpha" and shares["learning_rate"] < 0.1
    assert importance(search, trials[:7]) is None
    assert importance(search, [replace(t, value=0.5) for t in trials]) is None
