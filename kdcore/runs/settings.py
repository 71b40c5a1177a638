"""The settings of a run as plain values by name, read from its experiment's JSON without the engine."""

import json
from collections import OrderedDict
from typing import Any

Value = str | float | bool
Settings = dict[str, tuple[Value, ...]]
"""Several values where the arms of a run differ in a setting: a ladder of temperatures."""


def settings_of(experiment: str) -> Settings:
    """Every setting that has a value.

    Knobs, weights and teachers are those of the arms that hear a method, so not of the control; `methods` names all
    arms' methods. ValueError where the text is no experiment.
    """
    try:
        given = json.loads(experiment)
        shared = {name: (value,) for name, value in _shared(given).items()}
        return shared | _of_arms(given["arms"], given["teacher"])
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise ValueError(f"this is no experiment: {error!r}") from error


def shared_settings(experiment: str) -> dict[str, Value]:
    """The settings that all arms share, with the teacher of those that have none of their own."""
    return _shared(json.loads(experiment))


def _shared(given: dict[str, Any]) -> dict[str, Value]:
    plain = {
        "student": network(given["student"]),
        **_of_teacher(given["teacher"]),
        **_of_transfer(given["transfer"]),
        "seeds": given["seeds"] if isinstance(given["seeds"], int) else len(given["seeds"]),
        **{name: given[name] for name in given if name not in ("arms", "seeds", "teacher", "student", "transfer")},
    }
    return {name: value for name, value in plain.items() if isinstance(value, str | float | int)}


def network(given: dict[str, Any]) -> str:
    """A network as it is called on the page's list of networks: "mlp-256-256"."""
    return "-".join([str(given["kind"]), *map(str, given["widths"])])


def _of_teacher(given: dict[str, Any]) -> dict[str, Any]:
    apart = ("network", "swap", "taught_by", "members", "lesson_temperature", "lesson_alpha")
    own = {f"teacher_{name}": value for name, value in given.items() if name not in apart}
    if given.get("taught_by"):
        own |= {name: given[name] for name in ("lesson_temperature", "lesson_alpha")}
    swapped = " ".join("-".join(map(str, pair)) for pair in given["swap"])
    return own | {"teacher": _teacher(given), "teacher_swap": swapped or None}


def _teacher(given: dict[str, Any]) -> str:
    """A teacher by its network, with whoever taught it, or by its members: "mlp-64 taught by mlp-256-256"."""
    if given.get("members"):
        return f"ensemble of {', '.join(map(_teacher, given['members']))}"
    own, by = network(given["network"]), given.get("taught_by")
    return f"{own} taught by {_teacher(by)}" if by else own


def _of_transfer(given: dict[str, Any]) -> dict[str, Any]:
    everything = given["per_class"] is None and given["n"] is None
    omitted = ",".join(map(str, given["omit"]))
    return given | {"omit": omitted or None, "per_class": "all" if everything else given["per_class"]}


def _of_arms(arms: list[dict[str, Any]], teacher: dict[str, Any]) -> Settings:
    treated = [arm for arm in arms if arm["method"] != "hard"] or arms
    collected: dict[str, dict[Value, None]] = {}
    for arm in treated:
        own = {"method": arm["method"], "hard_weight": arm["hard_weight"], "weight": arm["weight"]}
        own |= arm["knobs"] | _of_teacher(arm.get("teacher") or teacher)
        if abs(arm["hard_weight"] + arm["weight"] - 1) < 1e-9:
            own["alpha"] = arm["weight"]
        if arm.get("learning_rate") is not None:
            own["learning_rate"] = arm["learning_rate"]
        for name, value in own.items():
            if value is not None:
                collected.setdefault(name, {})[value] = None
    methods = tuple(dict.fromkeys(arm["method"] for arm in arms))
    return {name: tuple(values) for name, values in collected.items()} | {"methods": methods, "arms": (len(arms),)}


class Kept:
    """The settings of many runs, each read once: an experiment never changes."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: OrderedDict[str, Settings] = OrderedDict()

    def unknown(self, ids: list[str]) -> list[str]:
        """Which of these runs have to be read."""
        return [run_id for run_id in ids if run_id not in self._known]

    def add(self, run_id: str, experiment: str) -> None:
        """Read one run's experiment. One that an unknown version wrote has no settings here."""
        try:
            self._known[run_id] = settings_of(experiment)
        except ValueError:
            self._known[run_id] = {}
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def get(self, run_id: str) -> Settings:
        """The settings of a run that was added."""
        return self._known.get(run_id, {})
