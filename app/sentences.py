"""Everything the board says in words. Every number is computed from frames; each has its unit and its n."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.charts.common import Array
from app.roles import LABELS, Role, find
from kdcore.experiment import Experiment
from kdcore.frame import Frame, Stage

TENS = {10: "ten", 20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 100: "a hundred"}

NULLS = [LABELS[name] for name in ("answers", "smoothed", "shuffled")]


def percent(fraction: float) -> str:
    """A fraction as people read it: "90.6 %"."""
    return f"{fraction * 100:.1f} %" if math.isfinite(fraction) else "no number"


def points(fraction: float) -> str:
    """A difference of fractions with its sign: "+8.6 points"."""
    return f"{signed(fraction * 100)} points"


def plain(fraction: float) -> str:
    """A fraction in points without a plus sign: "6.4", "−0.2"."""
    return f"{fraction * 100:.1f}".replace("-", "−")


def signed(number: float) -> str:
    """A number with one decimal and a sign that cannot be taken for a hyphen: "−0.4"."""
    return f"{number:+.1f}".replace("-", "−")


def mean(values: Array) -> float:
    """The mean over members that have a number, NaN where none has."""
    known = values[np.isfinite(values)].astype(np.float64)
    return float(known.mean()) if len(known) else math.nan


def things(experiment: Experiment, count: int) -> str:
    """What the data are, counted: "30 pictures", "30 points" for 2-D data, else "30 examples"."""
    return f"{count} {kind(experiment)}" + ("" if count == 1 else "s")


def kind(experiment: Experiment) -> str:
    """What one example of the data is: a picture, a point, or just an example."""
    shape = experiment.facts.input_shape
    return "picture" if len(shape) == 3 else "point" if shape == (2,) else "example"


def told(role: Role, experiment: Experiment) -> str:
    """What a student of this arm was given: "opinions", "labels"."""
    if role.role != "control":
        return role.label
    kept = experiment.transfer.labels
    return "labels" if kept is None else f"{kept} labels" if kept else "nothing"


def headline(experiment: Experiment, roles: tuple[Role, ...], frame: Frame, stage: Stage | None) -> str:
    """The one sentence that says what happened."""
    distilled, control = find(roles, "distilled"), find(roles, "control")
    size = stage.transfer_size if stage else experiment.transfer_size or experiment.facts.train
    heard = things(experiment, size)
    if distilled is None or control is None:
        shown = distilled or control or roles[0]
        return f"A student saw {heard} and got {told(shown, experiment)}: {percent(mean(frame.accuracy[shown.name]))}"
    without, with_it = mean(frame.accuracy[control.name]), mean(frame.accuracy[distilled.name])
    both = "Both saw these" if size <= 100 else "Both saw the same"
    text = f"{both} {heard}. One got {told(control, experiment)}, one got {told(distilled, experiment)}: "
    text += f"{percent(without)} and {percent(with_it)}"
    gain = mean(frame.gain[distilled.name])
    if not math.isfinite(gain):
        return text
    return f"{text}: {points(gain)}" + (f", within the noise of {seeds(frame)}" if in_noise(frame, distilled) else "")


def in_noise(frame: Frame, role: Role) -> bool:
    """Whether the 95 % interval of an arm's gain covers zero."""
    low, high = frame.interval(role.name)
    return low <= 0 <= high


def detail(experiment: Experiment, roles: tuple[Role, ...], frame: Frame, stage: Stage | None) -> str:
    """What the headline rests on: interval, seeds, split, teacher."""
    distilled = find(roles, "distilled")
    size = stage.transfer_size if stage else experiment.transfer_size or experiment.facts.train
    parts = []
    if distilled is not None and frame.control is not None:
        low, high = frame.interval(distilled.name)
        interval = f"95 % interval {plain(low)} to {plain(high)}"
        parts.append(interval if math.isfinite(low) else "one seed gives no interval")
    alone = experiment.programme == "solo"  # beside others there is less room, and more than one teacher
    own = alone and experiment.transfer.drawn and not experiment.transfer.same_for_all
    each = f", each its own {TENS.get(size, size)} {kind(experiment)}s" if own and len(frame.seeds) > 1 else ""
    parts.append(f"{seeds(frame)}{each}")
    parts.append("one split, one teacher" if alone else "one split")
    return f"({'; '.join(parts)})"


