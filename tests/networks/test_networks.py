"""Networks are what their name says, alone and stacked."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from kdcore import Network
from kdcore.networks import Stacked, build, cohort

SHAPE = (1, 8, 8)
MLP = Network("mlp", widths=(12, 9))
CNN = Network("cnn", widths=(4, 6), norm="group")
DEEP = [
    Network("resmlp", widths=(12, 12, 9, 9)),
    Network("plainmlp", widths=(12, 12, 9)),
    Network("rescnn", widths=(4, 4, 6)),
    Network("plaincnn", widths=(4, 6)),
    Network("vit", widths=(12, 2, 3)),
]
ALL = [MLP, Network("mlp", widths=()), CNN, Network("cnn", widths=(5,)), *DEEP]
KINDS = pytest.mark.parametrize("network", ALL, ids=str)


def pictures(*leading: int) -> torch.Tensor:
    return torch.rand(*leading, *SHAPE, generator=torch.Generator().manual_seed(0))


def test_an_mlp_is_the_chain_of_layers_that_torch_would_run() -> None:
    network = build(MLP, SHAPE, 10)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 12), nn.ReLU(), nn.Linear(12, 9), nn.ReLU(), nn.Linear(9, 10))
    plain.load_state_dict(dict(zip(plain.state_dict(), network.state_dict().values(), strict=True)))
    signal = network(pictures(7))
    torch.testing.assert_close(signal.logits, plain(pictures(7)))
    torch.testing.assert_close(signal.features["hidden1"], plain[:3](pictures(7)))
    torch.testing.assert_close(signal.features["hidden2"], plain[:5](pictures(7)))


def test_layers_are_named_from_input_to_output() -> None:
    assert list(build(MLP, SHAPE, 10)(pictures(2)).features) == ["hidden1", "hidden2"]
    features = build(CNN, SHAPE, 10)(pictures(2)).features
    assert {name: tuple(feature.shape) for name, feature in features.items()} == {
        "block1": (2, 4, 4, 4),
        "block2": (2, 6, 2, 2),
        "pooled": (2, 6),
    }


@KINDS
def test_logits_lie_class_first_in_memory(network: Network) -> None:
    assert build(network, SHAPE, 10)(pictures(7)).logits.mT.is_contiguous()
    assert cohort(network, SHAPE, 10, seeds=(0, 1))(pictures(2, 7)).logits.mT.is_contiguous()


@KINDS
def test_a_stack_answers_as_its_networks_do(network: Network) -> None:
    stacked = cohort(network, SHAPE, 10, seeds=(3, 1, 3))
    asked = pictures(3, 7)
    together = stacked(asked)
    for member, seed in enumerate((3, 1, 3)):
        alone = build(network, SHAPE, 10, seed=seed)(asked[member])
        torch.testing.assert_close(together.logits[member], alone.logits)
        assert list(together.features) == list(alone.features)
        for name, feature in alone.features.items():
            torch.testing.assert_close(together.features[name][member], feature)
        torch.testing.assert_close(stacked.member(member)(asked[member]).logits, alone.logits)


@KINDS
def test_a_question_shared_by_all_students_is_answered_as_if_each_were_asked(network: Network) -> None:
    stacked = cohort(network, SHAPE, 10, seeds=(0, 1, 2))
    shared, spread = stacked(pictures(7), shared=True), stacked(pictures(7).expand(3, 7, *SHAPE))
    torch.testing.assert_close(shared.logits, spread.logits)
    for name, feature in spread.features.items():
        torch.testing.assert_close(shared.features[name], feature)


@pytest.mark.parametrize("size", [2, 3, 8])
def test_students_are_not_mixed_up_with_examples_when_there_are_as_many(size: int) -> None:
    stacked = cohort(Network("mlp", widths=(size,)), (size,), size, seeds=tuple(range(size)))
    asked = torch.randn(size, size, size, generator=torch.Generator().manual_seed(0))
    together = stacked(asked).logits
    for member in range(size):
        torch.testing.assert_close(together[member], stacked.member(member)(asked[member]).logits)


def test_initial_weights_depend_on_the_seed_alone_and_touch_no_other_random_numbers() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first = build(MLP, SHAPE, 10, seed=7).state_dict()
    assert torch.equal(torch.rand(3), expected)
    again = build(MLP, SHAPE, 10, seed=7).state_dict()
    other = build(MLP, SHAPE, 10, seed=8).state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not any(torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("network", [Network("mlp", widths=(12, 9), dropout=0.5), CNN], ids=str)
def test_masks_drop_units(network: Network) -> None:
    stacked = cohort(network.model_copy(update={"dropout": 0.5}), SHAPE, 10, seeds=(0, 1))
    closed = [torch.zeros(2, 7, width) for width in stacked.mask_widths]
    signal = stacked(pictures(2, 7), closed)
    assert (signal.penultimate == 0).all()
    torch.testing.assert_close(signal.logits, stacked.weights["head.bias"].unsqueeze(1).expand(2, 7, 10))


def test_networks_with_running_statistics_cannot_be_stacked() -> None:
    with pytest.raises(ValueError, match="buffers"):
        Stacked([nn.BatchNorm1d(3), nn.BatchNorm1d(3)])


def test_the_stack_learns_and_the_networks_it_came_from_do_not() -> None:
    network = build(MLP, SHAPE, 10)
    stacked = Stacked([network, network])
    assert all(weight.requires_grad and weight.is_leaf for weight in stacked.weights.values())
    with torch.no_grad():
        stacked.weights["head.bias"] += 1
    assert not torch.equal(network.state_dict()["head.bias"], stacked.weights["head.bias"][0])


def test_a_cnn_takes_fashion_sized_pictures() -> None:
    network = build(Network("cnn", widths=(8, 16, 16)), (1, 28, 28), 10)
    assert network(torch.rand(2, 1, 28, 28)).features["block3"].shape == (2, 16, 3, 3)
