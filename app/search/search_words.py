"""What the search says in words. Every number is computed from its trials; each has its unit and its n."""

import math
import time
from collections.abc import Sequence

from app.charts.search import below, spoken
from app.plane.tuning_words import learnt_labels
from app.sentences import percent, plain, things
from kdcore import statistics
from kdcore.runs import Run, Study, searches
from kdcore.searching import By, Search, Trial, best, best_so_far

SAMPLERS = {"tpe": "TPE", "random": "random", "qmc": "quasi-random (Sobol)"}
PRUNERS = {
    "none": "none",
    "median": "median: better half",
    "halving": "halving: best quarter",
}
STATES = {"queued": "waits for a worker", "teacher": "the teacher learns first", "paused": "paused"}


def headline(search: Search, trials: Sequence[Trial]) -> str:
    """What came out so far; with a baseline, whether the search was worth it, both after the same budget."""
    first = best(trials, "search")
    if first is None or first.value is None:
        return "No trial has been trained to its end yet"
    values = _at_the_same_budget(trials)
    if values is None:
        return f"The best of {_count(trials, 'search')} trials has {percent(first.value)} on validation"
    ours, luck, spent = values
    after = f"after {spent:g} students each"
    if ours <= luck:
        return (
            f"The search has not beaten random search: {percent(ours)} against {percent(luck)} on validation, {after}"
        )
    ahead = f"The search is {plain(ours - luck)} points ahead of random search"
    return f"{ahead}{_by_chance(trials)}: {percent(ours)} on validation, {after}"


def _by_chance(trials: Sequence[Trial]) -> str:
    found = _difference(trials)
    if found is None:
        return ""
    if found.too_few:
        return f", with too few seeds ({found.n}) to say more"
    return "" if found.low > 0 else ", which may be chance"


def _difference(trials: Sequence[Trial]) -> statistics.Difference | None:
    """The best of the search minus the best of random search in points, seed by seed."""
    first, luck = best(trials, "search"), best(trials, "baseline")
    if first is None or luck is None or len(first.values) != len(luck.values):
        return None
    return statistics.paired(first.values, luck.values)


def doubt(trials: Sequence[Trial]) -> str:
    """How far the headline can be trusted."""
    if best(trials) is None:
        return ""
    lucky = "The best of many is too good by chance: train it with new seeds to see what it is worth."
    found = _difference(trials)
    if found is None:
        return lucky
    n = f"n = {found.n} seeds"
    if found.too_few:
        return f"One search is one draw, and {n} are too few to say. {lucky}"
    told = "" if found.low > 0 or found.high < 0 else ", so they cannot be told apart"
    return (
        f"One search is one draw. Seed by seed the two best differ by {plain(found.mean)} points "
        f"(95 % interval {plain(found.low)} to {plain(found.high)}, {n}){told}. {lucky}"
    )


def _at_the_same_budget(trials: Sequence[Trial]) -> tuple[float, float, float] | None:
    """The best of the search and of random search when the one that has spent less had spent all of it."""
    lines = [best_so_far(trials, by) for by in ("search", "baseline")]
    if not all(x for x, _ in lines):
        return None
    spent = min(x[-1] for x, _ in lines)
    values = [[value for at, value in zip(*line, strict=True) if at <= spent] for line in lines]
    return (values[0][-1], values[1][-1], spent) if all(values) else None


def _count(trials: Sequence[Trial], by: By) -> int:
    return sum(trial.by == by and trial.value is not None for trial in trials)


def made_of(search: Search) -> str:
    """How many labels were used for what, and what is trained."""
    experiment = search.experiment
    heard, size = learnt_labels(experiment), experiment.transfer_size
    learn = f"{heard} to learn" if heard is not None else "all that the students saw to learn"
    parts = [
        things(experiment, size) if size else "all examples of the kept classes",
        f"{experiment.teacher.name} teaches {experiment.student.name}",
        search.method.replace("_", " "),
        f"{experiment.steps} steps" if experiment.steps else f"{experiment.epochs} epochs",
        f"{len(experiment.seed_list)} seeds",
        f"sampler {SAMPLERS[search.sampler]}",
        f"pruner {search.pruner}",
    ]
    return f"{experiment.facts.validation} labelled examples were used to choose and {learn}. {', '.join(parts)}."


def title(study: Study) -> str:
    """One search among others."""
    begun = time.strftime("%d %b %H:%M:%S", time.localtime(study.created))
    try:
        search = searches.search_of(study)
    except ValueError:
        return f"{begun}: written by another version"
    budget = f"{search.students:,} students" if search.students is not None else f"{search.seconds:g} seconds"
    knobs = ", ".join(spoken(dimension.knob) for dimension in search.space)
    return f"{begun}: {search.method.replace('_', ' ')}, {knobs}; {SAMPLERS[search.sampler]}, {budget}, {study.state}"


def state(study: Study, runs: Sequence[Run], trials: Sequence[Trial]) -> str:
    """What is going on now."""
    if study.state != "running":
        return study.state
    newest = runs[-1] if runs else None
    if newest is None:
        return "is being started"
    training = sum(trial.state == "training" and trial.run == newest.id for trial in trials)
    if newest.state == "running":
        return f"training {training} trials" + (f", step {newest.step} of {newest.steps}" if newest.steps else "")
    return STATES.get(newest.state, "asks what to try next")


def counted(trials: Sequence[Trial]) -> str:
    """The trials, by how they ended."""
    parts = [
        f"{sum(trial.state == name for trial in trials)} {name}"
        for name in ("done", "pruned", "failed", "training")
        if any(trial.state == name for trial in trials)
    ]
    return f"{len(trials)} trials: {', '.join(parts)}." if parts else "No trial yet."


def left_out(trials: Sequence[Trial]) -> str:
    """What is not in the picture."""
    count = below(trials)
    return f"{count} of the trials {'lies' if count == 1 else 'lie'} below the picture." if count else ""


def numbers(trial: Trial) -> list[tuple[str, str, str]]:
    """A trial: its value with the interval over seeds, and what was tried."""
    found = []
    if trial.values:
        estimate = statistics.interval(trial.values)
        ends = f"{plain(estimate.low)} to {plain(estimate.high)}, " if math.isfinite(estimate.low) else ""
        found.append(("validation", percent(estimate.mean), f"{ends}n = {estimate.n}"))
    return found + [(spoken(knob), f"{value:.4g}", "") for knob, value in trial.parameters.items()]


def table(search: Search, trials: Sequence[Trial], most: int = 200) -> list[list[str]]:
    """The trials as rows, the best first; the first row is the head."""
    knobs = [dimension.knob for dimension in search.space]
    ranked = sorted(trials, key=lambda trial: (-(trial.value or -1.0), trial.by, trial.number))
    head = ["trial", "validation, %", *map(spoken, knobs), "state", "students"]
    return [head] + [
        [
            trial.arm,
            "" if trial.value is None else f"{trial.value * 100:.2f}",
            *(f"{trial.parameters[knob]:.4g}" for knob in knobs),
            trial.state,
            f"{trial.students_cost:g}",
        ]
        for trial in ranked[:most]
    ]
