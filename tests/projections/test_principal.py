"""One fixed space: axes as scikit-learn finds them, and students laid over it by a rigid motion and one scale."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import Tensor

from kdcore.projections import DIRECTIONS, PrincipalSpace


def features(*shape: int, seed: int = 0) -> Tensor:
    """Random features whose directions differ in strength."""
    random = torch.Generator().manual_seed(seed)
    given: Tensor = torch.randn(*shape, generator=random) * torch.linspace(3, 0.5, shape[-1]) + 1
    return given


def rotation(size: int) -> Tensor:
    turned: Tensor = torch.linalg.qr(torch.randn(size, size, generator=torch.Generator().manual_seed(3)))[0]
    return turned


@pytest.mark.parametrize("units", [5, 16, 40])
def test_axes_are_scikit_learns_principal_components(units: int) -> None:
    given = features(120, units)
    space = PrincipalSpace.fit(given)
    count = min(DIRECTIONS, units)
    expected = PCA(count).fit_transform(given.double().numpy())
    assert space.coordinates.shape == (120, count)
    for ours, theirs in zip(space.coordinates.numpy().T, expected.T, strict=True):
        sign = np.sign(ours @ theirs)
        np.testing.assert_allclose(ours, sign * theirs, atol=1e-4)


def test_the_sign_of_an_axis_does_not_hang_on_chance() -> None:
    given = features(120, 8)
    first = PrincipalSpace.fit(given).coordinates
    again = PrincipalSpace.fit(given + 1e-6 * features(120, 8, seed=1)).coordinates
    torch.testing.assert_close(first, again, atol=1e-3, rtol=0)


def test_a_turned_mirrored_scaled_and_moved_copy_comes_back_exactly() -> None:
    given = features(120, 8)
    space = PrincipalSpace.fit(given)
    turned = 0.3 * given @ rotation(8) + 7
    mirrored = given * torch.tensor([-1.0, 1, 1, 1, 1, 1, 1, 1])
    overlaid = space.overlay(torch.stack([turned, mirrored, given]))
    for copy in overlaid:
        torch.testing.assert_close(copy, space.coordinates, atol=1e-4, rtol=0)


def test_students_may_have_fewer_or_more_units_than_the_teacher() -> None:
    space = PrincipalSpace.fit(features(120, 20))
    assert space.overlay(features(2, 120, 3)).shape == (2, 120, 16)
    assert space.overlay(features(2, 120, 50)).shape == (2, 120, 16)


def test_nothing_but_a_motion_and_one_scale_is_done_to_a_student() -> None:
    student = features(60, 8, seed=5)
    overlaid = PrincipalSpace.fit(features(60, 8)).overlay(student)
    before, after = torch.pdist(student), torch.pdist(overlaid)
    ratio = after / before
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [0.0, 1e-20, 1e18, 1e30])
def test_dead_and_exploding_features_are_no_reason_to_fail(size: float) -> None:
    overlaid = PrincipalSpace.fit(features(60, 8)).overlay(size * features(2, 60, 8, seed=5))
    assert overlaid.isfinite().all()
