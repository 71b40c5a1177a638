# mypy: disable-error-code="arg-type, call-arg"
"""An experiment is plain data: exactly the same after JSON, and impossible ones are refused with a sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

import kdcore
from kdcore import Arm, Command, Experiment, Network, Teacher, Transfer, methods
from kdcore.experiment import reasons
from kdcore.methods.declaration import LAYERS

# Everything that may be asked for.

SHARES = st.floats(0, 1)
WIDTHS = st.lists(st.integers(1, 64), min_size=1, max_size=3).map(tuple)
MLPS = st.builds(Network, st.just("mlp"), widths=WIDTHS | st.just(()), dropout=st.floats(0, 0.99))
CNNS = st.builds(
    Network, st.just("cnn"), widths=WIDTHS, dropout=st.floats(0, 0.99), norm=st.sampled_from(["none", "group"])
)
BUDGETS = st.fixed_dictionaries({"steps": st.integers(1, 10_000)}) | st.fixed_dictionaries(
    {"epochs": st.integers(1, 500)}
)
TEACHERS = st.builds(
    lambda budget, **fields: Teacher(**fields, **budget),
    budget=BUDGETS,
    network=MLPS | CNNS,
    seed=st.integers(0, 2**31 - 1),
    wrong_labels=SHARES,
    logit_noise=st.floats(0, 100),
    swap=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3).map(tuple),
    learning_rate=st.floats(1e-6, 10),
)
TRANSFERS = st.builds(
    lambda size, **fields: Transfer(**fields, **size),
    size=st.fixed_dictionaries({"per_class": st.integers(1, 74)})
    | st.fixed_dictionaries({"n": st.integers(10, 1000)})
    | st.just({}),
    labels=st.none() | st.integers(0, 1),
    omit=st.lists(st.integers(0, 9), max_size=9, unique=True).map(tuple),
    wrong=SHARES,
    same_for_all=st.booleans(),
)


@st.composite
def arms(draw: Any, names: Callable[[], list[str]] = methods.names) -> Arm:
    method = methods.get(draw(st.sampled_from(names())))
    fields: dict[str, Any] = {}
    for knob in method.knobs.values():
        kinds = {"bool": st.booleans(), "choice": st.sampled_from(knob.choices or ("",))}
        values = kinds.get(knob.kind, st.floats(knob.low, knob.high))
        if draw(st.booleans()):
            fields[knob.name] = draw(values)
    fields |= draw(
        st.fixed_dictionaries({"alpha": SHARES})
        | st.fixed_dictionaries({"weight": st.floats(0, 1e6), "hard_weight": st.floats(0, 1e6)})
        | st.just({})
    )
    fields["teacher"] = draw(st.none() | TEACHERS)
    fields["learning_rate"] = draw(st.none() | st.floats(1e-6, 10))
    return Arm(method.name, draw(st.text(min_size=1, max_size=40)), **fields)


def for_all_networks() -> list[str]:
    """Methods that no pair of networks, no batch and no number of classes rules out."""
    free = [methods.get(name) for name in methods.names()]
    return [m.name for m in free if m.least_batch == 1 and m.least_classes == 2 and not LAYERS & set(m.needs)]


EXPERIMENTS = st.builds(
    lambda budget, **fields: Experiment(**fields, **budget),
    budget=BUDGETS | st.just({}),
    split=st.integers(0, 1000),
    teacher=TEACHERS,
    student=MLPS | CNNS,
    transfer=TRANSFERS,
    arms=st.lists(arms(for_all_networks), min_size=1, max_size=3, unique_by=lambda arm: arm.name)
    .map(tuple)
    .filter(lambda given: "hard" not in {arm.name for arm in given if arm.method != "hard"}),
    control=st.booleans(),
    seeds=st.integers(1, 20) | st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=4, unique=True).map(tuple),
    batch_size=st.integers(1, 4096),
    learning_rate=st.floats(1e-6, 10),
    optimizer=st.sampled_from(["adam", "sgd"]),
    schedule=st.sampled_from(["constant", "cosine"]),
)
COMMANDS = st.builds(
    Command,
    st.sampled_from(["set", "pause", "resume", "step", "stop", "pace", "stop_at", "show"]),
    knob=st.none() | st.text(max_size=60),
    value=st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    arm=st.none() | st.text(max_size=40),
    step=st.none() | st.integers(0, 10**9),
)


@settings(max_examples=60, deadline=None)
@given(st.one_of(EXPERIMENTS, MLPS, CNNS, TEACHERS, TRANSFERS, arms(), COMMANDS))
def test_json_gives_back_exactly_the_same(record: BaseModel) -> None:
    text = record.model_dump_json()
    again = type(record).model_validate_json(text)
    assert again == record
    assert again.model_dump_json() == text
    assert type(record).model_validate(json.loads(text)) == record
    assert type(record)(**record.model_dump()) == record


def test_true_and_one_stay_apart_in_json() -> None:
    for value in (True, 1.0, "1"):
        again = Command.model_validate_json(Command("set", knob="x", value=value).model_dump_json())
        assert type(again.value) is type(value)
    arm = Arm.model_validate_json(Arm("hinton", t_squared=False, temperature=1).model_dump_json())
    assert arm.knobs == {"temperature": 1.0, "t_squared": False, "standardise": False}
    assert type(arm.knobs["temperature"]) is float


def test_the_default_is_thirty_pictures() -> None:
    default = Experiment()
    assert (default.dataset, default.split, default.batch_size, default.learning_rate) == ("digits", 0, 64, 3e-3)
    assert default.transfer == Transfer(per_class=3)
    assert default.transfer_size == 30
    assert default.student == Network("mlp", widths=(64,))
    assert default.teacher.network == Network("mlp", widths=(256, 256), dropout=0.3)
    assert [arm.name for arm in default.arms] == ["hinton", "hard"]
    hinton = default.arms[0]
    assert (hinton.knobs["temperature"], hinton.hard_weight, hinton.weight) == (4.0, 0.1, 0.9)
    assert default.seed_list == tuple(range(8))
    assert default.total_steps(30) == 600


def test_first_arguments_may_be_given_by_position() -> None:
    assert Network("cnn").kind == "cnn"
    assert (Arm("hinton", "warm").method, Arm("hinton", "warm").name) == ("hinton", "warm")
    assert Command("pause").kind == "pause"


def test_alpha_is_shorthand_for_two_weights() -> None:
    assert Arm("hinton", alpha=0.3) == Arm("hinton", hard_weight=0.7, weight=0.3)
    assert Arm("hinton", alpha=1).hard_weight == 0.0
    assert Arm("hard").weight == 0.0


def test_a_network_stands_for_a_teacher_with_its_default_training() -> None:
    network = Network("mlp", widths=(8,))
    assert Experiment(teacher=network).teacher == Teacher(network=network)
    assert Arm("hinton", teacher=network).teacher == Teacher(network=network)
    assert Experiment(teacher={"kind": "mlp", "widths": [8]}) == Experiment(teacher=network)


def test_a_control_is_added_unless_it_is_there_or_not_wanted() -> None:
    assert [arm.name for arm in Experiment(arms=[Arm("answers")]).arms] == ["answers", "hard"]
    assert Experiment(arms=[Arm("hard", "mine"), Arm("answers")]).control_arm == "mine"
    assert len(Experiment(arms=[Arm("hard", "mine"), Arm("answers")]).arms) == 2
    without = Experiment(arms=[Arm("answers")], control=False)
    assert without.control_arm is None
    assert len(without.arms) == 1


def test_an_epoch_is_a_pass_over_the_transfer_set() -> None:
    assert Experiment(epochs=3, batch_size=16).total_steps(30) == 6
    assert Experiment(transfer=Transfer(), epochs=2).transfer_size == 1000
    assert Experiment(transfer=Transfer(omit=[3])).transfer_size is None


def test_records_are_frozen() -> None:
    with pytest.raises(ValidationError):
        Experiment().steps = 3


IMPOSSIBLE: dict[str, tuple[Any, str]] = {
    "a width of nothing": (lambda: Network("mlp", widths=[0]), "greater than or equal to 1"),
    "a width of a million": (lambda: Network("mlp", widths=[1_000_000]), "less than or equal to 4096"),
    "a width that is no number": (lambda: Network("mlp", widths=["wide"]), "integer"),
    "too many layers": (lambda: Network("mlp", widths=[4] * 9), "at most 8"),
    "an unknown network": (lambda: Network("transformer"), "no network 'transformer'; there are mlp, cnn"),
    "an mlp with normalisation": (lambda: Network("mlp", norm="group"), "no normalisation"),
    "a cnn of nothing": (lambda: Network("cnn", widths=()), "at least one convolution"),
    "everything dropped": (lambda: Network("mlp", dropout=1.0), "less than 1"),
    "dropout that is no number": (lambda: Network("mlp", dropout=float("nan")), "finite"),
    "an unknown method": (lambda: Arm("osmosis"), "no method 'osmosis'; there are answers, "),
    "a slip of the pen": (lambda: Arm("hintn"), "nearest are hinton, "),
    "no method": (lambda: Arm(), "no method ''"),
    "an unknown knob": (lambda: Arm("hinton", humidity=1), "hinton has no knob 'humidity'; it has temperature"),
    "a knob of another method": (lambda: Arm("hard", temperature=2), "hard has no knob 'temperature'; it has none"),
    "too hot": (lambda: Arm("hinton", temperature=100), r"temperature must lie in [0.25, 64]; got 100"),
    "a temperature that is no number": (lambda: Arm("hinton", temperature=float("nan")), "[0.25, 64]; got nan"),
    "a temperature in words": (lambda: Arm("hinton", temperature="hot"), "[0.25, 64]; got 'hot'"),
    "a switch that is a number": (lambda: Arm("hinton", t_squared=1), "true or false; got 1"),
    "alpha above one": (lambda: Arm("hinton", alpha=1.5), "alpha must lie in [0, 1]; got 1.5"),
    "alpha that is no number": (lambda: Arm("hinton", alpha=float("nan")), "alpha must lie in [0, 1]; got nan"),
    "alpha and weight": (lambda: Arm("hinton", alpha=0.5, weight=1), "either alpha or"),
    "an endless weight": (lambda: Arm("hinton", weight=float("inf")), "finite"),
    "a negative weight": (lambda: Arm("hinton", hard_weight=-1), "greater than or equal to 0"),
    "a long name": (lambda: Arm("hinton", "x" * 41), "at most 40"),
    "a rate of nothing": (lambda: Arm("hinton", learning_rate=0), "greater than 0"),
    "per class and n": (lambda: Transfer(per_class=3, n=30), "either per_class or n"),
    "no pictures": (lambda: Transfer(per_class=0), "greater than or equal to 1"),
    "more wrong than there are": (lambda: Transfer(wrong=1.1), "less than or equal to 1"),
    "two budgets": (lambda: Experiment(steps=1, epochs=1), "either steps or epochs"),
    "a teacher with two budgets": (lambda: Teacher(steps=1, epochs=1), "either steps or epochs"),
    "no steps": (lambda: Experiment(steps=0), "greater than or equal to 1"),
    "unknown data": (lambda: Experiment(dataset="mnist"), "no data set 'mnist'; there are digits"),
    "an unknown field": (lambda: Experiment(colour="red"), "not permitted"),
    "an unknown optimiser": (lambda: Experiment(optimizer="lion"), "'adam' or 'sgd'"),
    "no arms": (lambda: Experiment(arms=[]), "at least 1"),
    "an arm that is none": (lambda: Experiment(arms=[3]), "arms"),
    "a name twice": (lambda: Experiment(arms=[Arm("hinton"), Arm("hinton", temperature=8)]), "'hinton' stands twice"),
    "no seeds": (lambda: Experiment(seeds=0), "greater than or equal to 1"),
    "a list of no seeds": (lambda: Experiment(seeds=[]), "at least one"),
    "a seed twice": (lambda: Experiment(seeds=[1, 1]), "each only once"),
    "a negative seed": (lambda: Experiment(seeds=[-1]), "greater than or equal to 0"),
    "too many students": (lambda: Experiment(seeds=2000), "more than 2048 students"),
    "students that do not fit": (
        lambda: Experiment(student=Network("mlp", widths=[4096] * 4)),
        "do not fit in memory",
    ),
    "convolutions that do not fit": (
        lambda: Experiment(student=Network("cnn", widths=[4096, 4096])),
        "do not fit in memory",
    ),
    "a cnn without pictures": (
        lambda: Experiment(dataset="spirals", student=Network("cnn")),
        "a cnn needs pictures; spirals has none",
    ),
    "all classes omitted": (lambda: Experiment(transfer=Transfer(omit=range(10))), "all classes are omitted"),
    "an unknown class": (lambda: Experiment(transfer=Transfer(omit=[10])), "classes 0 to 9; got 10"),
    "swapping an unknown class": (lambda: Experiment(teacher=Teacher(swap=[(4, 11)])), "classes 0 to 9; got 11"),
    "more than there are": (lambda: Experiment(transfer=Transfer(n=1001)), "has 1000 train examples; 1001"),
    "more of a class than there are": (lambda: Experiment(transfer=Transfer(per_class=75)), "at least 74"),
    "more labels than pictures": (
        lambda: Experiment(transfer=Transfer(n=20, labels=21)),
        "21 labels cannot be kept on 20 transfer examples",
    ),
    "a batch of nothing": (lambda: Experiment(batch_size=0), "greater than or equal to 1"),
    "a rate that is no number": (lambda: Experiment(learning_rate=float("nan")), "finite"),
    "a command to do nothing known": (lambda: Command("dance"), "'set', 'pause'"),
    "a command with no number": (lambda: Command("set", knob="temperature", value=float("nan")), "finite"),
}


@pytest.mark.parametrize("what", IMPOSSIBLE)
def test_the_impossible_is_refused_with_a_sentence(what: str) -> None:
    make, expected = IMPOSSIBLE[what]
    with pytest.raises(ValidationError) as refused:
        make()
    sentences = reasons(refused.value)
    assert sentences
    assert expected in " / ".join(sentences)
    for sentence in sentences:
        assert len(sentence) < 400
        assert "Value error" not in sentence and "pydantic" not in sentence and "http" not in sentence


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(list(Experiment.model_fields)),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()) | st.just({}),
        max_size=4,
    )
)
def test_nonsense_is_refused_or_understood_never_a_crash(fields: dict[str, Any]) -> None:
    try:
        understood = Experiment(**fields)
    except ValidationError as refused:
        assert all(reasons(refused))
    else:
        assert Experiment.model_validate_json(understood.model_dump_json()) == understood


def test_the_names_that_stay_stable_are_there() -> None:
    for name in ("Experiment", "Arm", "Network", "Transfer", "Command", "Frame", "Signal", "train"):
        assert hasattr(kdcore, name)
    assert kdcore.methods.get("hinton").name in kdcore.methods.names()
    assert callable(kdcore.methods.total) and callable(kdcore.datasets.load)
