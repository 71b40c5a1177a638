"""More seeds of what is compared: further runs of the same groups, with what was changed in the first ones replayed."""

from collections.abc import Sequence

from pydantic import ValidationError

from app.comparison.entries import Entry, gather
from app.comparison.findings import unlike
from app.comparison.looks import Look
from kdcore.experiment import Command, Experiment, reasons
from kdcore.runs import ENDED, RunLog

MOST = 64
MOST_RUNS = 6


def train_more(log: RunLog, look: Look, count: int, owner: str) -> list[str]:
    """Train the seeds that some compared runs lack, else `count` new ones of each; sentences that say what was begun.

    Every entry gets the same seeds, so that pairs stay pairs. Raises ValueError with a sentence where nothing can be.
    """
    gathered = gather(log, look)
    if not gathered.entries:
        raise ValueError("There is nothing to train more seeds of.")
    baseline = gathered.baseline(look)
    chosen: dict[str, Entry] = {}
    for entry in gathered.entries:
        if not unlike(baseline, entry):
            chosen.setdefault(entry.first.run.id, entry)
    if len(chosen) > MOST_RUNS:
        raise ValueError(f"More seeds are trained for at most {MOST_RUNS} runs at once; {len(chosen)} are compared.")
    moving = [entry.letter for entry in chosen.values() if entry.live or entry.waiting]
    if moving:
        raise ValueError(f"Seeds of {', '.join(moving)} are still training; when they have ended, more can follow.")
    wanted = wanted_seeds([entry.seeds for entry in chosen.values()], min(max(count, 1), MOST))
    said = []
    for entry in chosen.values():
        missing = [seed for seed in wanted if seed not in entry.seeds]
        if missing:
            _begin(log, entry, missing, owner)
            said.append(f"{len(missing)} more seeds of {entry.letter} are on their way.")
    return said


def wanted_seeds(known: Sequence[Sequence[int]], count: int) -> list[int]:
    """The seeds that every entry is to have: all that any has; where all have the same, `count` new ones too."""
    union = sorted({seed for seeds in known for seed in seeds})
    if any(len(seeds) < len(union) for seeds in known):
        return union
    return [*union, *range(union[-1] + 1, union[-1] + 1 + count)] if union else list(range(count))


def _begin(log: RunLog, entry: Entry, seeds: Sequence[int], owner: str) -> str:
    run = entry.first.run
    try:
        experiment = Experiment(**(run.experiment.model_dump() | {"seeds": tuple(seeds)}))
    except ValidationError as error:
        raise ValueError(" ".join(reasons(error))) from None
    group = run.group or run.id
    plan = replayed(log, entry)
    return log.create(experiment, owner=owner, pace="full", group=group, parent=run.id, commands=plan)


def replayed(log: RunLog, entry: Entry) -> list[Command]:
    """What changed while the first run went on, as a plan: each at the step at which it acted; and its end."""
    run = entry.first.run
    given = [*log.planned(run.id), *log.commands(run.id, applied_only=True)]
    plan = {(c.step, c.knob, c.arm, c.value): c for c in given if c.kind == "set" and c.step is not None}
    commands = sorted(plan.values(), key=lambda command: command.step or 0)
    if run.state in ENDED and run.state == "stopped":
        commands.append(Command("stop", step=entry.step))
    return commands
