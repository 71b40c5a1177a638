"""A gap in capacity can be dialled: networks made wider and deeper, and steps between two."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kdcore import Network
from kdcore.networks import build
from kdcore.networks.families import between, scaled, weights_of

LISTS = st.lists(st.integers(1, 300), min_size=1, max_size=5).map(tuple)
HEADS = st.tuples(st.integers(1, 20), st.integers(1, 6), st.integers(1, 4)).map(lambda w: (w[0] * w[2], w[1], w[2]))
NETWORKS = st.one_of(
    st.builds(Network, st.sampled_from(["mlp", "resmlp", "plainmlp", "cnn", "rescnn", "plaincnn"]), widths=LISTS),
    st.builds(Network, st.just("vit"), widths=HEADS),
    st.just(Network("mlp", widths=())),
)


@given(larger=NETWORKS, smaller=NETWORKS, count=st.integers(0, 4))
def test_steps_between_two_networks_shrink_strictly_or_there_is_a_sentence(
    larger: Network, smaller: Network, count: int
) -> None:
    assume(weights_of(larger) > weights_of(smaller))
    try:
        steps = between(larger, smaller, count)
    except ValueError as error:
        assert "no room" in str(error)
        assert weights_of(larger) < 3 ** (count + 1) * max(weights_of(smaller), 200)
        return
    sizes = [weights_of(network) for network in (larger, *steps, smaller)]
    assert len(steps) == count and sizes == sorted(set(sizes), reverse=True)
    assert all(network.kind == smaller.kind for network in steps)


def test_widths_and_depth_go_down_geometrically() -> None:
    steps = between(Network("mlp", widths=(256,)), Network("mlp", widths=(16,)), 3)
    assert [network.widths for network in steps] == [(128,), (64,), (32,)]
    deep = between(Network("resmlp", widths=(32,) * 15), Network("resmlp", widths=(32,)), 2)
    assert [len(network.widths) for network in deep] == [7, 3]
    seeing = between(Network("vit", widths=(64, 4, 4)), Network("vit", widths=(16, 4, 4)), 1)
    assert seeing[0].widths == (32, 4, 4)


def test_networks_of_two_families_are_joined_by_wider_ones_of_the_smaller_kind() -> None:
    larger, smaller = Network("cnn", widths=(16, 32)), Network("mlp", widths=(4,))
    sizes = [weights_of(network) for network in (larger, *between(larger, smaller, 2), smaller)]
    ratios = [a / b for a, b in pairwise(sizes)]
    assert max(ratios) / min(ratios) < 1.3


def test_what_is_not_larger_or_leaves_no_room_is_refused() -> None:
    small, large = Network("mlp", widths=(8,)), Network("mlp", widths=(9,))
    with pytest.raises(ValueError, match="is not larger"):
        between(small, large, 1)
    with pytest.raises(ValueError, match="no room for 3"):
        between(large, small, 3)
    with pytest.raises(ValueError, match="no widths to change"):
        between(Network("table"), small, 1)


def test_a_network_is_scaled_in_width_and_in_depth() -> None:
    assert scaled(Network("mlp", widths=(64, 32), dropout=0.3), 0.5).widths == (32, 16)
    assert scaled(Network("mlp", widths=(64, 32), dropout=0.3), 0.5).dropout == 0.3
    assert scaled(Network("resmlp", widths=(32,)), depth=16).widths == (32,) * 16
    assert scaled(Network("mlp", widths=(64, 32)), depth=4).widths == (64, 64, 32, 32)
    assert scaled(Network("mlp", widths=(64, 32)), depth=0).widths == ()
    assert scaled(Network("vit", widths=(32, 2, 4)), 0.3, depth=5).widths == (8, 5, 4)
    assert scaled(Network("mlp", widths=(3,)), 0.01).widths == (1,)
    with pytest.raises(ValueError, match="above 0"):
        scaled(Network("mlp"), 0)
    with pytest.raises(ValueError, match="no layers to repeat"):
        scaled(Network("mlp", widths=()), depth=2)


@pytest.mark.parametrize(
    "network",
    [
        Network("mlp", widths=(12, 9)),
        Network("mlp", widths=()),
        Network("resmlp", widths=(12, 9, 9)),
        Network("plainmlp", widths=(12, 9, 9)),
        Network("rescnn", widths=(4, 6, 6)),
        Network("plaincnn", widths=(4, 6, 6)),
        Network("vit", widths=(12, 2, 3)),
    ],
    ids=lambda network: network.name,
)
@pytest.mark.parametrize("shape", [(1, 8, 8), (1, 28, 28), (3, 10, 7)], ids=str)
def test_number_of_weights_is_that_of_the_network_biases_left_out(network: Network, shape: tuple[int, ...]) -> None:
    weights = dict(build(network, shape, 10).named_parameters())
    kept = [w.numel() for name, w in weights.items() if w.ndim > 1]
    assert weights_of(network, shape) == sum(kept)
