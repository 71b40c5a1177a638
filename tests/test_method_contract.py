"""Toy methods that use every part of what a method may ask for; none of them needs anything of the loop but that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import kdcore
from kdcore import Arm, Network, Signal, Teacher, Transfer
from kdcore.experiment import Command
from kdcore.methods import Range, Terms, method
from kdcore.signal import entropy, kl_divergence, log_soft_labels
from kdcore.training import Training
from tests.small import TEACHER, experiment, known, same, trained, weights_of

MEMBERS = (2, 3)
"""Arms and seeds in these experiments, wherever a shape is checked; batches hold 30."""
seen: list[Any] = []
"""What the toys were given."""


@method(needs=("logits",), alpha=1.0)
def unsure_is_softer(
    student: Signal, teacher: Signal, labels: Tensor, *, strength: Annotated[float, Range(0, 10)] = 1.0
) -> Terms:
    """A knob for each member becomes a temperature for each example."""
    temperature = 1 + strength * entropy(log_soft_labels(teacher.logits))
    says, hears = log_soft_labels(student.logits, temperature), log_soft_labels(teacher.logits, temperature)
    return {"soft": kl_divergence(hears, says) * temperature**2}


@method(needs=("logits",), alpha=1.0)
def either(student: Signal, teacher: Signal, labels: Tensor, *, backwards: bool = False) -> Terms:
    """A switch between two losses."""
    assert isinstance(backwards, bool)
    seen.append((backwards, len(student.logits)))
    says, hears = log_soft_labels(student.logits), log_soft_labels(teacher.logits)
    return {"soft": kl_divergence(says, hears) if backwards else kl_divergence(hears, says)}


def alikeness(layer: Tensor) -> Tensor:
    """How alike the examples of a batch are, `[..., batch, batch]`."""
    unit = nn.functional.normalize(layer, dim=-1)
    return unit @ unit.mT


@method(needs=("features",))
def same_neighbours(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """All layers, pooled, one number for the whole batch each."""
    assert list(student.features) == list(teacher.features)
    seen.append({name: (tuple(f.shape), tuple(teacher.features[name].shape)) for name, f in student.features.items()})
    gaps = [alikeness(f) - alikeness(teacher.features[name]) for name, f in student.features.items()]
    return {f"layer {i}": gap.square().mean((-1, -2)).unsqueeze(-1) for i, gap in enumerate(gaps)}


@method(needs=("penultimate",))
def same_last_neighbours(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """The last layer alone."""
    seen.append((list(student.features), tuple(teacher.penultimate.shape)))
    return {"last": (alikeness(student.penultimate) - alikeness(teacher.penultimate)).square().mean(-1)}


@method(needs=("maps",))
def same_places(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Where a convolution looks: maps as they are."""

    def attention(maps: Tensor) -> Tensor:
        return nn.functional.normalize(maps.square().mean(-3).flatten(-2), dim=-1)

    seen.append({n: (tuple(f.shape), tuple(teacher.features[n].shape)) for n, f in student.features.items()})
    gaps = [attention(f) - attention(teacher.features[name]) for name, f in student.features.items()]
    return {f"block {i}": gap.square().sum(-1) for i, gap in enumerate(gaps)}


