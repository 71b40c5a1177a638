"""Every method is live in the Lab with its own knobs, from its declaration alone: a toy method shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import pytest
from torch import Tensor

from app import by_hand, controls, knobs, method_list, session
from app.controls import BY_NAME, address, clamp_all, defaults, find, table, unknown
from app.experiments import differences, experiment_from, main_arm, values_of
from app.loss_words import formula
from app.mending import refusal
from app.roles import roles_of
from app.watch import watch
from kdcore import gallery, methods
from kdcore.experiment import Arm, Command, Experiment
from kdcore.methods import Method, Range, Temperature, method
from kdcore.runs import RunLog
from kdcore.signal import Signal
from tests.app.made import make_frame, write_run
from tests.app.page import opened
from tests.app.test_session import Tab, kinds, real_streamlit, tab

__all__ = ["real_streamlit", "tab"]
METHODS = BY_NAME["method"].options


def _toy(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    sharpness: Annotated[float, Range(0.01, 100, log=True)] = 3.0,
    slope: Annotated[float, Range(-1, 1)] = 0.5,
    split: Annotated[float, Range(0, 10)] = 2.0,
    mirrored: bool = True,
    variant: Literal["paper", "released code"] = "paper",
    temperature: Temperature = 2.0,
) -> dict[str, Tensor]:
    """Pull logits together."""
    gap = (student.logits - teacher.logits).square().mean(-1) * sharpness * slope + split
    return {"pull": gap / temperature if mirrored and variant == "paper" else gap}


@pytest.fixture
def toy() -> Iterator[Method]:
    declared = method(needs=("logits",), weight=5.0, name="toy")(_toy)
    methods.register(declared)
    yield declared
    methods._methods.pop("toy")


def test_a_toy_method_has_its_controls_from_its_declaration_alone(toy: Method) -> None:
    assert "toy" in BY_NAME["method"].options
    own = {control.name: control for control in knobs.own("toy", BY_NAME)}
    assert list(own) == [
        "weight", "hard_weight", "sharpness", "slope", "split_knob", "mirrored", "variant", "standardise"
    ]  # fmt: skip
    assert own["weight"].default == 5 and own["hard_weight"].default == 1
    assert own["sharpness"].log and (own["sharpness"].low, own["sharpness"].high) == (0.01, 100)
    assert own["variant"].options == ("paper", "released code") and own["variant"].restarts
    assert own["mirrored"].kind == "switch" and own["mirrored"].restarts and not own["slope"].restarts
    assert own["split_knob"].knob == "split", "another control of every run has that name"
    assert find("toy", "temperature").default == 2  # type: ignore[union-attr]


def test_a_toy_method_has_its_sliders_on_the_page(toy: Method, log: RunLog) -> None:
    page = opened(method="toy", sharpness="7", slope="9", variant="released code", mirrored="no")
    assert page.select_slider(key="toy.sharpness").value == 7
    assert page.slider(key="toy.slope").value == 1
    assert page.selectbox(key="toy.variant").value == "released code" and not page.toggle(key="toy.mirrored").value
    assert page.number_input(key="toy.weight").value == 5
    assert any("'9' does not lie in [-1, 1]" in note for note in page.session_state["notes"])
    page.slider(key="toy.slope").set_value(0.1)
    page.toggle(key="toy.mirrored").set_value(True)
    page.run()
    assert not page.exception
    said = {"method": "toy", "sharpness": "7", "slope": "0.1", "variant": "released code"}
    assert dict(page.query_params) == said
    wanted = experiment_from(page.session_state["values"])
    assert isinstance(wanted, Experiment)
    assert main_arm(wanted) == Arm("toy", temperature=2, sharpness=7, slope=0.1, variant="released code")


def test_a_toy_method_has_a_formula_with_its_knobs(toy: Method) -> None:
    experiment = Experiment(arms=(Arm("toy", sharpness=7.0, variant="released code"),))
    said = formula(make_frame(experiment, 3), roles_of(experiment)[0], experiment.arms[0].knobs)
    assert said == (
        "loss = 1 · CE(label, student) + 5 · toy, T = 2, sharpness = 7, slope = 0.5, split = 2, variant released code"
    )


@pytest.mark.parametrize("name", METHODS)
def test_every_methods_formula_names_its_terms_and_knobs(name: str) -> None:
    declared = methods.get(name)
    values = defaults(name)
    values |= refused.helps if (refused := refusal(values)) else {}
    experiment = experiment_from(values)
    assert isinstance(experiment, Experiment)
    said = formula(make_frame(experiment, 3), roles_of(experiment)[0], experiment.arms[0].knobs)
    assert said.startswith(f"loss = {declared.hard_weight:g} · CE(label, student) + {declared.weight:g} · ")
    for knob in declared.knobs.values():
        if knob.kind == "number" and knob.name != "temperature":
            assert f"{knob.name.replace('_', ' ')} = {knob.default:.3g}" in said
    if name != "hinton" and name in gallery.words():
        assert all(term.replace("_", " ") in said for term in gallery.words()[name].formula)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_begins_as_its_paper_has_it(name: str) -> None:
    values = clamp_all({"method": name})[0]
    assert values == defaults(name) and address(values) == ({} if name == "hinton" else {"method": name})
    values |= refused.helps if (refused := refusal(values)) else {}
    experiment = experiment_from(values)
    assert isinstance(experiment, Experiment) and main_arm(experiment) == Arm(name)


@pytest.mark.parametrize("name", METHODS)
def test_every_knob_goes_into_the_address_and_comes_back_from_a_run(name: str) -> None:
    values = defaults(name)
    values |= refused.helps if (refused := refusal(values)) else {}
    for control in table(name):
        if control.method and control.kind == "number":
            values[control.name] = control.high if values[control.name] == control.low else control.low
        elif control.method and control.kind == "switch":
            values[control.name] = not values[control.name]
        elif control.method:
            values[control.name] = control.options[-1]
    assert clamp_all(address(values)) == (values, [])
    experiment = experiment_from(values)
    assert isinstance(experiment, Experiment)
    assert values_of(experiment) == values


def test_a_bad_knob_becomes_the_nearest_good_one() -> None:
    values, sentences = clamp_all({"method": "jsd", "beta": "7", "standardise": "perhaps", "temperature": "nan"})
    assert (values["beta"], values["standardise"], values["temperature"]) == (1.0, False, 1.0)
    assert len(sentences) == 3 and "'7' does not lie in [0, 1]; 1 is used." in sentences[1]
    assert "'beta'" in unknown(["beta"], "hinton")[0] and unknown(["beta"], "jsd") == []


def test_a_temperature_for_a_method_without_one_is_said_to_be_ignored() -> None:
    values, sentences = clamp_all({"method": "logit_mse", "temperature": "9"})
    assert values["temperature"] == 4.0 and sentences == ["temperature: logit mse has none; it is ignored."]


def test_choosing_a_method_brings_its_papers_values_and_says_so(tab: Tab) -> None:
    tab.state["method"] = "nkd"
    tab.look()
    assert tab.state["temperature"] == 1.0 and tab.state["nkd.gamma"] == 1.5
    assert tab.notes == "Temperature 1 and weight 1, as in its paper." and tab.address == {"method": "nkd"}
    tab.state["method"] = "hinton"
    tab.look()
    assert tab.state["temperature"] == 4.0 and tab.state["alpha"] == 0.9 and tab.address == {}


def test_what_was_set_by_hand_for_a_method_is_there_when_it_is_chosen_again(tab: Tab) -> None:
    tab.act("set", knob="temperature", value=8)
    tab.state["method"] = "nkd"
    tab.look()
    assert tab.state["temperature"] == 1.0, "8 was meant for another method"
    tab.state["nkd.gamma"] = 3.0
    tab.state["method"] = "hinton"
    tab.look()
    assert tab.state["temperature"] == 8.0 and tab.notes == "Alpha 0.9, as usual; temperature 8, as you had it."
    tab.state["method"] = "nkd"
    tab.look()
    assert tab.state["nkd.gamma"] == 3.0 and tab.address == {"method": "nkd", "gamma": "3"}


def test_what_the_address_says_of_a_method_holds(log: RunLog) -> None:
    tab = Tab(log, method="nkd", temperature="9", gamma="2", weight="0.5")
    tab.look()
    assert (tab.state["temperature"], tab.state["nkd.gamma"], tab.state["nkd.weight"]) == (9.0, 2.0, 0.5)
    tab.act("train")
    run = log.run(tab.address["run"])
    assert run is not None and main_arm(run.experiment) == Arm("nkd", temperature=9, gamma=2, weight=0.5)


def test_numbers_act_on_a_run_at_once_and_on_the_methods_own_arm_alone(tab: Tab, log: RunLog) -> None:
    tab.state["method"] = "nkd"
    tab.look()
    tab.act("train")
    tab.act("set", knob="weight", value=0.25)
    tab.act("set", knob="gamma", value=99)
    tab.act("set", knob="temperature", value=2)
    tab.act("set", knob="standardise", value=True)
    told = [(c.knob, c.value, c.arm) for c in log.commands(tab.address["run"])]
    assert told == [("weight", 0.25, "nkd"), ("gamma", 64.0, "nkd"), ("temperature", 2.0, None)]
    watched = watch(log, tab.address["run"])
    assert watched is not None
    watched._read_at = watched._slow_at = -1e9
    watched.refresh()
    assert values_of(watched.run.experiment, watched.commands)["gamma"] == 64
    tab.look()
    assert tab.state["nkd.gamma"] == 64 and tab.state["nkd.weight"] == 0.25


def test_knobs_of_another_method_wait_for_the_next_run(tab: Tab, log: RunLog) -> None:
    tab.act("train")
    tab.state["method"] = "nkd"
    tab.look()
    tab.act("set", knob="weight", value=0.25)
    tab.act("set", knob="temperature", value=2)
    assert kinds(log, tab.address["run"]) == [] and tab.state["nkd.weight"] == 0.25


def test_who_watches_sees_the_knobs_move(log: RunLog) -> None:
    run_id = write_run(log, Experiment(arms=(Arm("nkd"),)), state="running")
    owner, other = Tab(log, run=run_id), Tab(log, "other", run=run_id)
    owner.look()
    other.look()
    owner.act("set", knob="gamma", value=4)
    watched = watch(log, run_id)
    assert watched is not None
    watched._read_at = watched._slow_at = -1e9
    vars(session)["st"] = other.streamlit
    session.tick(log)
    assert session.moved_on(), "a slider in a widget moves with the next full run of the page"
    other.look()
    assert other.state["nkd.gamma"] == 4.0 and not session.moved_on()


def test_differences_name_a_methods_knobs() -> None:
    shown = defaults("nkd")
    changed = shown | {"standardise": True, "gamma": 2.0}
    assert differences(changed, shown, acts_at_once=True) == ["standardise: false, now true"]
    assert differences(changed, shown, acts_at_once=False) == ["gamma: 1.5, now 2", "standardise: false, now true"]
    assert differences(changed, defaults(), acts_at_once=True) == [
        "method: hinton, now nkd", "gamma: 2", "standardise: true"
    ]  # fmt: skip


def test_a_command_to_another_arm_does_not_move_the_controls() -> None:
    experiment = Experiment(arms=(Arm("nkd"), Arm("jsd", "other")))
    commands = [Command(kind="set", knob="gamma", value=3.0, arm="other", step=3)]
    assert values_of(experiment, commands)["gamma"] == 1.5


def test_the_weight_stands_where_alpha_would_be(log: RunLog) -> None:
    board = opened(method="dkd").session_state["seen"]
    assert board["knobs"]["alpha"] is None and board["knobs"]["weight"] == {"value": 1.0, "usual": 1.0, "hard": 1.0}
    board = opened().session_state["seen"]
    assert board["knobs"]["alpha"] == 0.9 and board["knobs"]["weight"] is None


def test_methods_are_listed_by_what_moves() -> None:
    families = [method_list.family(name) for name in METHODS[1:]]
    assert METHODS[0] == "hinton" and "hard" not in METHODS and families == sorted(families, key=_rank)
    assert method_list.option("dkd") == "logits · dkd: decoupled opinions"


def _rank(family: gallery.Family) -> int:
    return list(gallery.FAMILIES).index(family)


def test_what_one_method_remembers_is_not_anothers() -> None:
    memory: by_hand.Memory = {}
    held = defaults("dist") | {"method": "wsld", "weight": 7.0}
    values, said = by_hand.with_method(held, "dist", memory)
    assert values["weight"] == methods.get("wsld").weight and memory == {"dist": {"weight": 7.0}}
    assert said == ["Temperature 2 and weight 2.5, as in its paper."]
    back, said = by_hand.with_method(values | {"method": "dist"}, "wsld", memory)
    assert back["weight"] == 7.0 and said == ["Temperature 4, as in its paper; weight 7, as you had it."]
    assert controls.clamp_all(back)[1] == []
