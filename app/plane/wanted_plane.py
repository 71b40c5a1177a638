"""What is to be tuned, as the controls of the page Tune say it: values, two axes, what the knobs in between are."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from app import controls
from app.controls import BY_NAME, CONTROLS, Values, clamp_all, defaults
from app.experiments import experiment_from, values_of
from kdcore import methods
from kdcore.experiment import reasons
from kdcore.planes import ALPHAS, TEMPERATURES, Axis, Plane

Spacing = Literal["usual", "evenly", "logarithmic", "typed"]
SPACINGS: tuple[Spacing, ...] = ("usual", "evenly", "logarithmic", "typed")
SEEDS = 4
USUAL: dict[str, tuple[float, ...]] = {
    "temperature": TEMPERATURES,
    "alpha": ALPHAS,
    "learning_rate": (0.0003, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.03),
    "weight": (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
    "hard_weight": (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0),
}
PLACES = 9
LEFT_OUT = ("temperature", "alpha", "null_arms", "programme")
"""Controls of the Lab that are knobs of the plane here, or have no place on it."""
SHOWN = tuple(control.name for control in CONTROLS if control.name not in LEFT_OUT)


@dataclass(frozen=True)
class AxisWish:
    """An axis as it is asked for. typed: the values as text, for the spacing of that name."""

    knob: str
    spacing: Spacing = "usual"
    low: float = 1.0
    high: float = 16.0
    count: int = PLACES
    typed: str = ""

    def axis(self, method: str) -> Axis:
        """The axis. Raises ValueError with a sentence where it cannot be."""
        try:
            return Axis(self.knob, self._values(method))
        except ValidationError as error:
            raise ValueError(f"The axis of {spoken(self.knob)}: {'; '.join(reasons(error))}") from None

    def _values(self, method: str) -> tuple[float, ...]:
        if self.spacing == "usual":
            return usual(self.knob, method)
        if self.spacing == "typed":
            try:
                return tuple(float(part) for part in self.typed.replace(";", ",").replace(" ", ",").split(",") if part)
            except ValueError:
                raise ValueError(f"The axis of {spoken(self.knob)}: {self.typed[:40]!r} are not all numbers") from None
        if self.spacing == "logarithmic":
            if self.low <= 0:
                raise ValueError(f"The axis of {spoken(self.knob)}: logarithmic values begin above 0; got {self.low:g}")
            return tuple(float(f"{value:.4g}") for value in np.geomspace(self.low, self.high, self.count))
        return tuple(float(f"{value:.6g}") for value in np.linspace(self.low, self.high, self.count))


def spoken(knob: str) -> str:
    """A knob as people read it."""
    return knob.replace("_", " ")


def usual(knob: str, method: str) -> tuple[float, ...]:
    """The values that stand on an axis of this knob if nobody says otherwise."""
    if knob == "weight":
        return tuple(float(f"{value * usual_weight(method):.3g}") for value in USUAL[knob])
    if knob in USUAL:
        return USUAL[knob]
    declared = methods.get(method).knobs[knob]
    spaced = np.geomspace if declared.log and declared.low > 0 else np.linspace
    return tuple(float(f"{value:.3g}") for value in spaced(declared.low, declared.high, PLACES))


def usual_weight(method: str) -> float:
    """The size that the weight of a method's own part has: that of its paper where it has no alpha."""
    declared = methods.get(method)
    return 1.0 if declared.alpha is not None or not declared.weight else declared.weight


def knobs_of(method: str) -> list[str]:
    """The knobs that may be on an axis, temperature and alpha first where the method has them."""
    declared = methods.get(method)
    own = [name for name, knob in declared.knobs.items() if knob.kind == "number"]
    weights = ["weight", "hard_weight"]
    return [*own, *(["alpha"] if declared.alpha is not None else []), "learning_rate", *weights]


def axes_of(method: str) -> tuple[AxisWish, AxisWish]:
    """The usual two axes of a method."""
    first, second, *_ = knobs_of(method)
    return AxisWish(first), AxisWish(second)


