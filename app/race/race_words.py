"""What the race says in words."""

from collections.abc import Sequence

from app.race.raced import RECORDED, Raced
from app.race.wanted_race import title
from kdcore.experiment import Experiment
from kdcore.observation import CROWD_TEST_LIMIT, FULLY_MEASURED_MEMBERS, SHOWN_ARMS
from kdcore.preparation import LIVE_TEST_LIMIT
from kdcore.racing import ALWAYS, PLAIN, Lane, Standings
from kdcore.statistics import FEWEST_SEEDS

STATES = {
    "queued": "waits for a worker",
    "teacher": "the teacher learns first",
    "running": "racing",
    "paused": "paused",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
}
NAMED = 3
TIES = (
    "Shaded lines cannot be told apart from the best. Lines that lie further behind it than chance alone puts any of "
    "them (95 % point of the studentized range, each seed's own level taken off) are taken out, and the rest is tested "
    "again, until all that are left could be the best. The other ranks are bands, with the margin over all lines. They "
    "are about every pair of lines; a single difference to plain KD may be sure although both are shaded."
)
TUNING = (
    "Every method tries equally many values of its main weight; the one with the best mean accuracy on validation is "
    "picked, and its test accuracy is ranked. Hard labels have no weight to tune, so they have one trial."
)
HOLM = (
    "Differences are taken seed by seed (paired t, 95 % interval). Bold: surely not zero after Holm's correction over "
    "all lines of the race."
)


def line(lane: Lane) -> str:
    """A line of the race as people read it."""
    return "Plain KD (Hinton)" if lane.name == PLAIN else title(lane.name)


def headline(raced: Raced, standings: Standings | None) -> str:
    """The one sentence that says what came out, or what is going on."""
    if raced.state == "failed":
        return "The race could not be run."
    if standings is None:
        return f"The race {STATES[raced.state]}." if raced.state != "running" else "The race begins."
    frame = raced.frame
    begun = "" if raced.over or frame is None else f"Step {frame.step}: "
    if standings.seeds < FEWEST_SEEDS:
        return f"{begun}{standings.seeds} seed{'s' * (standings.seeds > 1)} a line are too few to rank anybody."
    if frame is not None and frame.step == 0:
        return "At the start all have the same weights, so all are level."
    tied, winner = standings.tied, standings.winner
    if not tied:
        return f"{begun}all lines diverged."
    if winner is not None:
        said = f"{line(winner.lane)} leads" if begun else f"{line(winner.lane)} wins"
        return f"{begun}{said}: {100 * winner.test.mean:.1f} % on test, further ahead than chance alone puts anybody."
    return f"{begun}{listed([line(row.lane) for row in tied])} cannot be told apart: no single winner."


def listed(names: Sequence[str]) -> str:
    """Names in a sentence; of many the first two."""
    if len(names) > NAMED:
        return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} others"
    return " and ".join(", ".join(names).rsplit(", ", 1))


def nothing_shown(standings: Standings) -> str:
    """Which of those that entered do not beat softness alone."""
    entered = [row for row in standings.rows if row.lane.method not in ALWAYS or row.lane.method == PLAIN]
    failed = [line(row.lane) for row in entered if row.beats_softness is False]
    if not failed:
        return "Every method that entered beats softness alone."
    return f"† Not surely better than softness alone: nothing is shown by {listed(failed)}."


def made_of(raced: Raced, standings: Standings | None) -> str:
    """What was run, in one line."""
    experiment = raced.experiment
    seeds = len(experiment.seed_list)
    lanes = standings.rows if standings else ()
    trials = max((len(row.lane.arms) for row in lanes), default=1)
    parts = [
        experiment.dataset.replace("_", " "),
        f"{experiment.teacher.network.name} teaches {experiment.student.name}",
        heard(experiment),
        f"{experiment.steps} steps" if experiment.steps else f"{experiment.epochs} epochs",
        f"{seeds} seeds" if seeds > 1 else "one seed",
        f"{trials} trials each, tuned on validation" if trials > 1 else "each with its paper's weight, not tuned",
    ]
    recorded = "Recorded on another day: " if raced.id == RECORDED else ""
    return f"{recorded}{', '.join(parts)}. {_measured(raced)}"


def heard(experiment: Experiment) -> str:
    """How many examples one student hears."""
    size = experiment.transfer_size
    noun = "picture" if len(experiment.facts.input_shape) == 3 else "point"
    return f"{size} {noun}{'' if size == 1 else 's'}" if size else "some of the classes"


def _measured(raced: Raced) -> str:
    """On how many test examples, and that fidelity comes with the last frame of a large race."""
    experiment, test = raced.experiment, raced.experiment.facts.test
    if not raced.live:
        return f"Test accuracy on {test} examples."
    students = len(experiment.arms) * len(experiment.seed_list)
    crowd = students > FULLY_MEASURED_MEMBERS
    most = CROWD_TEST_LIMIT if crowd and len(experiment.arms) > SHOWN_ARMS else LIVE_TEST_LIMIT
    which = f"the first {most} test examples, at the end on all {test}" if test > most else f"{test} test examples"
    return f"Measured on {which}{'; agreement with the teacher comes at the end' if crowd else ''}."