@method(needs=("maps", "penultimate"))
def places_and_end(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Maps as they are, and the last layer, by contract a vector."""
    seen.append((list(student.features), student.penultimate.ndim, teacher.penultimate.ndim))
    return {"end": (alikeness(student.penultimate) - alikeness(teacher.penultimate)).square().mean(-1)}


def translator(student: Any, teacher: Any) -> nn.Module:
    seen.append((dict(student), dict(teacher)))
    (ours,), (theirs,) = list(student.values())[-2], list(teacher.values())[-2]
    return nn.Linear(ours, theirs)


@method(needs=("penultimate",), hard_weight=0.0, weight=1.0, side=translator)
def translated(student: Signal, teacher: Signal, labels: Tensor, *, side: Any) -> Terms:
    """A trainable piece of each student's own stands between the layers."""
    gap = side(student.penultimate) - teacher.penultimate
    seen.append(float(gap.detach().square().mean()))
    return {"gap": gap.square().mean(-1)}


class Judge(nn.Module):
    """Hears both networks' answers; its one free number has no axis of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, ours: Tensor, theirs: Tensor) -> dict[str, Tensor]:
        assert ours.shape == theirs.shape == (30, 10)
        return {"scaled": theirs * self.scale, "ours": ours}


@method(needs=("logits",), hard_weight=0.0, weight=1.0, side=lambda student, teacher: Judge())
def judged(student: Signal, teacher: Signal, labels: Tensor, *, side: Any) -> Terms:
    """A side piece that is given the teacher's logits, which all students share."""
    heard = side(student.logits, teacher.logits)
    assert heard["scaled"].shape[:2] == student.logits.shape[:2]
    return {"gap": (heard["scaled"] - heard["ours"]).square().mean(-1)}


def class_means(teacher: Signal, labels: Tensor) -> Tensor:
    seen.append(tuple(teacher.logits.shape))
    return torch.stack([teacher.logits[labels == number].mean(0) for number in range(10)])


@method(needs=("logits", "labels"), prepare=class_means)
def prototypes(student: Signal, teacher: Signal, labels: Tensor, *, prepared: Tensor) -> Terms:
    """Constants worked out once from the teacher's answers to everything."""
    target = log_soft_labels(prepared[labels], 4.0)
    return {"soft": kl_divergence(target, log_soft_labels(student.logits, 4.0))}


@method(needs=("logits",))
def fading(student: Signal, teacher: Signal, labels: Tensor, *, progress: float) -> Terms:
    """Says less and less."""
    seen.append(progress)
    gap = kl_divergence(log_soft_labels(teacher.logits), log_soft_labels(student.logits))
    return {"soft": (1 - progress) * gap}


@method(needs=("logits",))
def noisy(student: Signal, teacher: Signal, labels: Tensor, *, generator: torch.Generator) -> Terms:
    """Random numbers from the loop."""
    noise = torch.randn(teacher.logits.shape[-2:], generator=generator)
    seen.append(float(noise[0, 0]))
    return {"soft": kl_divergence(log_soft_labels(teacher.logits + noise), log_soft_labels(student.logits))}


@method(needs=("logits",))
def by_name(student: Signal, teacher: Signal, labels: Tensor, *, ids: Tensor) -> Terms:
    """Knows which examples it is asked about."""
    seen.append((ids, labels, teacher.logits))
    weight = 1 / (1 + ids % 7)
    return {"soft": weight * kl_divergence(log_soft_labels(teacher.logits), log_soft_labels(student.logits))}


@method(needs=("logits",), hard_weight=1.0, weight=1.0)
def stays(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    base: dict[str, Signal],
    pull: Annotated[float, Range(0, 1e4)] = 0.0,
) -> Terms:
    """Does not stray from what it was."""
    seen.append((base["student"].logits, base["teacher"].logits))
    drift = (student.logits - base["student"].logits).square().mean(-1)
    return {"drift": pull * drift}


@method(needs=("input_gradient",), hard_weight=1.0, weight=1.0)
def same_slopes(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Which pixels matter, to both."""
    assert student.input_gradient is not None and teacher.input_gradient is not None
    gap = student.input_gradient - teacher.input_gradient
    seen.append(
        (tuple(student.input_gradient.shape), tuple(teacher.input_gradient.shape), float(gap.detach().square().mean()))
    )
    return {"slope": gap.flatten(-3).square().sum(-1)}


@method(needs=("live_teacher",))
def asked_now(student: Signal, teacher: Signal, labels: Tensor, *, ids: Tensor) -> Terms:
    """The teacher answers in the loop rather than from its kept answers."""
    seen.append((ids, teacher.logits))
    return {"soft": kl_divergence(log_soft_labels(teacher.logits), log_soft_labels(student.logits))}


TOYS = [toy for toy in list(globals().values()) if isinstance(toy, kdcore.methods.Method)]
CNN = Network("cnn", widths=(3, 4))
CNN_TEACHER = Teacher(network=Network("cnn", widths=(4, 5, 6)), steps=30)
FOR_PICTURES = {"same_places", "places_and_end"}


@pytest.fixture(autouse=True)
def toys() -> Iterator[None]:
    seen.clear()
    with known(*TOYS):
        yield


def both(name: str, **fields: Any) -> kdcore.Experiment:
    """Two arms of one toy, three seeds; convolutions where maps are wanted."""
    if name in FOR_PICTURES:
        fields = {"student": CNN, "teacher": CNN_TEACHER, **fields}
    return experiment(Arm(name), Arm(name, name="again", learning_rate=0.001), **fields)


@pytest.mark.parametrize("toy", [toy.name for toy in TOYS])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_every_toy_trains_and_is_measured(toy: str, optimizer: str) -> None:
    frames = list(kdcore.train(both(toy, steps=6, optimizer=optimizer), frames_every=3))
    assert [frame.step for frame in frames] == [0, 3, 6]
    for name in ("soft_loss", "hard_loss", "accuracy"):
        assert frames[-1].scalars[name].shape == MEMBERS
        assert (frames[-1].scalars[name] == frames[-1].scalars[name]).all(), name
    assert not frames[-1].stopped.any()
    assert frames[-1].shown is not None and frames[-1].shown.batch_soft.shape == (2, 30)


@pytest.mark.parametrize("toy", [toy.name for toy in TOYS])
def test_a_toys_student_is_the_same_in_company_and_alone(toy: str) -> None:
    fields: dict[str, Any] = {"steps": 8, "transfer": Transfer(per_class=3)}
    if toy in FOR_PICTURES:
        fields |= {"student": CNN, "teacher": CNN_TEACHER}
    company = experiment(Arm("hard"), Arm(toy, name="one"), Arm("hinton"), Arm(toy, name="two"), seeds=(5, 2), **fields)
    together = trained(company, dtype=torch.float64)
    alone = trained(experiment(Arm(toy, name="one"), seeds=(2,), **fields), dtype=torch.float64)
    # A teacher that is asked in the loop answers in single precision, whose last digit may depend on the batch.
    live = {"live_teacher", "maps", "input_gradient"} & set(kdcore.methods.get(toy).needs)
    for name, weight in weights_of(alone, "one").items():
        for arm in ("one", "two"):
            found = weights_of(together, arm)[name][1:]
            torch.testing.assert_close(found, weight, rtol=0, atol=1e-7 if live else 1e-10)


@pytest.mark.parametrize("toy", [toy.name for toy in TOYS])
def test_measuring_a_toy_changes_nothing(toy: str) -> None:
    often = trained(both(toy, steps=6), frames_every=1)
    seldom = trained(both(toy, steps=6), frames_every=6)
    assert same(often.state(), seldom.state())


def test_a_knob_of_zero_makes_every_temperature_one() -> None:
    arms = (Arm("unsure_is_softer", strength=0.0), Arm("hinton", temperature=1.0, alpha=1.0))
    training = trained(experiment(*arms, Arm("unsure_is_softer", name="softer", strength=5.0)), dtype=torch.float64)
    plain, zero, softer = (weights_of(training, name) for name in ("hinton", "unsure_is_softer", "softer"))
    for name in plain:
        torch.testing.assert_close(zero[name], plain[name], rtol=0, atol=1e-10)
        assert not torch.allclose(softer[name], plain[name])


def test_a_knob_of_a_toy_may_be_set_while_it_runs() -> None:
    training = Training(experiment(Arm("unsure_is_softer"), Arm("unsure_is_softer", name="other")))
    training.apply(Command("set", knob="strength", value=7, arm="other"))
    assert training.cohort.groups[0].knobs["strength"].flatten().tolist() == [1.0, 7.0]


def test_arms_that_differ_in_a_switch_are_called_apart_and_others_together() -> None:
    arms = [Arm("either", name=str(i), backwards=i == 1) for i in range(3)]
    trained(experiment(*arms, steps=1))
    assert set(seen) == {(False, 2), (True, 1)}


def test_features_come_in_pairs_by_depth_under_the_students_names() -> None:
    deep = Network("mlp", widths=(12, 11, 10))
    trained(both("same_neighbours", steps=1, student=deep))
    # The teacher has two layers, 24 and 16 units wide.
    assert seen[0] == {
        "hidden1": ((*MEMBERS, 30, 12), (*MEMBERS, 30, 24)),
        "hidden3": ((*MEMBERS, 30, 10), (*MEMBERS, 30, 16)),
    }


def test_features_of_a_convolution_are_pooled_on_both_sides() -> None:
    trained(both("same_neighbours", steps=1, student=CNN, teacher=CNN_TEACHER))
    # Of the teacher's three blocks and their pooled end, four layers, those at the same depth.
    assert seen[0] == {
        "block1": ((*MEMBERS, 30, 3), (*MEMBERS, 30, 4)),
        "block2": ((*MEMBERS, 30, 4), (*MEMBERS, 30, 5)),
        "pooled": ((*MEMBERS, 30, 4), (*MEMBERS, 30, 6)),
    }


def test_penultimate_is_the_last_layer_alone() -> None:
    trained(both("same_last_neighbours", steps=1, student=Network("mlp", widths=(12, 11))))
    assert seen[0] == (["hidden2"], (*MEMBERS, 30, 16))


def test_a_linear_student_has_no_features_and_says_so() -> None:
    with pytest.raises(ValueError, match="features"):
        trained(both("same_last_neighbours", steps=1, student=Network("mlp", widths=())))


def test_maps_come_as_they_are() -> None:
    trained(both("same_places", steps=1))
    ours, theirs = seen[0]["block2"]
    assert ours == (*MEMBERS, 30, 4, 2, 2)
    assert theirs[:3] == (*MEMBERS, 30)
    assert len(theirs) == 6


def test_with_maps_the_last_layer_is_still_a_vector() -> None:
    trained(both("places_and_end", steps=1))
    assert seen[0] == (["block1", "block2", "pooled"], 4, 4)


def test_side_pieces_are_built_from_the_shapes_of_both_and_learn() -> None:
    training = trained(both("translated", steps=60, learning_rate=0.01))
    ours, theirs = seen[0]
    assert ours == {"hidden1": (12,), "logits": (10,)}
    assert theirs == {"hidden1": (16,), "logits": (10,)}
    losses = [entry for entry in seen if isinstance(entry, float)]
    assert losses[-1] < losses[0] / 2
    (group,) = training.cohort.groups
    pieces = group.side.weights["weight"].unflatten(0, MEMBERS)
    assert not torch.equal(pieces[0, 0], pieces[0, 1]), "one for each seed"
    assert not torch.equal(pieces[0, 0], pieces[1, 0]), "one for each arm, which learnt at another rate"


def test_side_pieces_of_one_seed_start_alike_in_every_arm() -> None:
    (group,) = Training(both("translated")).cohort.groups
    pieces = group.side.weights["weight"].unflatten(0, MEMBERS)
    assert torch.equal(pieces[0], pieces[1])
    assert not torch.equal(pieces[0, 0], pieces[0, 1])


def test_a_side_piece_may_be_given_what_all_students_share() -> None:
    ten = experiment(Arm("judged"), Arm("judged", name="again"), seeds=10, steps=5)
    training = trained(ten)
    (group,) = training.cohort.groups
    assert group.side.weights["scale"].shape == (20,)
    assert (group.side.weights["scale"] != 1).all(), "it learnt"


def test_constants_are_prepared_once_from_everything_the_teacher_says() -> None:
    training = trained(both("prototypes", steps=4), frames_every=1)
    assert seen == [(1797, 10)]
    assert training.cohort.groups[0].prepared.shape == (10, 10)


def test_progress_is_the_share_of_the_budget_that_is_spent() -> None:
    trained(experiment(Arm("fading"), steps=4), frames_every=lambda step: False)
    # Frames at the beginning and the end look at the step that would come next.
    assert seen == [0.0, 0.0, 0.25, 0.5, 0.75, 1.0]


def test_random_numbers_depend_on_the_step_alone() -> None:
    trained(experiment(Arm("noisy"), steps=4), frames_every=1)
    measured = seen.copy()
    assert measured[0] == measured[1], "the frame before a step looks at what that step will see"
    assert len(set(measured)) == 5
    seen.clear()
    trained(experiment(Arm("noisy"), steps=4), frames_every=4)
    assert set(seen) == set(measured)


def test_ids_are_rows_of_the_data() -> None:
    training = trained(experiment(Arm("by_name"), steps=1))
    ids, labels, logits = seen[0]
    data, answers = training.prepared.dataset, training.prepared.answers[TEACHER]
    assert torch.equal(data.labels[ids], labels)
    assert torch.equal(answers.signal.logits[ids], logits)
    assert len(ids) == 3


def test_base_is_what_both_said_before_they_learnt() -> None:
    training = Training(both("stays", steps=5))
    data = training.prepared.dataset
    before = training.observer.frame(0).shown
    for _ in training:
        pass
    ours, theirs = seen[-1]
    assert ours.shape == (*MEMBERS, 30, 10)
    ids = training.prepared.transfer_set.batch(5)[0]
    untrained = kdcore.teachers.initial(data, TEACHER)(data.inputs[ids[0]]).logits
    torch.testing.assert_close(theirs[0], untrained)
    assert before is not None
    first = torch.from_numpy(before.logits[:, len(training.scene.probe_rows) :])
    rows = [training.scene.ids[before.rows[500:]].tolist().index(number) for number in ids[0].tolist()]
    torch.testing.assert_close(ours[:, 0], first[:, rows])


def test_a_strong_pull_towards_the_base_keeps_a_student_where_it_was() -> None:
    arms = (Arm("stays", name="free"), Arm("stays", name="held", pull=1000.0))
    whole = experiment(*arms, optimizer="sgd", learning_rate=1e-4, steps=200)
    first, last = (frame.shown for frame in kdcore.train(whole, frames_every=200))
    assert first is not None and last is not None
    free, held = np.abs(last.logits - first.logits).mean((1, 2))
    assert held < free / 2


@pytest.mark.parametrize("network", [Network("mlp", widths=(12,)), CNN], ids=str)
def test_input_gradients_are_those_of_the_labels_log_probability(network: Network) -> None:
    training = Training(experiment(Arm("same_slopes"), student=network), dtype=torch.float64)
    batch = training.cohort.batch(0, 0.0)
    found = training.cohort.answer(batch).input_gradient
    assert found is not None
    for seed in range(3):
        inputs = batch.inputs[seed].clone().requires_grad_()
        logits = training.cohort.students.member(seed)(inputs).logits
        score = -nn.functional.cross_entropy(logits, batch.labels[seed], reduction="sum")
        torch.testing.assert_close(found[0, seed], torch.autograd.grad(score, inputs)[0])


def test_input_gradients_of_both_have_the_shape_of_the_inputs_and_are_learnt_from() -> None:
    trained(experiment(Arm("same_slopes", hard_weight=0.0, weight=1.0), steps=150, learning_rate=0.01))
    ours, theirs, first = seen[0]
    assert ours == (1, 3, 30, 1, 8, 8)
    assert theirs == (3, 30, 1, 8, 8)
    assert seen[-1][2] < 0.8 * first


def test_a_live_teacher_says_what_the_kept_answers_say() -> None:
    distorted = TEACHER.model_copy(update={"logit_noise": 2.0, "swap": ((4, 9),)})
    training = trained(experiment(Arm("asked_now"), steps=1, teacher=distorted))
    ids, logits = seen[0]
    torch.testing.assert_close(training.prepared.answers[distorted].signal.logits[ids], logits)


def test_an_arm_may_have_a_teacher_of_its_own() -> None:
    other = TEACHER.model_copy(update={"seed": 1})
    arms = (Arm("by_name"), Arm("by_name", name="other", teacher=other), Arm("by_name", name="same", teacher=TEACHER))
    training = trained(experiment(*arms, steps=1))
    assert [group.arms for group in training.cohort.groups] == [[0, 2], [1]]
    answers = training.prepared.answers
    for (ids, _, logits), teacher in zip(seen[:2], (TEACHER, other), strict=True):
        assert torch.equal(logits, answers[teacher].signal.logits[ids])


@method(needs=("logits", "labels"))
def batch_of_ten(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """Hinton at T=2 and cross-entropy on the labels, written for one student only."""
    return {"soft": 4 * kl_divergence(log_soft_labels(teacher.logits, 2.0), log_soft_labels(student.logits, 2.0))}


def test_ten_students_on_ten_examples_of_ten_classes_are_not_mixed_up() -> None:
    fields: dict[str, Any] = {"transfer": Transfer(n=10), "steps": 10}
    with known(batch_of_ten):
        arms = (Arm("hinton", temperature=2.0), Arm("batch_of_ten", hard_weight=0.1, weight=0.9))
        ten = trained(experiment(*arms, seeds=10, **fields), dtype=torch.float64)
        for seed in (0, 7):
            one = trained(experiment(Arm("hinton", temperature=2.0), seeds=(seed,), **fields), dtype=torch.float64)
            for name, weight in weights_of(one, "hinton").items():
                for arm in ("hinton", "batch_of_ten"):
                    torch.testing.assert_close(weights_of(ten, arm)[name][seed], weight[0], rtol=0, atol=1e-10)
