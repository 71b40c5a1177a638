"""Teachers who were taught themselves, and ensembles: what they are, how they are kept, in which order they learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from kdcore import Arm, Experiment, Network, Teacher, asking, datasets, teachers
from kdcore.experiment import reasons
from kdcore.runs import library, open_log
from kdcore.runs.settings import settings_of
from kdcore.runs.worker import work
from kdcore.signal import log_soft_labels
from tests.small import experiment, trained

DIGITS = datasets.load("digits")
FIRST = Teacher(network=Network("mlp", widths=(14,)), steps=40, learning_rate=0.01)
SECOND = Teacher(network=Network("mlp", widths=(10,)), steps=40, learning_rate=0.01, taught_by=FIRST)
THIRD = Teacher(network=Network("mlp", widths=(8,)), steps=40, learning_rate=0.01, taught_by=SECOND)
DISTORTED = FIRST.model_copy(update={"seed": 1, "swap": ((4, 9),), "logit_noise": 2.0})
TOGETHER = Teacher(members=(FIRST, SECOND, DISTORTED))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder where nothing is kept yet."""
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    monkeypatch.delenv("DKLAB_DATABASE_URL", raising=False)
    teachers._answers.cache_clear()
    yield tmp_path
    teachers._answers.cache_clear()


def asked(teacher: Teacher) -> teachers.Answers:
    return teachers.answers(experiment(teacher=teacher))


def kept(home: Path) -> set[str]:
    return {file.stem for file in (home / "teachers").glob("*.safetensors") if ".answers" not in file.name}


# What they are.


@pytest.mark.parametrize("teacher", [SECOND, THIRD, TOGETHER, Teacher(members=(TOGETHER, THIRD))], ids=lambda t: t.name)
def test_json_gives_back_exactly_the_same(teacher: Teacher) -> None:
    assert Teacher.model_validate_json(teacher.model_dump_json()) == teacher
    assert Teacher(**teacher.model_dump()) == teacher
    assert hash(Teacher(**teacher.model_dump())) == hash(teacher)
    whole = experiment(Arm("hinton", teacher=teacher), Arm("hard"), teacher=teacher)
    assert Experiment.model_validate_json(whole.model_dump_json()) == whole


def test_they_have_names_for_people() -> None:
    assert SECOND.name == "MLP 10 taught by MLP 14"
    assert THIRD.name == "MLP 8 taught by MLP 10 taught by MLP 14"
    assert TOGETHER.name == "ensemble of 3"
    assert trained(experiment(teacher=SECOND, steps=1)).stage().teacher_name == SECOND.name


