"""What cannot be trained is said before anybody presses Train, with what helps; programmes add their students."""

from __future__ import annotations

from typing import Any

import pytest

from app import sentences, session
from app.controls import BY_NAME, clamp_all, defaults
from app.experiments import experiment_from, values_of
from app.mending import refusal
from app.roles import roles_of
from app.snapshot import snapshot
from kdcore.experiment import Experiment
from kdcore.runs import RunLog
from tests.app.made import make_frame
from tests.app.test_session import Tab, real_streamlit

__all__ = ["real_streamlit"]


def test_what_cannot_be_trained_is_said_before_train_with_what_helps(log: RunLog) -> None:
    tab = Tab(log, method="attention")
    tab.look()
    board = snapshot(log, None, session.viewer())
    assert "attention needs maps" in board["refused"]
    assert board["suggest"] == {"text": "Use student CNN 4-8 and teacher CNN 8-16", "do": "mend"}
    tab.act("mend")
    assert session.moved_on()
    tab.look()
    assert tab.state["student"] == "cnn-4-8" and tab.state["teacher"] == "cnn-8-16"
    board = snapshot(log, None, session.viewer())
    assert board["refused"] == "" and board["suggest"] is None
    tab.act("train")
    assert log.runs()[0].experiment.arms[0].method == "attention"


@pytest.mark.parametrize(
    ("changes", "offer"),
    [
        ({"student": "mlp-0"}, "Use student MLP 64"),
        ({"labels": "40"}, "Use kept labels all"),
        ({"dataset": "spirals", "student": "cnn-4-8"}, "Use student MLP 64"),
        ({"omit": list(range(10))}, "Use omitted classes none"),
    ],
)
def test_the_smallest_change_that_helps_is_offered(changes: dict[str, Any], offer: str) -> None:
    refused = refusal(defaults() | changes)
    assert refused is not None and refused.offer == offer


def test_a_programme_adds_its_arms_and_is_told_apart_from_null_arms() -> None:
    for programme in BY_NAME["programme"].options:
        values = clamp_all({"programme": programme, "null_arms": "yes" if programme == "chain" else "no"})[0]
        experiment = experiment_from(values)
        assert isinstance(experiment, Experiment) and values_of(experiment) == values
        assert (len(experiment.arms) == 2) == (programme == "solo")
        assert roles_of(experiment)[0].label == "opinions"


def test_the_headline_compares_the_first_two_and_the_detail_names_the_programmes_students() -> None:
    experiment = Experiment(programme="chain")
    frame, roles = make_frame(experiment, 600), roles_of(experiment)
    assert sentences.headline(experiment, roles, frame, None).startswith(
        "Both saw these 30 pictures. One got labels, one got opinions: "
    )
    said = sentences.beside(experiment, roles, frame)
    assert said.startswith("Also, to the same control: one assistant ") and "two assistants" in said
    assert sentences.detail(experiment, roles, frame, None).endswith("8 seeds; one split)")
    assert sentences.beside(Experiment(), roles_of(Experiment()), make_frame(Experiment(), 600)) == ""
