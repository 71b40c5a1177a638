"""Teachers are trained once, kept by content, asked once for each example, and never changed by a student."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

import kdcore
from kdcore import Arm, Experiment, Network, Teacher, datasets, teachers
from kdcore.training import Training, prepare
from tests.small import TEACHER, experiment, trained

DIGITS = datasets.load("digits")
FRESH = Teacher(network=Network("mlp", widths=(14,)), steps=60)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A data folder where nothing is kept yet."""
    monkeypatch.setenv("DKLAB_HOME", str(tmp_path))
    yield tmp_path
    teachers._answers.cache_clear()


def asked(teacher: Teacher) -> teachers.Answers:
    return teachers.answers(experiment(teacher=teacher))


def in_a_new_process(teacher: Teacher) -> teachers.Answers:
    """What would be found on disk: nothing is remembered."""
    teachers._answers.cache_clear()
    return asked(teacher)


def network_of(answers: teachers.Answers) -> nn.Module:
    assert answers.network is not None
    return answers.network


def weights(answers: teachers.Answers) -> dict[str, Tensor]:
    return dict(network_of(answers).state_dict())


def fingerprint(answers: teachers.Answers) -> str:
    content = hashlib.sha256()
    signal = answers.signal
    for tensor in (*network_of(answers).state_dict().values(), signal.logits, *signal.features.values()):
        content.update(tensor.contiguous().numpy().tobytes())
    return content.hexdigest()


def kept(home: Path) -> list[str]:
    return sorted(file.name for file in (home / "teachers").iterdir())


def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **more: Any) -> None:
        raise AssertionError("it was trained again")

    monkeypatch.setattr(teachers, "train", refuse)


# Kept by content.


def test_a_teacher_is_trained_once_and_found_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not teachers.is_cached("digits", 0, FRESH)
    first = asked(FRESH)
    assert teachers.is_cached("digits", 0, FRESH)
    assert len(kept(home)) == 2, "weights and answers, nothing half written"
    no_training(monkeypatch)
    again = in_a_new_process(FRESH)
    assert fingerprint(again) == fingerprint(first)


def test_a_teacher_is_another_one_when_anything_about_its_training_differs(home: Path) -> None:
    asked(FRESH)
    others: list[dict[str, Any]] = [
        {"network": Network("mlp", widths=(15,))},
        {"steps": 61},
        {"seed": 1},
        {"wrong_labels": 0.1},
        {"learning_rate": 2e-3},
    ]
    for change in others:
        assert not teachers.is_cached("digits", 0, FRESH.model_copy(update=change)), change
    assert not teachers.is_cached("digits", 1, FRESH), "another split"
    assert not teachers.is_cached("spirals", 0, FRESH), "other data"
    same = FRESH.model_copy(update={"logit_noise": 3.0, "swap": ((4, 9),)})
    assert teachers.is_cached("digits", 0, same), "what is done to its answers is not part of the training"


def test_a_teacher_does_not_hang_on_what_its_students_do(home: Path) -> None:
    one = experiment(teacher=FRESH, seeds=1)
    other = experiment(
        Arm("answers"), teacher=FRESH, optimizer="sgd", schedule="cosine", batch_size=16, learning_rate=1.0
    )
    assert teachers.experiment_of(one) == teachers.experiment_of(other)
    own = teachers.experiment_of(one)
    assert [arm.method for arm in own.arms] == ["hard"]
    assert own.seed_list == (FRESH.seed,)
    assert own.transfer == kdcore.Transfer()
    assert own.total_steps(1000) == 60


def test_training_a_teacher_gives_its_frames_and_keeps_it(home: Path) -> None:
    frames = list(teachers.train(experiment(teacher=FRESH)))
    assert frames[0].step == 0 and frames[-1].step == 60
    assert frames[-1].accuracy["hard"][0] > frames[0].accuracy["hard"][0] + 0.3
    assert teachers.is_cached("digits", 0, FRESH)
    answers = asked(FRESH)
    right = answers.signal.logits[DIGITS.test].argmax(-1) == DIGITS.labels[DIGITS.test]
    assert float(right.float().mean()) == pytest.approx(float(frames[-1].accuracy["hard"][0]))


def test_a_stopped_training_keeps_nothing(home: Path) -> None:
    training = teachers.train(experiment(teacher=FRESH))
    next(training)
    del training
    assert not teachers.is_cached("digits", 0, FRESH)


