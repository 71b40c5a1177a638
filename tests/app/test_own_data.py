"""The tab "Your numbers": dropping a file, what is said of it, using it, taking it away; and the controls with it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app import share
from app.controls import BY_NAME, TABLE, address, clamp_all, defaults, spoken
from app.experiments import experiment_from, values_of
from app.magnified import takes_drawings
from app.own_data import EXAMPLE
from app.watch import watch
from kdcore import datasets
from kdcore.datasets import own, upload
from kdcore.experiment import Experiment
from kdcore.runs import RunLog
from tests.app.page import opened
from tests.own import arrays, npz


@pytest.fixture(autouse=True)
def _nothing_remembered(log: RunLog) -> Iterator[None]:
    datasets._load.cache_clear()
    own._kept.cache_clear()
    yield


def tab() -> AppTest:
    return opened_tune(tab="Your numbers")


def opened_tune(**address: str) -> AppTest:
    page = opened(**address)
    page.switch_page("screens/tune.py")
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def drop(page: AppTest, content: bytes, name: str = "my fruit.npz") -> AppTest:
    page.file_uploader[0].set_value((name, content, "application/octet-stream")).run()
    assert not page.exception
    return page


def said(page: AppTest) -> str:
    return "\n".join(element.value for element in page.markdown)


def test_the_tab_says_what_a_file_must_hold() -> None:
    page = tab()
    assert "teacher_logits" in said(page) and "None yet" in said(page)
    assert page.code[0].value == EXAMPLE.rstrip() or page.code[0].value == EXAMPLE


def test_the_example_on_screen_makes_a_file_that_is_taken(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.chdir(str(tmp_path))
    given = arrays()
    names = {"torch": torch, "X": given["inputs"], "y": given["labels"], "teacher": torch.nn.Linear(6, 3)}
    exec(EXAMPLE, names)
    with open("mine.npz", "rb") as file:
        assert upload.read(file.read()).teacher_logits.shape == (120, 3)


def test_a_dropped_file_becomes_a_data_set() -> None:
    page = drop(tab(), npz())
    (name,) = own.names()
    assert datasets.title(name) == "my fruit" and "my fruit" in page.success[0].value
    text = said(page)
    assert "120 rows, 6 features a row, no pictures, 3 classes." in text
    data = datasets.load(name)
    assert data.teacher_logits is not None
    right = (data.teacher_logits.argmax(-1) == data.labels)[data.validation].float().mean()
    assert f"**{float(right) * 100:.1f} %** of the validation rows" in text


def test_pictures_are_previewed_and_rows_that_do_not_match_are_warned_about() -> None:
    given = arrays(rows=240, shape=(8, 8))
    page = drop(tab(), npz(given, teacher_logits=np.roll(given["teacher_logits"], 1, axis=0)))
    assert "pictures of 1 x 8 x 8 pixels" in said(page)
    assert "in the same order?" in page.warning[0].value


def test_a_bad_file_is_refused_with_its_sentence_and_nothing_is_kept() -> None:
    page = drop(tab(), npz(labels=None))
    assert "It must hold three arrays" in page.error[0].value
    assert own.names() == [] and not page.success
    drop(page, npz())
    assert not page.error and len(own.names()) == 1


def test_a_data_set_is_removed_but_not_while_a_run_needs_it(log: RunLog) -> None:
    name = own.add(npz(), "mine")
    run_id = log.create(Experiment(dataset=name), owner="me")
    page = tab()
    assert "A run that is going on uses it" in said(page)
    log.set_state(run_id, "stopped")
    page = tab()
    page.button(key="own-remove").click().run()
    assert not page.exception and own.names() == [] and "None yet" in said(page)
    shown = opened(run=run_id)  # what was trained on it can still be looked at
    assert shown.query_params["run"] == run_id and shown.session_state["dataset"] == name


def test_others_may_not_remove_what_is_not_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share, "unreachable", lambda: "")
    own.add(npz(), "mine", owner="somebody")
    page = tab()
    assert not [button for button in page.button if button.key == "own-remove"]
    page.session_state["browser"] = "somebody"
    page.run()
    assert [button for button in page.button if button.key == "own-remove"]


def test_its_teacher_is_the_usual_one_for_such_data() -> None:
    name = own.add(npz(), "mine")
    values, sentences = clamp_all({"dataset": name})
    assert values["teacher"] == TABLE and sentences == []
    assert address(values) == {"dataset": name}
    experiment = experiment_from(values)
    assert experiment == Experiment(dataset=name)
    assert values_of(experiment) == values
    assert spoken(BY_NAME["teacher"], TABLE) == "stored logits" and spoken(BY_NAME["dataset"], name) == "mine"
    trained = clamp_all({"dataset": name, "teacher": "mlp-256-256"})[0]
    assert address(trained) == {"dataset": name, "teacher": "mlp-256-256"}
    assert clamp_all(address(trained))[0] == trained


def test_stored_logits_give_way_where_none_are_stored() -> None:
    values, sentences = clamp_all({"teacher": "table"})
    assert values == defaults()
    assert sentences == ["teacher: 'table' is not with these data; MLP 256-256 is used."]
    assert clamp_all({"student": "table"})[0]["student"] == "mlp-64"


def test_choosing_other_data_brings_their_usual_teacher() -> None:
    name = own.add(npz(), "mine")
    page = opened()
    page.selectbox(key="dataset").set_value(name).run()
    assert page.session_state["teacher"] == TABLE and not page.exception
    page.selectbox(key="teacher").set_value("mlp-64").run()
    page.selectbox(key="dataset").set_value("digits").run()
    assert page.session_state["teacher"] == "mlp-64"
    page.selectbox(key="dataset").set_value(name).run()
    assert page.session_state["teacher"] == "mlp-64"
    page.selectbox(key="teacher").set_value(TABLE).run()
    page.selectbox(key="dataset").set_value("spirals").run()
    assert page.session_state["teacher"] == "mlp-256-256"


def test_a_run_on_data_that_were_never_here_is_no_crash(log: RunLog) -> None:
    name = own.add(npz(), "mine")
    run_id = log.create(Experiment(dataset=name), owner="me")
    for file in own._folder().iterdir():
        file.unlink()
    page = opened(run=run_id)
    assert "run" not in page.query_params and page.session_state["dataset"] == "digits"


def test_there_is_no_drawing_pad_where_nobody_can_be_asked(log: RunLog) -> None:
    name = own.add(npz(arrays(rows=200, classes=10, shape=(8, 8))), "mine")
    drawn = {data: watch(log, log.create(Experiment(dataset=data), owner="me")) for data in (name, "digits")}
    assert [found is not None and takes_drawings(found) for found in drawn.values()] == [False, True]


def test_two_of_the_same_title_can_be_told_apart() -> None:
    names = [own.add(npz(arrays(seed=seed)), "mine") for seed in (0, 1)]
    assert [datasets.title(name) for name in names] == [f"mine {name[-6:]}" for name in names]
    assert datasets.title("drawn_digits") == "drawn digits"
