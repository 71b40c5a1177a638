"""Everything the board says in words. Every number is computed from frames; each has its unit and its n."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from app.charts.common import Array
from app.charts.history import middle
from app.charts.similarity import alike
from app.roles import Role, find
from kdcore.experiment import Experiment
from kdcore.frame import Frame, Stage

TENS = {10: "ten", 20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 100: "a hundred"}


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


def soft_labels(logits: Array, temperature: float) -> Array:
    """Softmax of logits `[..., class]` at a temperature."""
    scaled = logits.astype(np.float64) / temperature
    shifted = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


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
    return f"{text}: {points(gain)}" + (f", within the noise of {_seeds(frame)}" if in_noise(frame, distilled) else "")


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
    own = experiment.transfer.drawn and not experiment.transfer.same_for_all
    each = f", each its own {TENS.get(size, size)} {kind(experiment)}s" if own and len(frame.seeds) > 1 else ""
    parts.append(f"{_seeds(frame)}{each}")
    parts.append("one split, one teacher")
    return f"({'; '.join(parts)})"


def _seeds(frame: Frame) -> str:
    return "1 seed" if len(frame.seeds) == 1 else f"{len(frame.seeds)} seeds"


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


def weights(frame: Frame, role: Role) -> str:
    """Hard and soft weight in words, with the effective ratio at the logits: "0.10 hard + 0.90 soft (27 : 1)"."""
    number = frame.arms.index(role.name)
    hard, soft = (float(frame.knobs[name][number]) for name in ("hard_weight", "weight"))
    text = f"{hard:.2f} hard + {soft:.2f} soft" if max(hard, soft) < 10 else f"{hard:g} hard + {soft:g} soft"
    pull = float(middle(frame.scalars["gradient_ratio"][number]))
    return f"{text} ({ratio(pull)})" if math.isfinite(pull) else text


def ratio(value: float) -> str:
    """A ratio with two figures: "27 : 1", "1 : 4"."""
    if value >= 1000:
        return "over 1000 : 1"
    if value >= 10:
        return f"{value:.0f} : 1"
    return f"{value:.1f} : 1" if value >= 1 else f"1 : {1 / value:.0f}" if value > 0.001 else "under 1 : 1000"


def formula(frame: Frame, role: Role) -> str:
    """The loss of the distilled student with its current numbers."""
    number = frame.arms.index(role.name)
    hard, soft = (float(frame.knobs[name][number]) for name in ("hard_weight", "weight"))
    temperature = float(frame.knobs["temperature"][number]) if "temperature" in frame.knobs else math.nan
    start = f"loss = {hard:.3g} · CE(label, student) + {soft:.3g} · "
    if role.method != "hinton":
        at = f", T = {temperature:.3g}" if math.isfinite(temperature) else ""
        return f"{start}{role.method.replace('_', ' ')}{at}"
    return f"{start}T² · KL(teacher at T ‖ student at T), T = {temperature:.3g}, T² = {temperature**2:.4g}"


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
    return f"After {frame.step} steps, on {tests} nobody learnt from: {', '.join(said)} (means of {_seeds(frame)})."


def heard(stage: Stage, experiment: Experiment, temperature: float | None, seed: int) -> str:
    """What the sheet of heard pictures shows: of how many classes the teacher speaks at T."""
    rows = stage.transfer_rows[stage.seeds.index(seed)]
    if not len(rows):
        return ""
    counts = [classes_spoken_of(stage.teacher_logits[rows], t) for t in (1.0, temperature or 1.0)]
    shown = ", shown by their class," if kind(experiment) == "example" else ","  # of numbers there is no picture
    start = f"{things(experiment, stage.transfer_size)}{shown} and what the teacher says of each. "
    if temperature is None or temperature == 1:
        return f"{start}It speaks of {counts[0]:.1f} classes on average."
    return f"{start}It speaks of {counts[1]:.1f} classes on average at T = {temperature:.3g}, {counts[0]:.1f} at T = 1."


def classes_spoken_of(logits: Array, temperature: float) -> float:
    """The effective number of classes in soft labels `[example, class]`: exp of the mean entropy."""
    chances = soft_labels(logits, temperature)
    entropy = -(chances * np.log(np.maximum(chances, 1e-300))).sum(-1)
    return float(np.exp(entropy.mean()))


def example(
    names: tuple[str, ...], true: int, opinions: Sequence[tuple[str, Array]], temperature: float, was_heard: bool
) -> str:
    """Of which wrong class the teacher thinks most, and what the students make of that."""
    if not opinions:
        return ""
    chances = [(label, soft_labels(logits, temperature)) for label, logits in opinions]
    wrong = chances[0][1].copy()
    wrong[true] = -1
    second = int(wrong.argmax())
    first = f"the {chances[0][0]} gives this “{names[true]}” {_share(chances[0][1][second])} to “{names[second]}”"
    rest = [f"the {label} {_share(other[second])}" for label, other in chances[1:]]
    whether = "heard" if was_heard else "never heard"
    said = ", ".join([first, *rest])
    return f"At T = {temperature:.3g} {said}; {whether} by the students."


def _share(chance: float) -> str:
    return f"{chance * 100:.0f} %" if chance >= 0.01 else f"{chance * 100:.1f} %"


def embedding(stage: Stage, student: Array) -> str:
    """How well classes stand apart: the share of test pictures that lie nearest to the middle of their own class."""
    labels = stage.labels[stage.probe_rows]
    of_teacher, of_student = (nearest_own(f.astype(np.float64), labels) for f in (stage.teacher_features, student))
    return (
        f"Of {len(labels)} test examples, {percent(of_teacher)} lie nearest to the middle of their own class in what "
        f"the teacher makes of them, {percent(of_student)} in what the student does."
    )


def plane(teacher: Array, students: Mapping[str, Array]) -> str:
    """How far students divide the plane as the teacher does: logits `[grid, class]`, students' by what they got."""
    same = {got: float((logits.argmax(-1) == teacher.argmax(-1)).mean()) for got, logits in students.items()}
    said = ", ".join(f"{percent(share)} of it by the student that got {got}" for got, share in same.items())
    return f"The plane is divided as the teacher does on {said}."


