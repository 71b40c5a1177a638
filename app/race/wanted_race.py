"""The race that is asked for, as the controls of its page say it: values, methods, trials."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from app import controls
from app.controls import BY_NAME, CONTROLS, Values, clamp, clamp_all, defaults
from app.experiments import experiment_from, values_of
from kdcore import gallery, methods, programmes, racing
from kdcore.experiment import Experiment, reasons
from kdcore.gallery import FAMILIES, Family
from kdcore.racing import ALWAYS, MOST_TRIALS, TRIALS, USUAL, Race

LEFT_OUT = ("temperature", "alpha", "null_arms", "method", "programme")
"""Controls of the Lab that are what a race is about."""
SHOWN = tuple(control.name for control in CONTROLS if control.name not in LEFT_OUT)
OWN = ("enter", "trials", "tuned")
NOBODY = "none"
"""In an address: nobody but those that are in every race."""


@dataclass(frozen=True)
class Wish:
    """entered: methods and programmes by name, beside those that are in every race."""

    values: Values = field(default_factory=defaults)
    entered: tuple[str, ...] = USUAL
    trials: int = TRIALS
    tuned: bool = True

    @property
    def base(self) -> Experiment | list[str]:
        """Everything but the arms, or why that cannot be."""
        found = experiment_from(self.values | {"null_arms": False, "method": "hinton"})
        if isinstance(found, list):
            return found
        return found.model_copy(update={"arms": Race.model_fields["base"].default.arms})

    @property
    def race(self) -> Race | list[str]:
        """The race of those that can run, or why there can be none."""
        base = self.base
        if isinstance(base, list):
            return base
        runs = [name for name in self.entered if not why_not(name, base)]
        known = gallery.programmes()
        try:
            return Race(
                entered=tuple(name for name in runs if name not in known),
                programmes=tuple(name for name in runs if name in known),
                base=base,
                trials=self.trials,
                tuned=self.tuned,
            )
        except ValidationError as error:
            return [f"{sentence}." for sentence in reasons(error)]

    def address(self, usual: "Wish | None" = None) -> dict[str, str]:
        """The parameters that lead here from what is usual; what is as there is left out."""
        usual = usual or Wish()
        here, assumed = self.values, _assumed(usual, self.values["dataset"])
        said = {name: controls.text(BY_NAME[name], here[name]) for name in SHOWN if here[name] != assumed[name]}
        if set(self.entered) != set(usual.entered):
            said["enter"] = ",".join(self.entered) or NOBODY
        if self.trials != usual.trials:
            said["trials"] = str(self.trials)
        if self.tuned != usual.tuned:
            said["tuned"] = str(self.tuned).lower()
        return said


def _assumed(usual: Wish, dataset: Any) -> Values:
    """The values where only the data are named; other data have their own usual teacher."""
    known = dict(usual.values)
    if dataset != known["dataset"]:
        known = {name: value for name, value in known.items() if name != "teacher"} | {"dataset": dataset}
    return clamp_all(known)[0]


def wish_of(given: Mapping[str, str], usual: Wish | None = None) -> tuple[Wish, list[str]]:
    """What an address asks for, and a sentence for each thing that had to be changed."""
    usual = usual or Wish()
    dataset, _ = clamp(BY_NAME["dataset"], given.get("dataset", usual.values["dataset"]))
    values, sentences = clamp_all(_assumed(usual, dataset) | {n: value for n, value in given.items() if n in SHOWN})
    names = [name.strip() for name in given.get("enter", ",".join(usual.entered)).split(",") if name.strip()]
    known = choosable()
    strange = [name[:30] for name in names if name not in (*known, *ALWAYS, NOBODY)]
    if strange:
        sentences.append(f"Nothing here is called {', '.join(map(repr, strange[:5]))}, so it does not run.")
    trials, sentence = trials_of(given.get("trials", usual.trials))
    sentences += [sentence] if sentence else []
    word = given.get("tuned", str(usual.tuned)).lower()
    entered = tuple(dict.fromkeys(name for name in names if name in known))
    return Wish(values, entered, trials, word not in ("false", "0", "no", "off")), sentences


def trials_of(given: Any) -> tuple[int, str]:
    """A number of trials that can be, and a sentence where it had to be changed."""
    try:
        asked = int(float(given))
    except (TypeError, ValueError, OverflowError):
        return TRIALS, f"trials: {str(given)[:30]!r} is not a number; {TRIALS} is used."
    kept = min(max(asked, 2), MOST_TRIALS)
    return kept, "" if kept == asked else f"trials: {asked} does not lie in [2, {MOST_TRIALS}]; {kept} is used."


def wish_for(experiment: Experiment) -> Wish:
    """What the controls show for a race that was run."""
    lanes, ran = racing.lanes(experiment), _programmes(experiment)
    most = max(len(lane.arms) for lane in lanes)
    found = (*(lane.method for lane in lanes), *ran)
    return Wish(
        clamp_all(values_of(experiment))[0],
        tuple(name for name in choosable() if name in found and (name in ran or name not in gallery.programmes())),
        min(most, MOST_TRIALS) if most > 1 else TRIALS,
        most > 1,
    )


def _programmes(experiment: Experiment) -> tuple[str, ...]:
    """The programmes whose arms run in it."""
    there = {arm.name for arm in experiment.arms if arm.method != racing.PLAIN or arm.teacher is not None}
    if all(lane.name == lane.method for lane in racing.lanes(experiment)) and not there & set(gallery.programmes()):
        return ()
    found = []
    for name in gallery.programmes():
        try:
            arms = programmes.get(name).arms(experiment)
        except ValueError:
            continue
        added = {arm.name for arm in arms if arm.method != racing.PLAIN or arm.teacher is not None}
        if added and added <= there:
            found.append(name)
    return tuple(found)


def choosable() -> list[str]:
    """Methods and programmes that may enter beside those that are in every race."""
    return [name for _, _, names in families() for name in names if name not in ALWAYS]


def why_not(name: str, base: Experiment) -> str:
    """Why this one cannot run on these networks and data; empty where it can."""
    return _why_not(name, base.model_dump_json(exclude={"seeds"}))


@lru_cache(maxsize=4096)
def _why_not(name: str, base: str) -> str:
    experiment = Experiment.model_validate_json(base)
    if name not in gallery.programmes():
        return racing.refusal(name, experiment) or ""
    try:
        Race(entered=(), programmes=(name,), base=experiment, tuned=False)
    except ValidationError as error:
        return "; ".join(reasons(error))
    return ""


def changes(wish: Wish, shown: Experiment) -> list[str]:
    """What the race that is asked for differs in from the one that is shown, in words."""
    before = wish_for(shown)
    differ = [
        f"{BY_NAME[name].label}: {_written(name, before.values)}, now {_written(name, wish.values)}"
        for name in SHOWN
        if before.values[name] != wish.values[name]
    ]
    base = wish.base
    runs = set(wish.entered) if isinstance(base, list) else {n for n in wish.entered if not why_not(n, base)}
    joined, left = sorted(runs - set(before.entered)), sorted(set(before.entered) - runs)
    differ += [f"{_named(joined)} entered"] if joined else []
    differ += [f"{_named(left)} left out"] if left else []
    if (wish.tuned and wish.trials) != (before.tuned and before.trials):
        differ.append(f"{wish.trials} trials each" if wish.tuned else "no tuning")
    return differ


def _named(names: Collection[str]) -> str:
    listed = [title(name) for name in names]
    return ", ".join(listed) if len(listed) <= 3 else f"{len(listed)} methods"


def _written(name: str, values: Values) -> str:
    return controls.spoken(BY_NAME[name], values[name]).replace("_", " ")


@lru_cache(maxsize=512)
def title(name: str) -> str:
    """A method or programme as people read it."""
    return gallery.get(name).title if name in (*methods.names(), *gallery.programmes()) else name.replace("_", " ")


def families() -> tuple[tuple[Family, str, tuple[str, ...]], ...]:
    """Each family with its heading and its methods, in the order of the page."""
    return _families((*methods.names(), *gallery.programmes()))


@lru_cache(maxsize=4)
def _families(known: tuple[str, ...]) -> tuple[tuple[Family, str, tuple[str, ...]], ...]:
    listed: dict[Family, list[str]] = {family: [] for family in FAMILIES}
    for entry in gallery.entries():
        if not _enters(entry.name):
            continue
        listed["null" if entry.name in ALWAYS and entry.name != racing.PLAIN else entry.family].append(entry.name)
    return tuple((family, FAMILIES[family], tuple(names)) for family, names in listed.items() if names)


def _enters(name: str) -> bool:
    """Whether it is somebody by itself: a method that only a programme declares enters with that programme."""
    if name in gallery.programmes():
        return bool(programmes.get(name).arms(Experiment()))
    return not programmes.declare(methods.get(name))
