"""What compared runs were told to do, as plain words: every setting of an entry, and those in which entries differ."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from app.comparison.entries import Entry, events
from kdcore.experiment import Teacher

LEFT_OUT = ("arms", "control", "programme", "seeds")
BARE = {"kind": "", "knobs": "", "network": ""}
NOT_SAID = ("seeds", "number of seeds", "last step", "made with torch", "hard weight", "changed while it ran")
SHORT = {
    "temperature": "T",
    "weight": "alpha",
    "dataset": "",
    "learning rate": "rate",
    "transfer per class": "per class",
    "transfer n": "inputs",
}
MOST_WORDS = 3
BEHIND = ("taught_by", "lesson_temperature", "lesson_alpha", "members")


def settings(entry: Entry) -> dict[str, Any]:
    """Every setting of an entry by its words: numbers, truth values and texts; None where it was left open.

    An arm's own settings are said without "arm"; the other arms of its run are not among them.
    """
    run = entry.first.run
    plain = dict(_settings(run.experiment_json, entry.role.name))
    plain["seeds"] = _listed(entry.seeds)
    plain["number of seeds"] = len(entry.seeds)
    changed = "; ".join(f"{text} at step {step}" for step, text in events(entry))
    plain["changed while it ran"] = changed or "nothing"
    plain["last step"] = entry.step
    plain["made with torch"] = run.versions.get("torch")
    return plain


@lru_cache(maxsize=256)
def _settings(experiment: str, arm_name: str) -> tuple[tuple[str, Any], ...]:
    plain = json.loads(experiment)
    arms: list[dict[str, Any]] = plain.get("arms", [])
    arm = next((arm for arm in arms if arm.get("name") == arm_name), {})
    own = {name: value for name, value in arm.items() if name not in ("name",)}
    whole = {name: value for name, value in plain.items() if name not in LEFT_OUT}
    for name in ("teacher", "learning_rate"):  # where an arm has none of its own, it has the experiment's
        if own.get(name) is None:
            own.pop(name, None)
    for part in (own, whole):
        if isinstance(part.get("teacher"), dict):
            part["teacher"] = _teacher(part["teacher"])
    return tuple(_flat(own | {name: value for name, value in whole.items() if name not in own}))


def _teacher(plain: dict[str, Any]) -> dict[str, Any]:
    """A teacher's own settings; those who stand behind it by their names alone, and nothing of them where none does."""
    own = {name: value for name, value in plain.items() if name not in BEHIND}
    if plain.get("taught_by"):
        own |= {name: plain[name] for name in BEHIND[1:3]} | {"taught_by": Teacher(**plain["taught_by"]).name}
    if plain.get("members"):
        own["members"] = ", ".join(Teacher(**member).name for member in plain["members"])
    return own


def _flat(value: Any, *path: str) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [pair for name, part in value.items() for pair in _flat(part, *path, BARE.get(str(name), str(name)))]
    name = " ".join(part.replace("_", " ") for part in path if part)
    return [(name, "-".join(map(str, value)) if isinstance(value, list) else value)]


def _listed(seeds: Sequence[int]) -> str:
    whole = list(seeds) == list(range(seeds[0], seeds[-1] + 1)) if seeds else False
    return f"{seeds[0]} to {seeds[-1]}" if whole and len(seeds) > 2 else ", ".join(map(str, seeds))


def only_differing(entries: Sequence[Entry]) -> tuple[list[str], list[list[str]]]:
    """The settings in which entries differ, and what each entry says there, `[setting][entry]`."""
    known = [settings(entry) for entry in entries]
    names = list(dict.fromkeys(name for each in known for name in each))
    rows = {name: [spoken(each.get(name, ABSENT)) for each in known] for name in names}
    differing = [name for name in names if len(set(rows[name])) > 1]
    return differing, [rows[name] for name in differing]


ABSENT = "–"


def spoken(value: Any) -> str:
    """A setting as it stands in a table."""
    if value is None or value == "":
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def labels(entries: Sequence[Entry]) -> list[str]:
    """A short name for every entry: its run's name, what it was given, what sets it apart from others of its method."""
    said = []
    for entry in entries:
        peers = [other for other in entries if other.role.method == entry.role.method]
        names, rows = only_differing(peers)
        at = peers.index(entry)
        pairs = [(name, row[at]) for name, row in zip(names, rows, strict=True) if name not in NOT_SAID]
        words = [f"{SHORT.get(name, name)} {value.replace('_', ' ')}".strip() for name, value in pairs]
        said.append(", ".join(part for part in (entry.first.run.name, entry.role.label, *words[:MOST_WORDS]) if part))
    return said


def numeric(entries: Sequence[Entry]) -> list[str]:
    """The settings that are numbers in every entry, and differ: what an axis can be."""
    known = [settings(entry) for entry in entries]
    names = [name for name in known[0] if all(_is_number(each.get(name)) for each in known)] if known else []
    return [name for name in names if len({each[name] for each in known}) > 1]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
