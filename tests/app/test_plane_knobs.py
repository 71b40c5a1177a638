"""Any method's numbers may be axes of a plane or be searched; its choices and switches are shared by all cells."""

from __future__ import annotations

import pytest

from app.library.library_table import spoken
from app.plane import wanted_plane
from app.search import search_controls
from kdcore import methods
from kdcore.planes import Plane


def test_the_weight_of_a_method_without_alpha_is_laid_around_that_of_its_paper() -> None:
    assert wanted_plane.usual("weight", "hinton") == wanted_plane.USUAL["weight"]
    assert max(wanted_plane.usual("weight", "ttm")) == 30 * methods.get("ttm").weight


@pytest.mark.parametrize("method", [name for name in methods.names() if name != "hard"])
def test_any_two_number_knobs_make_a_plane_and_choices_are_shared_by_all_cells(method: str) -> None:
    known, declared = wanted_plane.knobs_of(method), methods.get(method).knobs
    assert [name for name in known if name in declared] == [n for n, knob in declared.items() if knob.kind == "number"]
    axes = (
        wanted_plane.AxisWish(known[0]),
        wanted_plane.AxisWish("learning_rate" if known[0] != "learning_rate" else "weight"),
    )
    choices = {name: knob.choices[-1] for name, knob in declared.items() if knob.kind == "choice"}
    maps = {"student": "cnn-4-8", "teacher": "cnn-8-16"} if "maps" in methods.get(method).needs else {}
    wanted = wanted_plane.plane_from(wanted_plane.usual_values() | {"method": method} | maps, axes, choices)
    assert isinstance(wanted, Plane)
    assert wanted_plane.values_of_plane(wanted)[2] == {
        name: choice for name, choice in choices.items() if choice != declared[name].default
    }


def test_a_searched_weight_lies_around_that_of_its_paper() -> None:
    size = methods.get("ttm").weight
    assert search_controls.usual("weight", "ttm") == (0.01 * size, 30 * size, True)
    assert search_controls.usual("weight", "hinton") == (0.01, 30, True)


def test_long_lists_of_words_are_counted_in_the_library() -> None:
    assert spoken(("paper", "released code")) == "paper, released code"
    assert spoken(("a", "b", "c", "d", "e")) == "a, b and 3 more"
    assert spoken((1.0, 2.0, 4.0)) == "1 to 4"
