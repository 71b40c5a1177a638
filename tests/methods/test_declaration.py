"""From one declaration derive knobs, bounds, weights and what the loop must supply."""

from __future__ import annotations

from typing import Annotated

import pytest
import torch
from torch import Tensor

from kdcore import Signal, methods
from kdcore.methods import Range, Temperature, Terms, method, total
from tests.small import known


@method(needs=("features",), weight=1000.0)
def declared(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    ids: Tensor,
    side: object = None,
    temperature: Temperature = 3,
    strength: Annotated[float, Range(-1, 1)] = 0.5,
    switch: bool = True,
) -> Terms:
    """First line.

    Second paragraph.
    """
    return {}


def test_knobs_come_from_the_signature() -> None:
    assert list(declared.knobs) == ["temperature", "strength", "switch"]
    temperature, strength, switch = declared.knobs.values()
    assert (temperature.default, temperature.low, temperature.high, temperature.log) == (3.0, 0.25, 64, True)
    assert (strength.default, strength.low, strength.high, strength.log) == (0.5, -1, 1, False)
    assert (switch.default, switch.kind) == (True, "bool")


def test_what_the_loop_supplies_is_no_knob() -> None:
    assert declared.supplied == ("ids", "side")


def test_name_text_and_weights_are_the_functions_own() -> None:
    assert declared.name == "declared"
    assert declared.about == "First line."
    assert declared.source == "From one declaration derive knobs, bounds, weights and what the loop must supply."
    assert (declared.hard_weight, declared.weight, declared.alpha) == (1.0, 1000.0, None)
    assert methods.get("hinton").alpha == 0.9
    assert methods.get("hinton").hard_weight == 0.1


@pytest.mark.parametrize("value", [0.2, 65, float("nan"), float("inf"), "4", None, True])
def test_a_value_out_of_bounds_is_refused_with_the_bounds(value: object) -> None:
    with pytest.raises(ValueError, match=r"temperature must lie in \[0.25, 64\]; got"):
        declared.knobs["temperature"].check(value)


def test_a_switch_takes_only_true_and_false() -> None:
    assert declared.knobs["switch"].check(False) is False
    with pytest.raises(ValueError, match="true or false"):
        declared.knobs["switch"].check(1)


def test_a_knob_without_bounds_cannot_be_declared() -> None:
    def endless(student: Signal, teacher: Signal, labels: Tensor, *, strength: float = 1.0) -> Terms:
        return {}

    with pytest.raises(TypeError, match="strength"):
        method(needs=("logits",))(endless)


def test_two_methods_cannot_share_a_name() -> None:
    with known(declared):
        assert "declared" in methods.names()
        assert methods.register(declared) is declared
        again = method(needs=("logits",), name="declared")(declared.function)
        with pytest.raises(ValueError, match="declared"):
            methods.register(again)
    assert "declared" not in methods.names()


def test_an_unknown_method_is_answered_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="hinton"):
        methods.get("osmosis")


def test_the_methods_of_the_spine_are_there_in_order() -> None:
    spine = {"answers", "hard", "hinton", "label_smoothing", "shuffled", "smoothed"}
    assert spine <= set(methods.names())
    assert methods.names() == sorted(methods.names())


def test_total_is_one_number_per_student_whatever_the_terms_speak_of() -> None:
    terms = {"each": torch.tensor([[1.0, 2.0], [3.0, 5.0]]), "whole batch": torch.tensor([[10.0], [20.0]])}
    assert total(terms).tolist() == [11.5, 24.0]


@method(needs=("penultimate",))
def needs_side(student: Signal, teacher: Signal, labels: Tensor, *, side: object) -> Terms:
    """A feature method that may be given a trainable piece."""
    assert callable(side)
    return {"gap": (side(student.penultimate) - teacher.penultimate).square().sum(-1)}


def test_without_a_side_piece_a_feature_method_can_be_called_directly() -> None:
    layer = torch.randn(4, 3)
    signal = Signal(torch.zeros(4, 2), {"layer": layer})
    assert needs_side(signal, signal, torch.zeros(4))["gap"].tolist() == [0.0] * 4
