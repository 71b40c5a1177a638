"""From values to an experiment, and back: what the controls say, and what they show for a run."""

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from app.controls import ALL, BY_NAME, CONTROLS, LIVE, Value, Values, clamp_all, class_numbers, spoken
from kdcore import methods
from kdcore.experiment import Arm, Command, Experiment, Network, Teacher, Transfer, reasons

NULL_METHODS = ("answers", "smoothed", "shuffled")


class Impossible(Exception):
    """An experiment that cannot be; the message says why."""


def network(role: str, value: str) -> Network:
    """The network that a canonical text names; Impossible where its widths cannot be."""
    kind, *widths = value.split("-")
    try:
        return Network(kind=kind, widths=tuple(map(int, widths)))
    except ValidationError:
        raise Impossible(f"{role}: {value} cannot be; it takes up to 8 layers, each 1 to 4096 units wide.") from None


def _teacher(value: str) -> Teacher:
    """The default teacher where the text names its network; another MLP gets the same dropout."""
    usual = Teacher().network
    wanted = network("teacher", value)
    return Teacher(network=wanted.model_copy(update={"dropout": usual.dropout}) if wanted.kind == "mlp" else wanted)


def _arm(method: str, values: Values) -> Arm:
    declared = methods.get(method)
    given: dict[str, Any] = {"method": method}
    if "temperature" in declared.knobs:
        given["temperature"] = values["temperature"]
    if declared.alpha is not None and declared.hears_teacher:
        given["alpha"] = values["alpha"]
    return Arm(**given)


def _count(value: Value) -> int | None:
    return None if value == ALL else int(str(value))


def experiment_from(values: Values) -> Experiment | list[str]:
    """The experiment that the values describe, or the reasons why there can be none."""
    chosen = str(values["method"])
    others = [name for name in NULL_METHODS if name != chosen] if values["null_arms"] else []
    first, count = int(str(values["first_seed"])), int(str(values["seeds"]))
    try:
        return Experiment(
            dataset=values["dataset"],
            split=values["split"],
            teacher=_teacher(str(values["teacher"])),
            student=network("student", str(values["student"])),
            transfer=Transfer(
                per_class=_count(values["per_class"]),
                labels=_count(values["labels"]),
                omit=tuple(class_numbers(values["omit"])),
                wrong=values["wrong"],
            ),
            arms=tuple(_arm(name, values) for name in [chosen, "hard", *others]),
            seeds=tuple(range(first, first + count)) if first else count,
            steps=values["steps"],
            batch_size=values["batch_size"],
            learning_rate=values["learning_rate"],
        )
    except Impossible as error:
        return [str(error)]
    except ValidationError as error:
        return [sentence if sentence.endswith(".") else f"{sentence}." for sentence in reasons(error)]


def adjusted(experiment: Experiment, values: Values, knobs: Collection[str]) -> Experiment | list[str]:
    """A given experiment with other seeds, and these knobs as the controls show them, in every arm that has them."""
    arms = []
    for arm in experiment.arms:
        change: dict[str, Any] = {}
        if "temperature" in knobs and "temperature" in arm.knobs:
            change["knobs"] = arm.knobs | {"temperature": values["temperature"]}
        if "alpha" in knobs and arm.hears_teacher and methods.get(arm.method).alpha is not None:
            change |= {"hard_weight": round(1 - values["alpha"], 12), "weight": values["alpha"]}
        arms.append(arm.model_copy(update=change))
    other: dict[str, Any] = {"arms": tuple(arms)}
    if "learning_rate" in knobs:
        other["learning_rate"] = values["learning_rate"]
    shift = values["first_seed"] - min(experiment.seed_list)
    if shift:
        other["seeds"] = tuple(seed + shift for seed in experiment.seed_list)
    try:
        return Experiment(**(experiment.model_dump() | other)) if knobs or shift else experiment
    except ValidationError as error:
        return reasons(error)


def values_of(experiment: Experiment, commands: list[Command] | None = None) -> Values:
    """What the controls show for a run: its experiment and the last commands given to it."""
    arm = experiment.arms[0]
    transfer = experiment.transfer
    seeds = experiment.seed_list
    given: dict[str, Any] = {
        "dataset": experiment.dataset,
        "teacher": _network_value(experiment.teacher.network),
        "student": _network_value(experiment.student),
        "method": arm.method,
        "learning_rate": experiment.learning_rate,
        "batch_size": experiment.batch_size,
        "steps": experiment.steps or BY_NAME["steps"].default,
        "seeds": len(seeds),
        "first_seed": min(seeds),
        "per_class": ALL if transfer.per_class is None else transfer.per_class,
        "labels": ALL if transfer.labels is None else transfer.labels,
        "omit": list(transfer.omit),
        "wrong": transfer.wrong,
        "split": experiment.split,
        "null_arms": any(other.method in NULL_METHODS for other in experiment.arms[1:]),
    }
    if "temperature" in arm.knobs:
        given["temperature"] = arm.knobs["temperature"]
    if methods.get(arm.method).alpha is not None and methods.get(arm.method).hears_teacher:
        given["alpha"] = arm.weight
    heard = [c for c in commands or [] if c.kind == "set" and c.arm in (None, arm.name)]
    given |= {command.knob: command.value for command in heard if command.knob in LIVE}
    return clamp_all(given)[0]


def _network_value(shape: Network) -> str:
    return "-".join([shape.kind, *map(str, shape.widths)])


def differences(values: Values, shown: Values, *, acts_at_once: bool) -> list[str]:
    """What differs from the run that is shown and takes a new one: "data: digits, now spirals".

    acts_at_once: whether the run shown still hears what changes while a run goes on; else that takes a new one too.
    """
    return [
        f"{c.label}: {spoken(c, shown[c.name])}, now {spoken(c, values[c.name])}"
        for c in CONTROLS
        if (c.restarts or not acts_at_once) and values[c.name] != shown[c.name]
    ]
