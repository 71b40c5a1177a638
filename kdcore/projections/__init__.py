"""Pictures of a feature space. One fixed space: fitted once on the teacher, students are mapped into it."""

from kdcore.projections.principal import DIRECTIONS, PrincipalSpace

__all__ = ["DIRECTIONS", "PrincipalSpace"]
