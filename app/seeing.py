"""What is said of the pictures: what is heard, one example, how networks see the data, which classes are alike."""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from app.charts.common import Array
from app.charts.similarity import alike
from app.sentences import kind, percent, things
from kdcore.experiment import Experiment
from kdcore.frame import Stage


def soft_labels(logits: Array, temperature: float) -> Array:
    """Softmax of logits `[..., class]` at a temperature."""
    scaled = logits.astype(np.float64) / temperature
    shifted = np.exp(scaled - scaled.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


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
