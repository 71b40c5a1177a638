"""The teacher's principal directions, and the rigid motion that lays a student's features over the teacher's.

A projection that is fitted anew at each step moves by itself and looks like learning. Here the axes are the teacher's
and never change; a student may be turned, mirrored, moved and scaled as a whole, nothing else.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

DIRECTIONS = 16


@dataclass(frozen=True)
class PrincipalSpace:
    """The space of a teacher's features on the probe examples: coordinates `[probe, direction]`, at most 16."""

    coordinates: Tensor

    @classmethod
    def fit(cls, features: Tensor) -> "PrincipalSpace":
        """Principal components of `features [probe, unit]`; each direction's largest loading is positive."""
        centred = (features - features.mean(0)).double()
        _, _, directions = torch.linalg.svd(centred, full_matrices=False)
        directions = directions[:DIRECTIONS]
        largest = directions.gather(1, directions.abs().argmax(1, keepdim=True))
        return cls((centred @ (directions * largest.sign()).T).float())

    def overlay(self, features: Tensor) -> Tensor:
        """Features `[..., probe, unit]` laid over the teacher's, `[..., probe, direction]`.

        Orthogonal Procrustes with scaling (Schoenemann, Carroll 1970): the rotation and the one scale that bring the
        centred features nearest to the teacher's coordinates on the same probes.
        """
        centred = features - features.mean(-2, keepdim=True)
        left, strength, right = torch.linalg.svd(centred.mT @ self.coordinates.to(features.dtype), full_matrices=False)
        size = centred.square().sum((-1, -2)).clamp_min(1e-12)
        overlaid: Tensor = centred @ (left @ right) * (strength.sum(-1) / size)[..., None, None]
        return overlaid
