"""Random streams hang on their key alone."""

from __future__ import annotations

import torch

from kdcore.randomness import stream


def test_a_key_gives_the_same_numbers_in_every_process() -> None:
    # Written down once: a change here would change every run that was ever recorded.
    found = torch.randint(0, 1000, (5,), generator=stream("transfer set", 3)).tolist()
    assert found == [360, 926, 256, 926, 678]


def test_other_keys_give_other_numbers() -> None:
    keys = [("order", 1, 23), ("order", 12, 3), ("order", 1, 2, 3), ("dropout", 1, 23), ("order", "1", 23)]
    draws = {tuple(torch.randint(0, 10**9, (4,), generator=stream(*key)).tolist()) for key in keys}
    assert len(draws) == len(keys)


def test_the_global_generator_is_not_touched() -> None:
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    torch.rand(100, generator=stream("anything"))
    assert torch.equal(torch.rand(1), expected)
