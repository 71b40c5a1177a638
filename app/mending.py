"""Where an experiment cannot be: why, before anybody presses Train, and what would help, if that is plain."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from app.controls import ALL, BY_NAME, Value, Values, clamp_all, spoken, table, text
from app.experiments import experiment_from
from kdcore.experiment import Experiment

PICTURES = {"student": "cnn-4-8", "teacher": "cnn-8-16"}
SMALLER = (64, 63, 62, 60, 48, 32, 16)


@dataclass(frozen=True)
class Refusal:
    """Why it cannot be. helps: the values that would make it possible, none where nothing plain would."""

    why: str
    helps: dict[str, Value] = field(default_factory=dict)

    @property
    def offer(self) -> str:
        """What one click would set: "Use student CNN 4-8 and teacher CNN 8-16"."""
        said = [f"{BY_NAME[name].label} {spoken(BY_NAME[name], value)}" for name, value in self.helps.items()]
        return f"Use {' and '.join(said)}" if said else ""


def refusal(values: Values) -> Refusal | None:
    """Why the controls describe no experiment; None where they do."""
    method = str(values["method"])
    return _refusal(tuple((c.name, text(c, values.get(c.name, c.default))) for c in table(method)))


@lru_cache(maxsize=256)
def _refusal(written: tuple[tuple[str, str], ...]) -> Refusal | None:
    values, _ = clamp_all(dict(written))
    found = experiment_from(values)
    if isinstance(found, Experiment):
        return None
    why = " ".join(found)
    for helps in _remedies(values):
        if isinstance(experiment_from(clamp_all(values | helps)[0]), Experiment):
            return Refusal(why, helps)
    return Refusal(why)


def _remedies(values: Values) -> Iterator[dict[str, Any]]:
    """What may help, the smallest change first. Each of them leaves the method as it is."""
    usual = {role: BY_NAME[role].default for role in PICTURES}
    for networks in (usual, PICTURES):
        for role, network in networks.items():
            yield {role: network}
        yield dict(networks)
    yield {"student": "mlp-64-64"}
    for size in SMALLER:
        yield {"batch_size": size}
    for name in ("labels", "omit", "programme"):
        yield {name: BY_NAME[name].default}
    if values["per_class"] != ALL:
        yield {"per_class": BY_NAME["per_class"].default}
    yield {"dataset": "digits"}
    yield {"dataset": "digits", **PICTURES}
