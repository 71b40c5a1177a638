"""What the page Tune says in words: of the whole plane, of one cell, of what it was made of."""

import math

from app.plane.plane_measures import BY_NAME, TEST, VALIDATION, Estimates, of_values
from app.plane.tuned import Tuned
from app.sentences import kind, things
from kdcore import planes
from kdcore.experiment import Experiment
from kdcore.observation import LIVE_VALIDATION_LIMIT
from kdcore.preparation import LIVE_TEST_LIMIT
from kdcore.statistics import Region

STATES = {
    "waiting": "waits for a worker",
    "teacher": "the teacher learns first",
    "training": "training",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
}


def headline(tuned: Tuned, region: Region | None, shown: Estimates | None) -> str:
    """The one sentence that says what came out, or what is going on."""
    cells = tuned.field.at.size
    if shown is None or region is None:
        if tuned.state == "stopped":
            return "This plane was stopped before its cells could be compared"
        if tuned.state == "failed":
            return "This plane could not be trained"
        learn = "learn at once" if tuned.state == "training" else "are about to learn"
        return (
            f"{tuned.plane.students} students {learn}: {cells} cells, {len(tuned.plane.experiment.seed_list)} of each"
        )
    row, column = divmod(region.best, tuned.shape[1])
    name, reached = tuned.plane.name(column, row), VALIDATION.said(float(shown.mean[row, column]))
    if tuned.live:
        return f"{tuned.plane.students} students learn at once. Best so far: {name}, {reached} on validation"
    if tuned.state == "stopped":
        name = f"stopped at step {tuned.field.step}, {name}"
    others = int(region.hatched.sum()) - 1
    if not others:
        return f"Best on validation is {name} with {reached}; every other cell is worse beyond chance"
    which = "the other one" if cells == 2 else f"{others} of the other {cells - 1} cells"
    return f"The best is a region: {name} has {reached} on validation, and {which} cannot be told apart from it"


def made_of(tuned: Tuned) -> str:
    """How many labels were used for what, and what was trained."""
    experiment = tuned.plane.experiment
    heard = learnt_labels(experiment)
    learn = f"{heard} to learn" if heard is not None else "all that the students saw to learn"
    seeds = len(experiment.seed_list)
    size = experiment.transfer_size
    parts = [
        things(experiment, size) if size else "all examples of the kept classes",
        _lesson(experiment),
        tuned.plane.method.replace("_", " "),
        f"{experiment.steps} steps" if experiment.steps else f"{experiment.epochs} epochs",
        f"{seeds} seeds" if seeds > 1 else "one seed",
    ]
    recorded = "Recorded: " if tuned.study is None else ""
    text = f"{experiment.facts.validation} labelled examples were used to tune and {learn}. "
    return f"{text}{recorded}{', '.join(parts)}."


def _lesson(experiment: Experiment) -> str:
    """Who teaches whom."""
    teacher = experiment.teacher
    return f"{teacher.name} {'teach' if teacher.network.kind == 'table' else 'teaches'} {experiment.student.name}"


def learnt_labels(experiment: Experiment) -> int | None:
    """How many labels one student learns from; None where only the data can tell."""
    size = experiment.transfer_size
    labels = experiment.transfer.labels
    return labels if labels is not None else size


def check(tuned: Tuned) -> str:
    """Whether the cells in which the soft labels weigh nothing are equal, as they must be."""
    largest = planes.equal_at_zero(tuned.field, tuned.plane)
    if largest is None:
        return ""
    other = tuned.plane.x if tuned.plane.y.knob == "alpha" else tuned.plane.y
    count = len(other.values)
    if largest == 0:
        return f"A check: all {count} cells at alpha 0 agree, largest difference 0.0 points."
    return f"The {count} cells at alpha 0 ought to agree and differ by up to {largest * 100:.2g} points."


def verdict(tuned: Tuned, region: Region | None, shown: Estimates | None, row: int, column: int) -> str:
    """How a cell stands to the best one."""
    if tuned.field.stopped[row, column]:
        return "Its students diverged and were stopped."
    if region is None or shown is None:
        return "How it stands to the others is said once all are far enough."
    number = row * tuned.shape[1] + column
    if number == region.best:
        return "The best on validation."
    if region.n < 2:
        return "With one seed nothing can be told apart."
    behind = float(shown.mean.flat[region.best] - shown.mean[row, column])
    margin = region.margin * 100
    if region.hatched[number]:
        return f"{behind:.1f} points behind the best: no more than chance makes ({margin:.1f})."
    return f"{behind:.1f} points behind the best: more than chance makes ({margin:.1f})."


def numbers(tuned: Tuned, row: int, column: int) -> list[tuple[str, str, str]]:
    """The numbers of the chosen cell, the only one whose test accuracy is shown."""
    found = []
    for measure in (VALIDATION, BY_NAME["validation_gain"], TEST, BY_NAME["agreement"], BY_NAME["ece"]):
        values = tuned.field.values.get(measure.name)
        if values is None:
            continue
        cell = of_values(values[row : row + 1, column : column + 1].astype(float), measure)
        if math.isfinite(cell.mean[0, 0]):
            between = measure.between(float(cell.low[0, 0]), float(cell.high[0, 0]))
            found.append((measure.label.split(":")[0], measure.said(float(cell.mean[0, 0])), between))
    arm = tuned.plane.arm(column, row)
    found.append(("weights", f"{arm.hard_weight:.3g} hard + {arm.weight:.3g} soft", ""))
    return found


def heard_of(measure: str, tuned: Tuned) -> str:
    """On which examples a measure is taken."""
    of, experiment = BY_NAME[measure].of, tuned.plane.experiment
    if of == "validation":
        facts = experiment.facts
        first = tuned.live and facts.test > LIVE_TEST_LIMIT and facts.validation > LIVE_VALIDATION_LIMIT
        which = (
            f"the first {LIVE_VALIDATION_LIMIT}, at the end on all {facts.validation}" if first else facts.validation
        )
        return f"Measured on {which} validation examples."
    if of == "test":
        text = f"Measured on {experiment.facts.test} test examples, at the end"
    else:
        text = "Measured at the last step"
    return f"{text}; the best cell is still the one on validation."


def noun(experiment: Experiment, count: int) -> str:
    """So many pictures or points."""
    return f"{count} {kind(experiment)}{'' if count == 1 else 's'}"