def test_those_behind_a_teacher_come_in_an_order_in_which_they_can_learn() -> None:
    assert THIRD.lineage == (FIRST, SECOND, THIRD)
    assert TOGETHER.lineage == (FIRST, SECOND, DISTORTED, TOGETHER)
    assert FIRST.lineage == (FIRST,)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"members": (FIRST, SECOND), "taught_by": FIRST}, "give its members taught_by"),
        ({"members": (FIRST,)}, "at least two members"),
        ({"members": (FIRST, SECOND), "steps": 5}, "give its members steps"),
        ({"members": (FIRST, SECOND), "epochs": 5}, "give its members epochs"),
        ({"members": (FIRST, SECOND), "network": Network("mlp", widths=(9,))}, "give its members network"),
        ({"members": (FIRST, SECOND), "wrong_labels": 0.1}, "give its members wrong_labels"),
        ({"members": (FIRST, Network("table"))}, "members of an ensemble must be networks"),
        ({"lesson_temperature": 8.0}, "nobody taught this teacher"),
        ({"taught_by": FIRST, "lesson_alpha": 2.0}, "less than or equal to 1"),
        ({"network": Network("table"), "taught_by": FIRST}, "stored logits have learnt already"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        Teacher(**fields)
    assert reason in " / ".join(reasons(refused.value))  # type: ignore[arg-type]


def test_there_is_an_end_to_those_behind() -> None:
    teacher = FIRST
    with pytest.raises(ValueError, match="at most 64 teachers in 16 generations"):
        for _ in range(20):
            teacher = Teacher(network=FIRST.network, taught_by=teacher)
    many = Teacher(members=(FIRST,) * 21)
    with pytest.raises(ValueError, match="at most 64 teachers"):
        Teacher(members=(many,) * 3)
    deep: dict[str, Any] = {}
    for _ in range(5000):
        deep = {"taught_by": deep}
    with pytest.raises(ValueError):
        Teacher(**deep)


def test_a_plain_network_may_stand_for_a_teacher_behind() -> None:
    small: Any = Network("mlp", widths=(9,))
    assert Teacher(taught_by=small).taught_by == Teacher(network=small)
    assert Teacher(members=(small, FIRST)).members == (Teacher(network=small), FIRST)


def test_whoever_stands_behind_must_be_possible_with_the_data() -> None:
    convolutions: Any = Network("cnn", widths=(4,))
    table: Any = Network("table")
    with pytest.raises(ValueError, match="needs pictures"):
        Experiment(dataset="spirals", teacher=Teacher(taught_by=convolutions))
    with pytest.raises(ValueError, match="classes 0 to 9"):
        Experiment(teacher=Teacher(taught_by=FIRST.model_copy(update={"swap": ((4, 12),)})))
    with pytest.raises(ValueError, match="no teacher's logits are stored"):
        Experiment(teacher=Teacher(taught_by=table))


# How they are kept.


def test_fields_that_came_later_change_no_key_of_those_kept_before() -> None:
    assert teachers._key(DIGITS, Experiment().teacher) == "a8c4aa98961179956d5cbd14"
    assert teachers.is_cached("digits", 0, Experiment().teacher), "it ships"


def test_a_taught_teacher_is_kept_by_what_it_heard(home: Path) -> None:
    asked(SECOND)
    assert len(kept(home)) == 2
    others: list[dict[str, Any]] = [
        {"lesson_temperature": 2.0},
        {"lesson_alpha": 0.5},
        {"taught_by": FIRST.model_copy(update={"seed": 5})},
        {"taught_by": FIRST.model_copy(update={"swap": ((4, 9),)})},
        {"taught_by": FIRST.model_copy(update={"logit_noise": 1.0})},
        {"taught_by": Teacher(members=(FIRST, DISTORTED))},
        {"taught_by": None},
        {"seed": 1},
    ]
    keys = {teachers._key(DIGITS, SECOND.model_copy(update=change)) for change in others}
    assert len(keys) == len(others) and teachers._key(DIGITS, SECOND) not in keys
    assert teachers._key(DIGITS, SECOND.model_copy(update={"swap": ((4, 9),)})) == teachers._key(DIGITS, SECOND)


def test_a_taught_teacher_is_reused_and_whoever_taught_it_is_not_needed_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = asked(THIRD).signal.logits
    assert len(kept(home)) == 3
    (home / "teachers" / f"{teachers._key(DIGITS, FIRST)}.safetensors").unlink()
    teachers._answers.cache_clear()
    assert teachers.is_cached("digits", 0, THIRD) and not teachers.is_cached("digits", 0, FIRST)
    assert teachers.untrained("digits", 0, THIRD) == ()
    monkeypatch.setattr(teachers, "train", lambda *given, **more: pytest.fail("it was trained again"))
    assert torch.equal(asked(THIRD).signal.logits, first)


def test_what_is_missing_is_named_in_the_order_of_learning() -> None:
    assert teachers.untrained("digits", 0, THIRD) == (FIRST, SECOND, THIRD)
    assert teachers.untrained("digits", 0, TOGETHER) == (FIRST, SECOND, DISTORTED)
    asked(SECOND)
    assert teachers.untrained("digits", 0, THIRD) == (THIRD,)
    assert teachers.untrained("digits", 0, TOGETHER) == (DISTORTED,)
    assert not teachers.is_cached("digits", 0, TOGETHER)
    asked(DISTORTED)
    assert teachers.is_cached("digits", 0, TOGETHER)


# What they learn and say.


def test_a_taught_teachers_training_is_an_ordinary_experiment_with_one_arm() -> None:
    own = teachers.experiment_of(experiment(teacher=THIRD))
    (arm,) = own.arms
    assert (arm.method, arm.weight, arm.knobs["temperature"]) == ("hinton", 0.9, 4.0)
    assert (own.teacher, own.student, own.seed_list) == (SECOND, THIRD.network, (0,))
    assert own.transfer_size == 1000 and own.total_steps(1000) == 40


def test_it_hears_whoever_taught_it() -> None:
    alone = asked(SECOND.model_copy(update={"taught_by": None})).signal.logits[DIGITS.test]
    swapping = FIRST.model_copy(update={"swap": ((4, 9),), "steps": 200})
    misled = asked(SECOND.model_copy(update={"taught_by": swapping, "lesson_alpha": 1.0, "steps": 200}))
    labels = DIGITS.labels[DIGITS.test]
    fours = misled.signal.logits[DIGITS.test][labels == 4]
    assert (fours.argmax(-1) == 9).float().mean() > 0.7, "it learnt its teacher's swap"
    soft = asked(SECOND.model_copy(update={"lesson_temperature": 8.0})).signal.logits[DIGITS.test]
    assert not torch.allclose(alone, soft)


def test_an_ensemble_says_the_mean_of_its_members_logits() -> None:
    together, parts = asked(TOGETHER), [asked(member) for member in TOGETHER.members]
    mean = torch.stack([part.signal.logits for part in parts]).mean(0)
    torch.testing.assert_close(together.signal.logits, mean)
    assert together.members.shape == (3, 1797, 10)
    for said, part in zip(together.members, parts, strict=True):
        assert torch.equal(said, part.signal.logits)
    assert list(together.signal.features) == ["hidden1"]
    assert torch.equal(together.signal.penultimate, parts[0].signal.penultimate)
    ids = torch.arange(40).view(2, 20)
    torch.testing.assert_close(together.live(DIGITS.inputs[ids], ids).logits, mean[ids])
    assert torch.equal(parts[0].members, parts[0].signal.logits.unsqueeze(0)), "one alone is its own only member"
    untaught = torch.stack([part.before.logits for part in parts[:2]])
    swapped = teachers.swapped(parts[2].before.logits, DISTORTED)
    torch.testing.assert_close(together.before.logits, torch.stack([*untaught, swapped]).mean(0))


def test_an_ensembles_own_distortions_come_after_the_mean() -> None:
    noisy = TOGETHER.model_copy(update={"swap": ((1, 7),), "logit_noise": 3.0})
    plain, changed = asked(TOGETHER), asked(noisy)
    order = [0, 7, 2, 3, 4, 5, 6, 1, 8, 9]
    noise = changed.signal.logits - plain.signal.logits[:, order]
    assert float(noise.std()) == pytest.approx(3, rel=0.05)
    torch.testing.assert_close(changed.members.mean(0), changed.signal.logits)
    ids = torch.arange(30)
    torch.testing.assert_close(changed.live(DIGITS.inputs[ids], ids).logits, changed.signal.logits[ids])


def test_the_input_gradient_of_an_ensemble_is_that_of_its_mean() -> None:
    both = Teacher(members=(FIRST, SECOND))
    answers, ids = asked(both), torch.arange(6)
    inputs, labels = DIGITS.inputs[ids].clone().requires_grad_(), DIGITS.labels[ids]
    logits = torch.stack([asked(member).network(inputs).logits for member in both.members]).mean(0)  # type: ignore[misc]
    score = log_soft_labels(logits).gather(-1, labels[:, None]).sum()
    found = answers.input_gradient(DIGITS.inputs[ids], labels)
    torch.testing.assert_close(found, torch.autograd.grad(score, inputs)[0])


def test_an_ensemble_can_be_asked_about_a_drawing() -> None:
    whole = experiment(teacher=TOGETHER)
    inputs = DIGITS.inputs[:5].numpy()
    assert asking.teacher(whole, inputs) is None, "asking never trains"
    for member in TOGETHER.members:
        asked(member)
    said = asking.teacher(whole, inputs)
    parts = [asking.teacher(whole, inputs, member) for member in TOGETHER.members]
    assert said is not None
    torch.testing.assert_close(torch.from_numpy(said), torch.tensor(sum(parts) / 3))  # type: ignore[arg-type]


def test_students_of_an_ensemble_train_and_replay_alike() -> None:
    whole = experiment(Arm("hinton"), Arm("fitnets"), Arm("hard"), teacher=TOGETHER)
    first, second = trained(whole), trained(whole)
    assert all(torch.equal(a, b) for a, b in zip(first.state().values(), second.state().values(), strict=True))


def test_a_module_of_ones_own_behind_a_teacher_is_known_again_when_it_changes() -> None:
    def factory() -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 10))

    behind = Teacher(network=Network.from_module(factory, name="behind"), steps=5)
    pupil = SECOND.model_copy(update={"taught_by": behind, "steps": 5})
    before = teachers._key(DIGITS, pupil)

    def other() -> torch.nn.Module:
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 7), torch.nn.Linear(7, 10))

    Network.from_module(other, name="behind")
    assert teachers._key(DIGITS, pupil) != before


