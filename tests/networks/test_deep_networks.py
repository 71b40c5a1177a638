# mypy: disable-error-code="call-overload, index, operator, union-attr"
"""Networks with and without skip connections, and a tiny vision transformer: what they are, and that they learn."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional

import kdcore
from kdcore import Arm, Network, Transfer, networks
from kdcore.experiment import parameters_of, units_of
from kdcore.networks import KINDS, build
from tests.small import experiment

SHAPE = (1, 8, 8)
PAIRS = [("resmlp", "plainmlp", (12, 12, 9)), ("rescnn", "plaincnn", (4, 4, 6))]
DEEP = [
    Network("resmlp", widths=(32,) * 4),
    Network("plainmlp", widths=(32,) * 4),
    Network("rescnn", widths=(8, 16, 32)),
    Network("plaincnn", widths=(8, 16, 32)),
    Network("vit", widths=(32, 2, 4)),
]
by_name = pytest.mark.parametrize("network", DEEP, ids=lambda network: network.kind)


def pictures(batch: int = 7, shape: tuple[int, ...] = SHAPE) -> torch.Tensor:
    return torch.rand(batch, *shape, generator=torch.Generator().manual_seed(0))


def trained(network: Network, *, seeds: int, steps: int, **fields: Any) -> np.ndarray:
    """Test accuracy of students that heard all labels."""
    given = experiment(Arm("hard"), student=network, transfer=Transfer(), seeds=seeds, steps=steps, **fields)
    *_, last = kdcore.train(given, frames_every=10**9)
    return np.asarray(last.scalars["accuracy"][0])


@pytest.mark.parametrize(("skipping", "plain", "widths"), PAIRS)
def test_a_plain_network_is_the_same_with_the_same_initial_weights_but_for_the_skips(
    skipping: str, plain: str, widths: tuple[int, ...]
) -> None:
    own = build(Network(skipping, widths=widths), SHAPE, 10, seed=3).state_dict()
    without = build(Network(plain, widths=widths), SHAPE, 10, seed=3).state_dict()
    assert set(own) - set(without) == {name for name in own if ".skip." in name}
    assert all(torch.equal(own[name], weight) for name, weight in without.items())


def test_a_residual_layer_adds_to_the_one_before_and_a_plain_one_replaces_it() -> None:
    for skips in (True, False):
        network = build(Network("resmlp" if skips else "plainmlp", widths=(12, 12, 9)), SHAPE, 10)
        features = list(network(pictures()).features.values())
        second, third = network.blocks[1], network.blocks[2]
        said = functional.relu(functional.linear(features[0], second.linear.weight, second.linear.bias))
        torch.testing.assert_close(features[1], said + features[0] if skips else said)
        said = functional.relu(functional.linear(features[1], third.linear.weight, third.linear.bias))
        around = functional.linear(features[1], third.skip.weight, third.skip.bias) if skips else 0.0
        torch.testing.assert_close(features[2], said + around)


def test_a_residual_block_of_no_convolution_passes_on_what_it_gets() -> None:
    network = build(Network("rescnn", widths=(4, 4)), SHAPE, 10)
    block = network.blocks[1]
    torch.nn.init.zeros_(block.second_norm.weight)
    features = network(pictures()).features
    torch.testing.assert_close(features["block2"], features["block1"])
    plain = build(Network("plaincnn", widths=(4, 4)), SHAPE, 10)
    torch.nn.init.zeros_(plain.blocks[1].second_norm.weight)
    assert (plain(pictures()).features["block2"] == 0).all()


def test_layers_are_maps_where_there_are_any_and_the_last_is_a_vector() -> None:
    shapes = {
        network.kind: {n: tuple(f.shape[1:]) for n, f in build(network, SHAPE, 10)(pictures()).features.items()}
        for network in DEEP
    }
    assert shapes["resmlp"] == shapes["plainmlp"] == {f"hidden{i}": (32,) for i in (1, 2, 3, 4)}
    assert shapes["rescnn"] == {"block1": (8, 8, 8), "block2": (16, 4, 4), "block3": (32, 2, 2), "pooled": (32,)}
    maps = {"embedded": (32, 4, 4), "block1": (32, 4, 4), "block2": (32, 4, 4)}
    assert shapes["vit"] == maps | {"pooled": (32,)}
    large = build(Network("vit", widths=(8, 1, 2)), (1, 28, 28), 10)(pictures(2, (1, 28, 28)))
    assert large.features["block1"].shape == (2, 8, 7, 7)
    large = build(Network("rescnn", widths=(4, 4, 4)), (1, 28, 28), 10)(pictures(2, (1, 28, 28)))
    assert [maps.shape[-1] for maps in list(large.features.values())[:3]] == [28, 14, 14]


def test_a_patch_sees_its_own_pixels_and_lies_where_they_are() -> None:
    network = build(Network("vit", widths=(8, 1, 2)), (1, 7, 10), 10)
    before = network(pictures(1, (1, 7, 10))).features["embedded"]
    assert before.shape == (1, 8, 4, 5), "filled up to eight rows"
    changed = pictures(1, (1, 7, 10)).clone()
    changed[0, 0, 5, 2] += 1
    moved = (network(changed).features["embedded"] != before).any(1)[0]
    assert moved.nonzero().tolist() == [[2, 1]]


def test_patches_attend_as_torchs_own_attention_does() -> None:
    block = build(Network("vit", widths=(8, 1, 2)), SHAPE, 10).blocks[1]
    tokens = torch.randn(3, 16, 8)
    theirs = torch.nn.MultiheadAttention(8, 2, batch_first=True)
    theirs.load_state_dict(
        {
            "in_proj_weight": block.asked.weight,
            "in_proj_bias": block.asked.bias,
            "out_proj.weight": block.answered.weight,
            "out_proj.bias": block.answered.bias,
        }
    )
    normed = block.before_attention(tokens)
    after = tokens + theirs(normed, normed, normed)[0]
    expected = after + block.narrow(functional.gelu(block.wide(block.before_thought(after))))
    torch.testing.assert_close(block(tokens), expected)


@by_name
def test_the_first_number_in_a_weights_name_is_its_block_and_the_head_is_last(network: Network) -> None:
    names = list(build(network, SHAPE, 10).state_dict())
    numbers = [int(found.group()) for name in names if (found := re.search(r"\d+", name))]
    assert sorted(set(numbers)) == list(range(max(numbers) + 1))
    assert [name for name in names if not re.search(r"\d", name)] == ["head.weight", "head.bias"]
    assert numbers == sorted(numbers)


def test_every_kind_has_a_sentence_and_a_size() -> None:
    assert list(KINDS) == ["mlp", "cnn", "resmlp", "plainmlp", "rescnn", "plaincnn", "vit"]
    assert all(sentence.endswith(".") for sentence in networks.KINDS.values())
    facts = kdcore.datasets.facts("digits")
    for network in DEEP:
        weights = sum(weight.numel() for weight in build(network, SHAPE, 10).parameters())
        assert 0.8 * weights < parameters_of(network, facts) <= weights
        assert min(units_of(network, facts)) >= 32


def test_names_for_people_are_short() -> None:
    assert Network("resmlp", widths=(32,) * 16).name == "Residual MLP 16 x 32"
    assert Network("plaincnn", widths=(8, 16)).name == "Plain CNN 8-16"
    assert Network("vit", widths=(32, 4, 4)).name == "ViT 32-4-4"
    assert Network("mlp", widths=()).name == "linear"


@pytest.mark.parametrize(
    ("kind", "widths", "reason"),
    [
        ("vit", (32, 4), "needs three numbers"),
        ("vit", (30, 4, 4), "a width that its heads divide; got width 30 and 4 heads"),
        ("vit", (32, 100, 4), "at most 32 blocks deep; got 100"),
        ("resmlp", (), "at least one hidden layer; got no widths"),
        ("rescnn", (), "at least one block; got no widths"),
        ("resmlp", (4,) * 33, "at most 32"),
        ("mlp", (4,) * 9, "at most 8"),
    ],
)
def test_what_cannot_be_is_said(kind: str, widths: tuple[int, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Network(kind, widths=widths)


@pytest.mark.parametrize("kind", ["rescnn", "plaincnn", "vit"])
def test_what_sees_pictures_is_refused_where_there_are_none(kind: str) -> None:
    widths = (8, 1, 2) if kind == "vit" else (4,)
    with pytest.raises(ValueError, match=f"a {kind} needs pictures; spirals has none"):
        experiment(Arm("hard"), dataset="spirals", student=Network(kind, widths=widths))


@by_name
def test_each_learns_digits(network: Network) -> None:
    rate = 3e-3 if network.kind in ("resmlp", "plainmlp", "vit") else 1e-2
    assert trained(network, seeds=1, steps=150, learning_rate=rate).mean() > 0.75, "by chance one in ten"


def test_sixteen_layers_learn_with_skips_and_hardly_without() -> None:
    skipping, plain = (trained(Network(kind, widths=(32,) * 16), seeds=5, steps=200) for kind in ("resmlp", "plainmlp"))
    error = np.sqrt((skipping.var(ddof=1) + plain.var(ddof=1)) / 5)
    assert skipping.mean() > 0.85
    # Measured with 300 steps: 0.95 with skips and 0.43 without; four layers deep 0.96 and 0.92.
    assert skipping.mean() - plain.mean() > max(0.2, 6 * error)
