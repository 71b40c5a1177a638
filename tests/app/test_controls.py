"""Whatever arrives from an address or a widget becomes a usable value, with a sentence where it was changed."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.controls import BY_NAME, Control, address, clamp, clamp_all, defaults, table, unknown
from app.experiments import differences, experiment_from, values_of
from app.mending import refusal
from kdcore.experiment import Command, Experiment

STRANGE = [
    "nan",
    "NaN",
    "inf",
    "-inf",
    "1e999",
    "-1",
    "0",
    "99999999999999999999",
    "",
    " ",
    "abc",
    "<b>x</b>",
    "4,4",
    "é",
]
anything = st.one_of(
    st.text(max_size=40), st.sampled_from(STRANGE), st.floats(), st.integers(), st.none(), st.booleans()
)


@given(st.sampled_from([control for name in BY_NAME["method"].options for control in table(name)]), anything)
def test_every_value_is_brought_within_bounds_and_stays_there(control: Control, given_value: Any) -> None:
    value, sentence = clamp(control, given_value)
    assert clamp(control, value) == (value, None)
    assert sentence is None or sentence.endswith("is used.")
    if control.kind in ("number", "whole"):
        assert isinstance(value, int | float) and math.isfinite(value) and control.low <= value <= control.high


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from([*BY_NAME, "run", "x"]), st.one_of(st.text(max_size=30), st.sampled_from(STRANGE)))
)
def test_any_address_gives_an_experiment_or_reasons(query: dict[str, str]) -> None:
    values, _ = clamp_all(query)
    found = experiment_from(values)
    assert isinstance(found, Experiment) or (found and all(isinstance(reason, str) for reason in found))
    assert clamp_all(address(values))[0] == values


def test_the_defaults_are_thirty_pictures() -> None:
    assert experiment_from(defaults()) == Experiment()
    assert values_of(Experiment()) == defaults()
    assert address(defaults()) == {}


@pytest.mark.parametrize(
    ("name", "given_value", "value"),
    [
        ("temperature", "nan", 4.0),
        ("temperature", "1e999", 64.0),
        ("temperature", "0", 0.25),
        ("steps", "-5", 1),
        ("seeds", "1e9", 64),
        ("per_class", "all", "all"),
        ("per_class", "-3", "1"),
        ("omit", "3,x", [3]),
        ("dataset", "cats", "digits"),
        ("teacher", "512-512", "mlp-512-512"),
        ("student", "CNN 4 8", "cnn-4-8"),
        ("student", "ResMLP-32-32", "resmlp-32-32"),
        ("student", "Residual MLP 32-32", "resmlp-32-32"),
        ("teacher", "plain cnn 8 16", "plaincnn-8-16"),
        ("student", "vit 16-2-4", "vit-16-2-4"),
        ("student", "resnet-18", "mlp-64"),
        ("programme", "everybody", "solo"),
        ("student", "a;drop table", "mlp-64"),
        ("null_arms", "perhaps", False),
    ],
)
def test_bad_values_become_the_nearest_good_one(name: str, given_value: str, value: Any) -> None:
    assert clamp(BY_NAME[name], given_value)[0] == value


def test_a_changed_value_is_said() -> None:
    assert clamp(BY_NAME["temperature"], "100")[1] == "temperature: '100' does not lie in [0.25, 64]; 64 is used."


def test_unknown_names_are_said() -> None:
    assert "colour" in unknown(["colour", "run", "steps"])[0]
    assert unknown(["run", "steps"]) == []


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"omit": list(range(10))}, "omitted"),
        ({"labels": "40"}, "40 labels"),
        ({"per_class": "5000"}, "5000 a class"),
        ({"student": "mlp-0"}, "student: mlp-0 cannot be"),
        ({"teacher": "mlp-1000000"}, "teacher: mlp-1000000 cannot be"),
        ({"dataset": "spirals", "student": "cnn-4-8"}, "a cnn needs pictures"),
        ({"dataset": "spirals", "student": "vit-16-2-4"}, "a vit needs pictures"),
        ({"student": "vit-16"}, "student: vit-16 cannot be"),
    ],
)
def test_impossible_experiments_are_refused_with_the_reason(changes: dict[str, Any], word: str) -> None:
    refused = experiment_from(defaults() | changes)
    assert isinstance(refused, list) and word in refused[0]


@pytest.mark.parametrize("method", BY_NAME["method"].options)
@pytest.mark.parametrize("null_arms", [False, True])
def test_a_run_sets_the_controls_that_describe_it(method: str, null_arms: bool) -> None:
    values = defaults(method) | {"null_arms": null_arms, "omit": [3], "labels": "10", "first_seed": 8}
    refused = refusal(values)
    if refused is not None:
        assert refused.helps, f"{refused.why} And nothing is offered that would help"
        values |= refused.helps
    experiment = experiment_from(values)
    assert isinstance(experiment, Experiment)
    assert values_of(experiment) == values


def test_the_last_commands_set_the_controls() -> None:
    commands = [Command(kind="set", knob="temperature", value=8.0, step=3), Command(kind="pause", step=4)]
    assert values_of(Experiment(), commands) == defaults() | {"temperature": 8.0}


def test_null_arms_hear_at_the_same_temperature_and_alpha() -> None:
    experiment = experiment_from(defaults() | {"null_arms": True, "temperature": 8.0, "alpha": 0.5})
    assert isinstance(experiment, Experiment)
    assert [arm.name for arm in experiment.arms] == ["hinton", "hard", "answers", "smoothed", "shuffled"]
    assert {arm.weight for arm in experiment.arms if arm.method != "hard"} == {0.5}
    assert {arm.knobs["temperature"] for arm in experiment.arms if "temperature" in arm.knobs} == {8.0}


def test_only_what_takes_a_new_run_is_announced() -> None:
    changed = defaults() | {"temperature": 1.0, "steps": 60}
    assert differences(changed, defaults(), acts_at_once=True) == ["steps: 600, now 60"]
    assert differences(changed, defaults(), acts_at_once=False) == ["temperature: 4, now 1", "steps: 600, now 60"]