# In the log.


def test_whoever_is_missing_learns_first_as_a_run_of_its_own_in_the_same_group(home: Path) -> None:
    log = open_log()
    whole = experiment(
        Arm("hinton", teacher=THIRD), Arm("hinton", "all", teacher=TOGETHER), Arm("hard"), teacher=FIRST, steps=3
    )
    run_id = log.create(whole, owner="me", pace="full", group="together")
    work(log, run_id)
    run = log.run(run_id)
    assert run is not None and run.state == "finished", run
    learnt = [each for each in reversed(log.runs(limit=20, group="together")) if each.id != run_id]
    assert all((each.state, each.parent) == ("finished", run_id) for each in learnt)
    order = [(each.experiment.student, each.experiment.seed_list[0]) for each in learnt]
    assert order == [(t.network, t.seed) for t in (FIRST, SECOND, THIRD, DISTORTED)]
    assert all(teachers.is_cached("digits", 0, teacher) for teacher in (FIRST, SECOND, THIRD, TOGETHER))
    kinds = {row.id: row.kind for row in library.rows(log).rows}
    assert kinds == {run_id: "run", **{each.id: "teacher" for each in learnt}}
    again = log.create(whole, owner="me", pace="full", group="again")
    work(log, again)
    assert [each.id for each in log.runs(limit=20, group="again")] == [again], "nobody learns twice"
    log.close()


def test_the_settings_of_a_run_name_those_behind_its_teacher() -> None:
    found = settings_of(
        experiment(Arm("hinton", teacher=THIRD), Arm("hinton", "all", teacher=TOGETHER)).model_dump_json()
    )
    assert found["teacher"][0] == "mlp-8 taught by mlp-10 taught by mlp-14"
    assert found["teacher"][1] == "ensemble of mlp-14, mlp-10 taught by mlp-14, mlp-14"
    assert found["lesson_temperature"] == (4.0,)
    plain = settings_of(experiment(Arm("hinton")).model_dump_json())
    assert "lesson_temperature" not in plain and "teacher_members" not in plain
