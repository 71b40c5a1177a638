"""From values to an experiment, and back: what the controls say, and what they show for a run."""

from collections.abc import Collection
from typing import Any

from pydantic import ValidationError

from app.controls import (
    ALL,
    BY_NAME,
    OF_METHODS,
    Control,
    Value,
    Values,
    applies,
    clamp_all,
    class_numbers,
    find,
    spoken,
    table,
    usual,
)
from kdcore import methods
from kdcore.experiment import Arm, Command, Experiment, Network, Teacher, Transfer, reasons
from kdcore.kinds import deepest

NULL_METHODS = ("answers", "smoothed", "shuffled")
WEIGHTS = ("weight", "hard_weight")


class Impossible(Exception):
    """An experiment that cannot be; the message says why."""


def network(role: str, value: str) -> Network:
    """The network that a canonical text names; Impossible where its widths cannot be."""
    kind, *widths = value.split("-")
    try:
        return Network(kind=kind, widths=tuple(map(int, widths)))
    except ValidationError as error:
        own = error.errors()[0]["type"] == "value_error"
        why = reasons(error)[0] if own else f"it takes up to {deepest(kind)} layers, each 1 to 4096 units wide"
        raise Impossible(f"{role}: {value} cannot be; {why}.") from None


def _teacher(value: str) -> Teacher:
    """The default teacher where the text names its network; another MLP gets the same dropout."""
    usual = Teacher().network
    wanted = network("teacher", value)
    return Teacher(network=wanted.model_copy(update={"dropout": usual.dropout}) if wanted.kind == "mlp" else wanted)


def _arm(method: str, values: Values) -> Arm:
    """The arm of the chosen method; of another one with the same temperature and alpha, if both methods have them."""
    chosen = str(values["method"])
    given: dict[str, Any] = {"method": method}
    for control in table(method) if method != "hard" else ():
        shared = control.name in OF_METHODS and applies(control, chosen)
        if (control.method or control.name in OF_METHODS) and applies(control, method) and (shared or method == chosen):
            given[control.knob or control.name] = values.get(control.name, control.default)
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
            programme=values["programme"],
        )
    except Impossible as error:
        return [str(error)]
    except ValidationError as error:
        return [sentence if sentence.endswith(".") else f"{sentence}." for sentence in reasons(error)]


def adjusted(experiment: Experiment, values: Values, knobs: Collection[str]) -> Experiment | list[str]:
    """A given experiment with other seeds, and these knobs as the controls show them, in every arm that has them.

    A knob of one method's own goes to the arms of that method alone.
    """
    arms = []
    for arm in experiment.arms:
        change: dict[str, Any] = {}
        if "temperature" in knobs and "temperature" in arm.knobs:
            change["knobs"] = arm.knobs | {"temperature": values["temperature"]}
        if "alpha" in knobs and arm.hears_teacher and methods.get(arm.method).alpha is not None:
            change |= {"hard_weight": round(1 - values["alpha"], 12), "weight": values["alpha"]}
        for control in table(arm.method) if arm.method == values["method"] else ():
            if not control.method or control.name not in knobs:
                continue
            if control.knob in WEIGHTS:
                change[control.knob] = values[control.name]
            else:
                change["knobs"] = change.get("knobs", arm.knobs) | {control.knob: values[control.name]}
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


def main_arm(experiment: Experiment) -> Arm:
    """The arm that the controls speak of: the first that is not the control."""
    return next((arm for arm in experiment.arms if arm.name != experiment.control_arm), experiment.arms[0])


def same_method(experiment: Experiment, method: str) -> bool:
    """Whether what is set for this method is meant for the run of this experiment."""
    return main_arm(experiment).method == method or main_arm(experiment).method == "hard"


def values_of(experiment: Experiment, commands: list[Command] | None = None) -> Values:
    """What the controls show for a run: its experiment and the last commands given to it."""
    arm = main_arm(experiment)
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
        "programme": experiment.programme,
        "null_arms": any(other.name in NULL_METHODS and other.name != arm.name for other in experiment.arms),
    }
    own = {control.knob or control.name: control.name for control in table(arm.method) if control.method}
    given |= {own[knob]: value for knob, value in told(arm).items() if knob in own}
    given |= {name: value for name, value in told(arm).items() if name in OF_METHODS}
    heard = [c for c in commands or [] if c.kind == "set" and c.arm in (None, arm.name) and c.knob]
    for command in heard:
        name = own.get(str(command.knob), str(command.knob))
        control = find(arm.method, name)
        if control is not None and not control.restarts:
            given[name] = command.value
    return clamp_all(given)[0]


def told(arm: Arm) -> dict[str, Any]:
    """Everything an arm's method was told, by the engine's names: knobs, weights, and alpha where it has one."""
    alpha = {"alpha": arm.weight} if methods.get(arm.method).alpha is not None else {}
    return {**arm.knobs, "weight": arm.weight, "hard_weight": arm.hard_weight, **alpha}


def _network_value(shape: Network) -> str:
    return "-".join([shape.kind, *map(str, shape.widths)])


def differences(values: Values, shown: Values, *, acts_at_once: bool) -> list[str]:
    """What differs from the run that is shown and takes a new one: "data: digits, now spirals".

    acts_at_once: whether the run shown still hears what changes while a run goes on; else that takes a new one too.
    """
    now, before = str(values["method"]), str(shown["method"])
    differ = []
    for control in table(now):
        value = values.get(control.name, control.default)
        if now == before or not (control.method or control.name in OF_METHODS):
            changed = value != shown[control.name] and (control.restarts or not acts_at_once)
            differ += [_now(control, shown[control.name], value)] if changed else []
        elif value != usual(control, str(values["dataset"])):  # of the new method, where it is not as that has it
            differ.append(f"{control.label}: {spoken(control, value)}")
    return differ


def _now(control: Control, before: Value, value: Value) -> str:
    return f"{control.label}: {spoken(control, before)}, now {spoken(control, value)}"