def test_an_untrained_teacher_needs_no_training(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_training(monkeypatch)
    for untrained in (Teacher(network=FRESH.network, steps=0), Teacher(network=FRESH.network, epochs=0)):
        assert teachers.is_cached("digits", 0, untrained)
        answers = asked(untrained)
        expected = teachers.initial(DIGITS, untrained)(DIGITS.inputs).logits
        torch.testing.assert_close(answers.signal.logits, expected)


def test_the_default_teacher_is_there_before_anything_was_trained(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_training(monkeypatch)
    assert teachers.is_cached("digits", 0, Experiment().teacher)
    answers = asked(Experiment().teacher)
    right = answers.signal.logits[DIGITS.test].argmax(-1) == DIGITS.labels[DIGITS.test]
    assert right.float().mean() > 0.96


# Answers, by example id.


@pytest.mark.parametrize("network", [Network("mlp", widths=(14, 9)), Network("cnn", widths=(3, 4))], ids=str)
def test_row_i_answers_example_i(home: Path, network: Network) -> None:
    teacher = Teacher(network=network, steps=5)
    for answers in (asked(teacher), in_a_new_process(teacher)):
        said = network_of(answers)(DIGITS.inputs[100:130])
        torch.testing.assert_close(answers.signal.logits[100:130], said.logits)
        assert list(answers.signal.features) == list(said.features)
        for name, feature in said.features.items():
            pooled = feature.mean((-1, -2)) if feature.ndim == 4 else feature
            torch.testing.assert_close(answers.signal.features[name][100:130], pooled)
        torch.testing.assert_close(answers.signal.penultimate[100:130], said.penultimate)


def cut_short(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:100])


def shift_rows(file: Path) -> None:
    save_file({name: tensor.roll(1, 0).contiguous() for name, tensor in load_file(file).items()}, file)


def shift_features(file: Path) -> None:
    stored = load_file(file)
    save_file({n: t if n == "logits" else t.roll(1, 0).contiguous() for n, t in stored.items()}, file)


def lose_rows(file: Path) -> None:
    save_file({name: tensor[:-1].contiguous() for name, tensor in load_file(file).items()}, file)


def lose_logits(file: Path) -> None:
    save_file({name: tensor for name, tensor in load_file(file).items() if name != "logits"}, file)


def lose_features(file: Path) -> None:
    save_file({"logits": load_file(file)["logits"]}, file)


DAMAGE = [cut_short, shift_rows, shift_features, lose_rows, lose_logits, lose_features]


@pytest.mark.parametrize("damage", DAMAGE, ids=lambda damage: damage.__name__)
def test_damaged_answers_are_noticed_and_asked_again(home: Path, damage: Any) -> None:
    teacher = Teacher(network=FRESH.network, steps=5)
    first = fingerprint(asked(teacher))
    (file,) = (home / "teachers").glob("*.answers.safetensors")
    intact = {name: tensor.clone() for name, tensor in load_file(file).items()}
    damage(file)
    assert fingerprint(in_a_new_process(teacher)) == first
    again = load_file(file)
    assert again.keys() == intact.keys()
    assert all(torch.equal(again[name], intact[name]) for name in intact), "and kept again"


# Nothing reaches the teacher.


def test_a_teacher_is_untouched_by_its_students() -> None:
    whole = experiment(Arm("hinton"), Arm("smoothed"), Arm("shuffled"), Arm("answers"), Arm("hard"))
    answers = asked(TEACHER)
    before = fingerprint(answers)
    training = trained(whole)
    assert training.prepared.answers[TEACHER] is answers
    assert fingerprint(answers) == before
    assert not network_of(answers).training
    assert not any(weight.requires_grad or weight.grad is not None for weight in network_of(answers).parameters())
    assert not answers.signal.logits.requires_grad and answers.signal.logits.grad is None


def test_a_teacher_with_dropout_answers_alike_twice() -> None:
    teacher = Teacher(network=Network("mlp", widths=(14,), dropout=0.5), steps=5)
    answers = asked(teacher)
    ids = torch.arange(20)
    torch.testing.assert_close(answers.live(DIGITS.inputs[ids], ids).logits, answers.signal.logits[ids])


# Distortions and wrong labels.


def test_swapped_classes_exchange_their_answers_and_nothing_else() -> None:
    plain, swapped = asked(TEACHER), asked(TEACHER.model_copy(update={"swap": ((4, 9), (3, 8))}))
    order = [0, 1, 2, 8, 9, 5, 6, 7, 3, 4]
    assert torch.equal(swapped.signal.logits, plain.signal.logits[:, order])
    assert fingerprint(asked(TEACHER)) == fingerprint(plain)
    assert all(torch.equal(weights(swapped)[name], weight) for name, weight in weights(plain).items())


def test_noise_on_the_logits_is_one_fixed_draw_for_each_example() -> None:
    noisy = TEACHER.model_copy(update={"logit_noise": 8.0})
    plain, first, again = asked(TEACHER), asked(noisy), in_a_new_process(noisy)
    noise = first.signal.logits - plain.signal.logits
    assert torch.equal(first.signal.logits, again.signal.logits)
    assert float(noise.std()) == pytest.approx(8, rel=0.02)
    assert float(noise.mean()) == pytest.approx(0, abs=0.3)
    other = asked(noisy.model_copy(update={"seed": 1}))
    assert not torch.allclose(other.signal.logits - asked(TEACHER.model_copy(update={"seed": 1})).signal.logits, noise)


def test_a_teacher_that_was_taught_wrongly_heard_its_share_of_wrong_labels() -> None:
    wrongly = Teacher(network=FRESH.network, steps=5, wrong_labels=0.3)
    heard = prepare(teachers.experiment_of(experiment(teacher=wrongly)), solo=True).transfer_set
    wrong = heard.labels[0] != DIGITS.labels[heard.ids[0]]
    assert wrong.sum() == 300


def test_students_and_teacher_meet_the_same_wrong_labels() -> None:
    wrongly = Teacher(network=FRESH.network, steps=5, wrong_labels=0.3)
    whole = experiment(Arm("hard"), teacher=wrongly, transfer=kdcore.Transfer(wrong=0.3))
    ours = prepare(whole).transfer_set
    theirs = prepare(teachers.experiment_of(whole), solo=True).transfer_set
    told = [dict(zip(s.ids[0].tolist(), s.labels[0].tolist(), strict=True)) for s in (ours, theirs)]
    assert told[0] == told[1]


def test_whoever_hears_the_bare_answers_of_a_swapping_teacher_swaps() -> None:
    swapping = TEACHER.model_copy(update={"swap": ((4, 9),)})
    arms = (Arm("answers", alpha=1.0),)
    whole = experiment(*arms, teacher=swapping, transfer=kdcore.Transfer(), steps=150, learning_rate=0.01)
    last = Training(whole, frames_every=150)
    *_, frame = last
    right = frame.per_class_accuracy["answers"].mean(0)
    assert right[[4, 9]].max() < 0.2
    assert right[[0, 1, 2, 3, 5, 6, 7, 8]].min() > 0.6
