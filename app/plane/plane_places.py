"""Where other people's alpha and temperature lie on a plane, and what its axis reads in their numbers."""

from typing import Any

import numpy as np

from kdcore.conventions import Convention
from kdcore.planes import Axis, Plane

Yours = tuple[float, float]
"""A person's own alpha, as they write it, and temperature."""


def conversion(plane: Plane) -> bool:
    """Whether other people's alpha has a place on this plane: Hinton's plain loss with T squared, alpha on an axis."""
    return (
        plane.method == "hinton"
        and plane.knobs.get("t_squared", True) is True
        and not plane.knobs.get("standardise")
        and "alpha" in (plane.x.knob, plane.y.knob)
    )


def ours_at(plane: Plane, column: int, row: int) -> tuple[float, float]:
    """Alpha and temperature of a cell."""
    arm = plane.arm(column, row)
    return arm.weight, float(arm.knobs["temperature"])


def axis_names(plane: Plane, convention: Convention, cell: tuple[int, int]) -> dict[str, tuple[list[str], str]]:
    """The axis of alpha with their numbers: those at the temperature of the chosen cell."""
    if convention.name == "ours":
        return {}
    name, axis = ("y", plane.y) if plane.y.knob == "alpha" else ("x", plane.x)
    temperature = ours_at(plane, *cell)[1]
    classes = len(plane.experiment.facts.classes)
    texts = [f"{convention.theirs(alpha, temperature, classes):.3g}" for alpha in axis.values]
    fixed = convention.t_squared
    return {name: (texts, "their alpha" if fixed else f"their alpha at T {temperature:.4g}")}


def place_of(plane: Plane, yours: Yours | None, convention: Convention) -> tuple[float, float] | None:
    """Where a person's own alpha and temperature lie between the cells (column, row); None off the plane."""
    if yours is None or not conversion(plane):
        return None
    alpha, temperature = yours
    ours = convention.ours(alpha, temperature, len(plane.experiment.facts.classes))
    given = {"alpha": ours, "temperature": temperature}
    if not {plane.x.knob, plane.y.knob} <= set(given):
        return None
    place = tuple(_between(axis, given[axis.knob]) for axis in (plane.x, plane.y))
    return (place[0], place[1]) if None not in place else None  # type: ignore[return-value]


def _between(axis: Axis, value: float) -> float | None:
    """The place of a value between the values of an axis; None outside of them."""
    if not axis.values[0] - 1e-9 <= value <= axis.values[-1] + 1e-9:
        return None
    values = np.log(axis.values) if axis.values[0] > 0 else np.array(axis.values)
    at = np.log(value) if axis.values[0] > 0 else value
    return float(np.interp(at, values, np.arange(len(values))))


def told(plane: Plane, yours: Yours | None, convention: Convention) -> dict[str, Any]:
    """The fields for a person's own numbers, and where these lie here."""
    if yours is None:
        return {"alpha": None, "temperature": None, "says": ""}
    alpha, temperature = yours
    ours = convention.ours(alpha, temperature, len(plane.experiment.facts.classes))
    says = f"Yours is alpha {ours:.3g}, T {temperature:.4g} here"
    if place_of(plane, yours, convention) is None:
        says += ", outside of this plane"
    factor = convention.factor(alpha, temperature, len(plane.experiment.facts.classes))
    if plane.experiment.optimizer == "sgd" and abs(factor - 1) > 1e-6:
        says += f"; your loss is {factor:.3g} times ours, which SGD takes for another learning rate"
    return {"alpha": alpha, "temperature": temperature, "says": f"{says}."}