def fixed_of(method: str, x: str, y: str) -> list[str]:
    """The knobs that all cells share and that may be set: the method's own, and alpha unless its weights are axes."""
    declared = methods.get(method)
    weighed = {"weight", "hard_weight"} & {x, y}
    names = [*declared.knobs, *(["alpha"] if declared.alpha is not None and not weighed else [])]
    return [name for name in names if name not in (x, y)]


def usual_values() -> Values:
    """The values of the default plane."""
    return defaults() | {"seeds": SEEDS}


def plane_from(
    values: Values, wishes: tuple[AxisWish, AxisWish], fixed: Mapping[str, float | bool | str]
) -> Plane | list[str]:
    """The plane that the controls describe, or the reasons why there can be none."""
    experiment = experiment_from(values | {"null_arms": False, "method": "hinton"})
    if isinstance(experiment, list):
        return experiment
    method = str(values["method"])
    try:
        x, y = (wish.axis(method) for wish in wishes)
        known = [name for name in fixed_of(method, x.knob, y.knob) if name in fixed]
        return Plane(
            experiment=experiment.model_copy(update={"arms": Plane().experiment.arms}),
            method=method,
            knobs={name: fixed[name] for name in known if fixed[name] != fixed_usual(method, name)},
            x=x,
            y=y,
        )
    except ValidationError as error:
        return [f"{sentence}." for sentence in reasons(error)]
    except ValueError as error:
        return [f"{error}."]


def values_of_plane(plane: Plane) -> tuple[Values, tuple[AxisWish, AxisWish], dict[str, float | bool | str]]:
    """What the controls show for a plane."""
    values = values_of(plane.experiment) | {"method": plane.method}
    return values, (_wish(plane.x, plane.method), _wish(plane.y, plane.method)), dict(plane.knobs)


def _wish(axis: Axis, method: str) -> AxisWish:
    if axis.values == usual(axis.knob, method):
        return AxisWish(axis.knob)
    ends = {"low": axis.values[0], "high": axis.values[-1], "count": len(axis.values)}
    return AxisWish(axis.knob, "typed", typed=", ".join(f"{value:.6g}" for value in axis.values), **ends)  # type: ignore[arg-type]


def clamped(given: Mapping[str, Any]) -> tuple[Values, list[str]]:
    """Values in their canonical form, those of the default plane where nothing is given."""
    return clamp_all({"seeds": SEEDS} | dict(given))


def changes(wanted: Plane | list[str], shown: Plane) -> list[str]:
    """What a plane that is asked for differs in from the one that is shown, in words."""
    if isinstance(wanted, list) or wanted == shown:
        return []
    new, old = values_of_plane(wanted), values_of_plane(shown)
    differ = [
        f"{BY_NAME[name].label}: {_written(name, old[0])}, now {_written(name, new[0])}"
        for name in SHOWN
        if old[0][name] != new[0][name]
    ]
    for name, was, now in zip(("across", "upwards"), (shown.x, shown.y), (wanted.x, wanted.y), strict=True):
        if was != now:
            differ.append(f"{name}: {len(now.values)} values of {spoken(now.knob)}")
    differ += [
        f"{spoken(name)}: {value if isinstance(value, bool | str) else f'{value:g}'}"
        for name, value in wanted.knobs.items()
        if shown.knobs.get(name, _usual_fixed(shown.method, name)) != value
    ]
    return differ


def _written(name: str, values: Values) -> str:
    return controls.spoken(BY_NAME[name], values[name]).replace("_", " ")


def _usual_fixed(method: str, name: str) -> float | bool | str | None:
    declared = methods.get(method)
    return declared.knobs[name].default if name in declared.knobs else declared.alpha if name == "alpha" else None


def fixed_usual(method: str, name: str) -> float | bool | str:
    """What a shared knob is if nobody says otherwise."""
    found = _usual_fixed(method, name)
    return found if found is not None else math.nan
