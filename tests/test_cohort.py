"""A cohort is nothing but its students: each one is what it would be alone, whoever else is there."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Annotated, Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import kdcore
from kdcore import Arm, Experiment, Network, Signal, Transfer
from kdcore.experiment import Command
from kdcore.methods import Range, Terms, method
from kdcore.networks import build
from kdcore.training import Training
from tests.small import experiment, known, same, trained, weights_of

# One student alone, in plain torch. Nothing here comes from kdcore.


class PlainMLP(nn.Module):
    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))

    def forward(self, inputs: Tensor, masks: Sequence[Tensor]) -> Tensor:
        hidden = inputs.flatten(1)
        for number, layer in enumerate(self.layers[:-1]):
            hidden = torch.relu(layer(hidden))
            if masks:
                hidden = hidden * masks[number]
        logits: Tensor = self.layers[-1](hidden)
        return logits


class PlainCNN(nn.Module):
    def __init__(self, channels: Sequence[int], classes: int, norm: str) -> None:
        super().__init__()
        pairs = list(pairwise(channels))
        self.convolutions = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairs)
        self.norms = nn.ModuleList(
            nn.GroupNorm(max(1, b // 4), b) if norm == "group" else nn.Identity() for _, b in pairs
        )
        self.head = nn.Linear(channels[-1], classes)

    def forward(self, inputs: Tensor, masks: Sequence[Tensor]) -> Tensor:
        hidden = inputs
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            hidden = torch.relu(norm(convolution(hidden)))
            if hidden.shape[-1] >= 4:
                hidden = functional.max_pool2d(hidden, 2)
        hidden = hidden.mean((2, 3))
        logits: Tensor = self.head(hidden * masks[0] if masks else hidden)
        return logits


def plain(network: Network, initial: Sequence[Tensor]) -> nn.Module:
    """The same architecture with the given initial weights, in the order of the layers."""
    if network.kind == "mlp":
        module: nn.Module = PlainMLP([64, *network.widths, 10])
    else:
        module = PlainCNN([1, *network.widths], 10, network.norm)
    module.double()
    with torch.no_grad():
        for mine, given in zip(module.parameters(), initial, strict=True):
            mine.copy_(given)
    return module


def alone(
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Sequence[tuple[Tensor, Tensor, Tensor, list[Tensor]]],
    temperature: float | None,
    alpha: float,
) -> list[Tensor]:
    """Train one student: batches of inputs, labels, teacher logits and dropout masks."""
    for inputs, labels, teacher_logits, masks in batches:
        logits = module(inputs, masks)
        loss = (1 - alpha) * functional.cross_entropy(logits, labels)
        if temperature is not None:
            target = functional.softmax(teacher_logits / temperature, -1)
            said = functional.log_softmax(logits / temperature, -1)
            loss = loss + alpha * temperature**2 * functional.kl_div(said, target, reduction="batchmean")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [weight.detach() for weight in module.parameters()]


OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}
NETWORKS = {
    "mlp": Network("mlp", widths=(12, 9)),
    "mlp with dropout": Network("mlp", widths=(12, 9), dropout=0.3),
    "linear": Network("mlp", widths=()),
    "cnn": Network("cnn", widths=(3, 4)),
    "cnn with norm and dropout": Network("cnn", widths=(6, 12), norm="group", dropout=0.3),
}


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("network", NETWORKS)
def test_a_member_equals_the_same_student_trained_alone(network: str, optimizer: str) -> None:
    steps, rate = 100, 0.01 if optimizer == "adam" else 0.05
    whole = experiment(
        Arm("hinton", temperature=4.0, alpha=0.9),
        Arm("hinton", name="slower", temperature=2.0, alpha=0.5, learning_rate=rate / 3),
        Arm("hard"),
        student=NETWORKS[network],
        transfer=Transfer(per_class=5),
        batch_size=16,  # three batches of 16 and one of 2 an epoch
        seeds=(4, 1),
        steps=steps,
        learning_rate=rate,
        optimizer=optimizer,
    )
    training = Training(whole, dtype=torch.float64, frames_every=steps)
    cohort, prepared = training.cohort, training.prepared
    initial = {name: weight.detach().clone() for name, weight in cohort.students.weights.items()}
    teacher_logits = prepared.answers[whole.teacher].signal.logits.double()
    inputs = prepared.dataset.inputs.double()
    heard = [prepared.transfer_set.batch(step) for step in range(steps)]
    masks = [cohort._masks(step, heard[step][0].shape[1]) for step in range(steps)]
    for _ in training:
        pass

    for place, (temperature, alpha, own_rate) in enumerate([(4.0, 0.9, rate), (2.0, 0.5, rate / 3), (None, 0.0, rate)]):
        for seed in range(2):
            member = 2 * place + seed
            module = plain(NETWORKS[network], [weight[member] for weight in initial.values()])
            batches = [
                (inputs[ids[seed]], labels[seed], teacher_logits[ids[seed]], [mask[member] for mask in dropped])
                for (ids, labels), dropped in zip(heard, masks, strict=True)
            ]
            found = alone(module, OPTIMIZERS[optimizer](module.parameters(), lr=own_rate), batches, temperature, alpha)
            for name, weight in zip(initial, found, strict=True):
                assert name != "head.weight" or (weight - initial[name][member]).abs().max() > 0.01, "it did learn"
                torch.testing.assert_close(cohort.students.weights[name][member], weight, rtol=0, atol=1e-10)


def test_dropout_masks_drop_their_share_and_keep_the_mean() -> None:
    cohort = Training(experiment(student=Network("mlp", widths=(400,), dropout=0.25))).cohort
    (mask,) = cohort._masks(3, 64)
    assert mask.unique().tolist() == pytest.approx([0.0, 1 / 0.75])
    assert float((mask == 0).float().mean()) == pytest.approx(0.25, abs=0.01)
    per_seed = mask.unflatten(0, cohort.leading)
    assert torch.equal(per_seed[0], per_seed[1]), "the same in all arms"
    assert not torch.equal(per_seed[0, 0], per_seed[0, 1]), "another one for each seed"
    assert not torch.equal(mask, cohort._masks(4, 64)[0]), "another one at each step"


def test_no_unit_is_dropped_while_measuring() -> None:
    training = Training(experiment(student=Network("mlp", widths=(30,), dropout=0.5)))
    first, again = (training.observer.frame(0) for _ in range(2))
    assert (first.scalars["kl"] == again.scalars["kl"]).all()


@pytest.mark.parametrize(
    "network", [Network("mlp", widths=(12, 9), dropout=0.2), Network("cnn", widths=(3, 4), dropout=0.2)], ids=str
)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_adding_seeds_or_arms_changes_no_member_that_was_there(network: Network, optimizer: str) -> None:
    shared: dict[str, Any] = {
        "student": network,
        "transfer": Transfer(per_class=4),
        "batch_size": 16,
        "optimizer": optimizer,
    }
    few = trained(experiment(Arm("hinton"), Arm("hard"), seeds=(2, 0), **shared), dtype=torch.float64)
    many = trained(
        experiment(Arm("answers"), Arm("hard"), Arm("smoothed"), Arm("hinton"), seeds=(0, 1, 2, 3, 9), **shared),
        dtype=torch.float64,
    )
    for arm in ("hinton", "hard"):
        before, after = weights_of(few, arm), weights_of(many, arm)
        for name, weight in before.items():
            torch.testing.assert_close(after[name][2], weight[0], rtol=0, atol=1e-12, msg=f"seed 2 of {arm}: {name}")
            torch.testing.assert_close(after[name][0], weight[1], rtol=0, atol=1e-12, msg=f"seed 0 of {arm}: {name}")


def test_the_same_seed_starts_from_the_same_weights_in_every_arm() -> None:
    training = Training(experiment(Arm("hinton"), Arm("hard"), Arm("answers")))
    hinton, hard = weights_of(training, "hinton"), weights_of(training, "hard")
    assert same(hinton, hard)
    assert not torch.equal(hinton["head.weight"][0], hinton["head.weight"][1])


def test_initial_weights_are_torchs_own() -> None:
    weight = build(Network("mlp", widths=(1000,)), (1, 8, 8), 10, seed=3).state_dict()["hidden.0.weight"]
    bound = 1 / math.sqrt(64)
    assert weight.abs().max() <= bound
    assert float(weight.std()) == pytest.approx(bound / math.sqrt(3), rel=0.02)


# An arm that goes wrong.


@method(needs=("logits",), hard_weight=1.0, weight=1.0)
def breaks(
    student: Signal, teacher: Signal, labels: Tensor, *, progress: float, after: Annotated[float, Range(0, 1)] = 0.3
) -> Terms:
    """Says something for a while, then what is no number."""
    return {"broken": student.logits.square().mean(-1) * torch.where(torch.as_tensor(after) <= progress, math.nan, 1.0)}


@method(needs=("logits",), hard_weight=1.0, weight=1.0)
def steep(student: Signal, teacher: Signal, labels: Tensor, *, progress: float) -> Terms:
    """A finite loss whose gradient is not: the root of nothing."""
    nothing = (student.logits - student.logits.detach()).sum(-1)
    return {"steep": nothing.abs().sqrt() if progress >= 0.3 else nothing}


@method(needs=("logits",), hard_weight=1.0, weight=1.0)
def runs_away(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """So steep that a step of any size leads to a steeper place."""
    return {"steeper": student.logits.pow(4).sum(-1)}


OTHERS = ("hinton", "hard")
DIVERGING: dict[str, tuple[str, dict[str, Any], str]] = {
    "too fast, sgd": ("runs_away", {"learning_rate": 0.5}, "sgd"),
    "NaN, sgd": ("breaks", {}, "sgd"),
    "NaN, adam": ("breaks", {}, "adam"),
    "NaN at once, adam": ("breaks", {"after": 0.0}, "adam"),
    "infinite gradient, adam": ("steep", {}, "adam"),
    "infinite gradient, sgd": ("steep", {}, "sgd"),
}


@pytest.fixture(autouse=True)
def bad_methods() -> Any:
    with known(breaks, steep, runs_away):
        yield


def diverging(arm: Arm, **fields: Any) -> Experiment:
    return experiment(Arm("hinton"), arm, Arm("hard"), steps=40, control=True, **fields)


@pytest.mark.parametrize("case", DIVERGING)
def test_a_diverging_arm_leaves_the_others_bit_equal(case: str) -> None:
    method, fields, optimizer = DIVERGING[case]
    widths = () if method == "runs_away" else (13, 7)  # rectified units die before they run away
    shared: dict[str, Any] = {"optimizer": optimizer, "student": Network("mlp", widths=widths)}
    with_it = trained(diverging(Arm(method, name="gone", **fields), **shared), frames_every=1)
    without = trained(diverging(Arm("hinton", name="gone", temperature=2.0), **shared))
    for other in OTHERS:
        assert same(weights_of(with_it, other), weights_of(without, other))
    assert with_it.cohort.stopped.tolist() == [False, True, False]


@method(needs=("logits",))
def falls_over(student: Signal, teacher: Signal, labels: Tensor, *, progress: float) -> Terms:
    """Raises in the middle of a run."""
    if progress >= 0.5:
        raise RuntimeError("no such tensor")
    return {"soft": (student.logits - teacher.logits).square().mean(-1)}


def test_a_method_that_raises_stops_its_arm_alone() -> None:
    with known(falls_over):
        with_it = trained(diverging(Arm("falls_over", name="gone")), frames_every=1)
        without = trained(diverging(Arm("hinton", name="gone", temperature=2.0)))
    for other in OTHERS:
        assert same(weights_of(with_it, other), weights_of(without, other))
    assert with_it.cohort.stopped.tolist() == [False, True, False]
    assert with_it.cohort.raised == {"gone": "RuntimeError: no such tensor"}


def test_a_diverged_arm_is_marked_and_its_numbers_are_not_made_up() -> None:
    frames = list(kdcore.train(diverging(Arm("breaks", name="gone")), frames_every=1))
    before, after = frames[10], frames[-1]
    assert not before.stopped.any()
    assert after.stopped.tolist() == [[False] * 3, [True] * 3, [False] * 3]
    for name, values in after.scalars.items():
        assert not (values[1] == values[1]).any(), f"{name} of a stopped arm is NaN"
    assert (before.accuracy["gone"] > 0).all(), "the last good frame is kept"
    assert (after.accuracy["hinton"] > 0).all()


def test_a_stopped_arm_keeps_its_last_good_weights() -> None:
    training = trained(diverging(Arm("breaks", name="gone")))
    shorter = Training(diverging(Arm("breaks", name="gone")))
    for frame in shorter:
        if frame.step == 12:  # progress 0.3 is reached at step 12: twelve steps were good
            break
    while shorter.step < 12:
        shorter.cohort.advance(shorter.step, shorter.step / 40)
        shorter.step += 1
    assert same(weights_of(training, "gone"), weights_of(shorter, "gone"))


def test_frames_survive_an_arm_on_its_way_out() -> None:
    student = Network("mlp", widths=())
    fast = diverging(Arm("runs_away", name="gone", learning_rate=0.5), optimizer="sgd", student=student)
    frames = list(kdcore.train(fast, frames_every=1))
    assert frames[-1].stopped[1].all()
    assert len(frames) == 41


# What a person may change.


@pytest.fixture
def cohort() -> Any:
    arms = (Arm("hinton"), Arm("hinton", name="cold", temperature=1.0, learning_rate=0.01), Arm("answers"), Arm("hard"))
    return Training(experiment(*arms)).cohort


def setting(knob: str | None, value: Any, arm: str | None = None) -> Command:
    return Command("set", knob=knob, value=value, arm=arm)


def test_setting_a_knob_acts_on_every_arm_that_has_it(cohort: Any) -> None:
    cohort.change(setting("temperature", 8))
    assert cohort.knob("temperature").tolist()[:2] == [8.0, 8.0]
    assert cohort.knob("temperature")[2:].isnan().all()


def test_setting_a_knob_of_one_arm_leaves_the_others(cohort: Any) -> None:
    cohort.change(setting("temperature", 8, "cold"))
    assert cohort.knob("temperature").tolist()[:2] == [4.0, 8.0]


def test_setting_alpha_moves_both_weights_of_the_arms_that_hear_a_teacher(cohort: Any) -> None:
    cohort.change(setting("alpha", 0.25))
    assert cohort.weight.tolist() == [0.25, 0.25, 0.25, 0.0]
    assert cohort.hard_weight.tolist() == [0.75, 0.75, 0.75, 1.0]


def test_setting_the_learning_rate_acts_on_the_control_too(cohort: Any) -> None:
    assert cohort.learning_rate.tolist() == pytest.approx([0.003, 0.01, 0.003, 0.003])
    cohort.change(setting("learning_rate", 0.02))
    assert cohort.learning_rate.tolist() == pytest.approx([0.02] * 4)


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (setting("temperature", 100), r"temperature must lie in \[0.25, 64\]; got 100"),
        (setting("temperature", "hot"), "must be a number"),
        (setting("temperature", True), "must be a number"),
        (setting("temperature", None), "must be a number"),
        (setting("alpha", 1.5), r"alpha must lie in \[0, 1\]; got 1.5"),
        (setting("learning_rate", 0), "learning_rate must lie in"),
        (setting("weight", -1), "weight must lie in"),
        (setting("humidity", 1), "no arm has a knob 'humidity'"),
        (setting("t_squared", 1), "no arm has a knob 't_squared'"),
        (setting(None, 1), "no arm has a knob"),
        (setting("temperature", 2, "nobody"), "there is no arm 'nobody'"),
        (setting("temperature", 2, "hard"), "no arm has a knob"),
    ],
    ids=str,
)
def test_a_command_that_cannot_act_says_why_and_changes_nothing(cohort: Any, command: Command, reason: str) -> None:
    before = {name: value.clone() for name, value in cohort.state().items()}
    with pytest.raises(ValueError, match=reason):
        cohort.change(command)
    assert same(before, cohort.state())