def nearest_own(features: Array, labels: Array) -> float:
    """The share of points `[probe, direction]` whose nearest class mean is that of their own class."""
    if not np.isfinite(features).all():
        return math.nan
    classes = np.unique(labels)
    middles = np.stack([features[labels == number].mean(0) for number in classes])
    distances = ((features[:, None] - middles) ** 2).sum(-1)
    return float((classes[distances.argmin(-1)] == labels).mean())


def similarity(teacher: Array, student: Array, names: tuple[str, ...]) -> str:
    """The pair the teacher finds most alike, what the student finds, and how far they agree over all pairs."""
    upper = np.triu_indices(len(names), 1)
    of_teacher, of_student = alike(teacher)[upper], alike(student)[upper]
    if not np.isfinite(of_student).all() or len(of_teacher) < 2:
        return ""
    most = int(of_teacher.argmax())
    a, b = names[upper[0][most]], names[upper[1][most]]
    found = f"{_share(of_teacher[most])} of an opinion; the student {_share(of_student[most])}"
    text = f"Most alike to the teacher: {a} and {b} ({found})."
    if of_student.std() < 1e-9 or of_teacher.std() < 1e-9:
        return text
    agree = float(np.corrcoef(of_teacher, of_student)[0, 1])
    return f"{text} Over all {len(of_teacher)} pairs the two agree with r = {agree:.2f}."


def difference(teacher: Array, student: Array, names: tuple[str, ...]) -> str:
    """The pair of classes about which the two networks differ most."""
    upper = np.triu_indices(len(names), 1)
    less = (alike(student) - alike(teacher))[upper]
    if not np.isfinite(less).all() or not len(less):
        return ""
    most = int(np.abs(less).argmax())
    a, b = names[upper[0][most]], names[upper[1][most]]
    how = "more" if less[most] > 0 else "less"
    return (
        f"They differ most about {a} and {b}: to the student these are {abs(less[most]) * 100:.1f} points {how} alike."
    )


def losses(frame: Frame, role: Role) -> str:
    """What the loss terms of the distilled student are now."""
    number = frame.arms.index(role.name)
    hard, soft = (float(middle(frame.scalars[name][number])) for name in ("hard_loss", "soft_loss"))
    values = {"hard loss": hard, "soft loss": soft}
    said = [f"{name} {value:.3g} nats" for name, value in values.items() if math.isfinite(value)]
    return f"At step {frame.step}: {', '.join(said)} (medians of {_seeds(frame)})." if said else ""


def pull(frame: Frame, role: Role) -> str:
    """How hard the teacher pulls against the labels at the logits."""
    value = float(middle(frame.scalars["gradient_ratio"][frame.arms.index(role.name)]))
    if not math.isfinite(value):
        return ""
    how = f"the teacher pulls {ratio(value)} against the labels, weights included"
    return f"At the logits, step {frame.step}, {how} (median of {_seeds(frame)})."


def diverged(frame: Frame, roles: tuple[Role, ...]) -> list[str]:
    """A sentence for each arm with students that were stopped, with the likely cause."""
    sentences = []
    for role in roles:
        if role.name not in frame.arms:
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
