"""The page Methods as AppTest runs it: an entry is open at once, any address is met, the link leads to the Lab."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from app import controls
from app.experiments import experiment_from
from app.gallery import trying
from app.gallery.listing import snapshot
from kdcore import Experiment, costs, gallery, methods
from kdcore.runs import RunLog
from tests.app.page import MAIN
from tests.small import known
from tests.test_gallery import toy_of_the_gallery

PAGE = "screens/methods.py"


def opened(**address: str) -> AppTest:
    page = AppTest.from_file(MAIN, default_timeout=60)
    page.switch_page(PAGE)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def text(page: AppTest) -> str:
    return "\n".join(str(shown.value) for shown in page.markdown)


def test_plain_distillation_is_open_before_the_first_click(log: RunLog) -> None:
    page = opened()
    assert "## Hinton's distillation" in text(page) and "arXiv:1503.02531" in text(page)
    assert page.latex[0].value.count("&=") == 2 and r"0.9\,\text{soft}" in page.latex[0].value
    assert "def hinton" in page.code[0].value
    assert "| temperature | 4 | 0.25 to 64 |" in text(page) and "| alpha | 0.9 | 0 to 1 |" in text(page)
    assert "not measured on this machine yet" in text(page)


def test_an_entry_is_chosen_by_the_address_and_an_unknown_one_is_said(log: RunLog) -> None:
    page = opened(entry="dkd")
    assert "## Decoupled distillation" in text(page) and "non target weight | 8 | 0 to 64" in text(page)
    assert "What others do" in text(page) and "Where this one deviates" in text(page)
    page = opened(entry="<script>alert(1)</script>")
    assert "no method or programme" in page.info[0].value and "## Hinton's distillation" in text(page)


def test_a_programme_shows_who_teaches_whom(log: RunLog) -> None:
    page = opened(entry="chain")
    assert "What its stages cost together" in text(page) and "def arms" in page.code[0].value


def test_a_toy_of_ones_own_is_in_the_gallery_with_nothing_else_touched(log: RunLog) -> None:
    with known(toy_of_the_gallery):
        page = opened(entry="toy_of_the_gallery")
        assert "The student bends towards" in text(page) and "| bend | 0.5 | 0 to 2 |" in text(page)
        assert r"\text{bent}" in page.latex[0].value and "**110** weights" in text(page)
        entries = snapshot(gallery.entries(), "hinton", present=False)["entries"]
        assert "toy_of_the_gallery" in {entry["name"] for entry in entries}


def test_what_was_measured_here_is_shown(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = {"hinton": costs.Cost(4.0, 1.0, 1.0, 1.0, 0.0), "dkd": costs.Cost(4.6, 1.15, 1.1, 1.2, 0.0)}
    costs.keep(measured)
    assert "**1.15 times** as long" in text(opened(entry="dkd"))
    assert "**4.0 ms**" in text(opened(entry="hinton"))
    assert "not measured on this machine yet" in text(opened(entry="nkd"))


def test_measuring_is_started_by_the_button_and_watched(log: RunLog, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []
    monkeypatch.setattr(costs, "start", lambda: begun.append(True))
    monkeypatch.setattr(costs, "progress", lambda: 0.25 if begun else None)
    page = opened(entry="dkd")
    (button,) = [button for button in page.button if button.label == "Measure here"]
    button.click().run()
    assert not page.exception and begun == [True]
    assert not [button for button in page.button if button.label == "Measure here"]


def test_the_race_has_its_tab(log: RunLog) -> None:
    page = opened(tab="Race")
    assert not page.exception and "## Hinton's distillation" not in text(page)


@pytest.mark.parametrize("name", gallery.names())
def test_try_it_in_the_lab_sets_what_the_entry_says(name: str) -> None:
    entry = gallery.get(name)
    address = trying.in_the_lab(entry)
    values, sentences = controls.clamp_all(address)
    assert sentences == []
    experiment = experiment_from(values)
    assert isinstance(experiment, Experiment), experiment
    if entry.programme:
        assert experiment.programme == entry.programme
        return
    arm = experiment.arms[0]
    assert arm.method == (entry.name if name != "hard" else "hinton")
    if name != "hard":
        declared = methods.get(name)
        assert arm.knobs == {knob.name: knob.default for knob in declared.knobs.values()}
        assert (arm.hard_weight, arm.weight) == pytest.approx((declared.hard_weight, declared.weight))


def test_the_list_can_be_searched_by_what_people_remember() -> None:
    entries = {e["name"]: e for e in snapshot(gallery.entries(), "hinton", present=False)["entries"]}
    for name, words in {"dkd": ("zhao", "2022", "decoupled", "non_target"), "hinton": ("1503.02531", "logits")}.items():
        assert all(word in entries[name]["words"] for word in words)
    assert entries["hinton"]["alone"] and not entries["hard"]["says"].endswith("..")
    assert all(len(entry["says"]) > 10 for entry in entries.values())