def seeds(frame: Frame) -> str:
    """How many there are: "8 seeds"."""
    return "1 seed" if len(frame.seeds) == 1 else f"{len(frame.seeds)} seeds"


def beside(experiment: Experiment, roles: tuple[Role, ...], frame: Frame) -> str:
    """What a programme's students gained over the control, each by its name; empty where there are none."""
    if experiment.programme == "solo":
        return ""
    others = [role for role in roles if role.role == "null" and role.label not in NULLS and role.name in frame.arms]
    gains = [(role.label, mean(frame.gain[role.name])) for role in others] if frame.control else []
    said = [f"{label} {signed(gain * 100)}" for label, gain in gains if math.isfinite(gain)]
    return f"Also, to the same control: {', '.join(said)}." if said else ""


def other_splits(distilled: Role, summaries: Sequence[dict[str, Any]], experiment: Experiment) -> str:
    """What the same experiment gave on other splits, with other teachers unless theirs is stored with the data; empty
    where nothing is known."""
    gains = [gain for line in summaries if (gain := line.get("gain", {}).get(distilled.name)) is not None]
    if not gains:
        return ""
    listed = ", ".join(signed(gain * 100) for gain in gains)
    which = "another split" if len(gains) == 1 else f"{len(gains)} other splits"
    if experiment.teacher.network.kind == "table":
        which += " of the same teacher"
    else:
        which += " with its teacher" if len(gains) == 1 else ", each with its teacher"
    return f"On {which}: {listed} points."


def teacher_learns(name: str, experiment: Experiment, frame: Frame | None) -> str:
    """The headline while the teacher is being trained."""
    said = f"The teacher learns first: {name}, on {things(experiment, experiment.facts.train)} with their labels"
    return f"{said}: {percent(mean(frame.scalars['accuracy']))} so far" if frame else said


def teacher_so_far(frame: Frame, experiment: Experiment) -> str:
    """What the teacher's own curve shows; students follow when it is ready."""
    right = percent(mean(frame.scalars["accuracy"]))
    tests = things(experiment, experiment.facts.test)
    when = f"After {frame.step} of {frame.steps} steps"
    return f"{when} the teacher is right about {right} of {tests} it never saw. Then the students begin."


def status(frame: Frame, roles: tuple[Role, ...]) -> str:
    """What a screen reader hears now and then: "step 212 of 600: opinions 90.6 %, labels only 82.0 %"."""
    drawn = [role for role in roles if role.role != "null" and role.name in frame.arms]
    said = [f"{role.label} {percent(mean(frame.accuracy[role.name]))}" for role in drawn]
    return f"step {frame.step} of {frame.steps}: {', '.join(said)}"


def accuracy(frame: Frame, roles: tuple[Role, ...], experiment: Experiment, stage: Stage | None) -> str:
    """What the curves show."""
    said = [f"{r.label} {percent(mean(frame.accuracy[r.name]))}" for r in roles if r.name in frame.arms]
    if stage is not None:
        said.append(f"teacher {percent(stage.teacher_scalars['accuracy'])}")
        said.append(f"guessing {percent(stage.chance)}")
    tests = things(experiment, experiment.facts.test)
    return f"After {frame.step} steps, on {tests} nobody learnt from: {', '.join(said)} (means of {seeds(frame)})."


def diverged(frame: Frame, roles: tuple[Role, ...], reason: str = "") -> list[str]:
    """A sentence for each arm with students that were stopped, with the likely cause.

    reason: the run's own; where it says that an arm's method raised an error, that is the cause.
    """
    sentences = [reason] if reason else []
    for role in roles:
        if role.name not in frame.arms or f"{role.name} was stopped: " in reason:
            continue
        number = frame.arms.index(role.name)
        count = int(frame.stopped[number].sum())
        if count:
            rate = float(frame.knobs["learning_rate"][number])
            why = f"the learning rate of {rate:g} is the likely cause" if rate > 0.01 else "try a smaller learning rate"
            who = "all students" if count == len(frame.seeds) else f"{count} of {len(frame.seeds)} students"
            what = "diverged and were stopped at their last good step"
            sentences.append(f"{role.label}: {who} {what}; {why}. The others go on.")
    return sentences
