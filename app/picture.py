"""What is drawn of one frame: figures, sentences, one example, one batch. The same for live and for past steps."""

from typing import Any

import numpy as np

from app import loss_words, seeing, sentences
from app.charts import embeddings, losses, similarity, surface
from app.charts.accuracy import Event
from app.charts.accuracy import figure as accuracy_figure
from app.charts.common import Array, Figure, numbers, whole
from app.charts.history import History
from app.roles import Role, find
from kdcore.experiment import Experiment
from kdcore.frame import Frame, Shown, Stage

Layouts = dict[str, Array]


def picture(
    experiment: Experiment,
    roles: tuple[Role, ...],
    frame: Frame,
    stage: Stage,
    history: History,
    *,
    revision: str,
    follow: int | None = None,
    layouts: Layouts | None = None,
    events: tuple[Event, ...] = (),
) -> dict[str, Any]:
    """Everything that changes with the step; figures of single examples only where the frame has them."""
    distilled = find(roles, "distilled") or roles[0]
    shown = frame.shown
    seed = shown.seed if shown else frame.seeds[0]
    temperature = temperature_of(frame, distilled)
    row = chosen(stage, shown, follow)
    figures: dict[str, Figure] = {
        "accuracy": accuracy_figure(
            history,
            roles,
            steps=frame.steps,
            revision=revision,
            teacher=stage.teacher_scalars["accuracy"],
            chance=stage.chance,
            events=events,
        ),
        "losses": losses.terms(history, roles, steps=frame.steps, revision=revision),
        "ratio": losses.ratio(history, roles, steps=frame.steps, revision=revision),
    }
    says = {
        "accuracy": sentences.accuracy(frame, roles, experiment, stage),
        "heard": seeing.heard(stage, experiment, temperature, seed),
        "losses": loss_words.losses(frame, distilled),
        "ratio": loss_words.pull(frame, distilled),
    }
    example = None
    if shown is not None:
        figures |= _of_examples(frame, shown, stage, distilled, revision, row, layouts)
        number = frame.arms.index(distilled.name)
        says["embedding"] = _seen(frame, shown, stage, roles, number)
        says["similarity"] = seeing.similarity(stage.teacher_similarity, shown.similarity[number], stage.class_names)
        says["difference"] = seeing.difference(stage.teacher_similarity, shown.similarity[number], stage.class_names)
        example = example_of(frame, shown, stage, roles, row)
        says["example"] = _example_sentence(stage, example, temperature or 1.0)
    return {
        "step": frame.step,
        "at": frame.at,
        "figures": figures,
        "says": says,
        "example": example,
        "walk": walk(frame, shown, stage, distilled) if shown else None,
        "arms": [arm(frame, role) for role in roles if role.name in frame.arms],
        "status": sentences.status(frame, roles),
    }


def temperature_of(frame: Frame, role: Role) -> float | None:
    """The temperature of an arm now, None where it has none."""
    if "temperature" not in frame.knobs:
        return None
    value = float(frame.knobs["temperature"][frame.arms.index(role.name)])
    return value if np.isfinite(value) else None


def arm(frame: Frame, role: Role) -> dict[str, Any]:
    """An arm's numbers: its mean accuracy and how many of its students were stopped."""
    mean = sentences.mean(frame.accuracy[role.name])
    return {
        "name": role.name,
        "label": role.label,
        "role": role.role,
        "accuracy": round(mean, 4) if np.isfinite(mean) else None,
        "stopped": int(frame.stopped[frame.arms.index(role.name)].sum()),
    }


def chosen(stage: Stage, shown: Shown | None, follow: int | None) -> int:
    """The row of the example to show: the one followed, else one the teacher is right about but nearly was not."""
    if follow is not None and 0 <= follow < len(stage.labels):
        return follow
    rows = stage.probe_rows
    labels, logits = stage.labels[rows], stage.teacher_logits[rows].astype(np.float64)
    right = logits.argmax(-1) == labels
    if not right.any():
        return int(rows[0])
    first_two = np.sort(logits, -1)[:, -2:]
    lead = np.where(right, first_two[:, 1] - first_two[:, 0], np.inf)
    return int(rows[int(lead.argmin())])


def _of_examples(
    frame: Frame, shown: Shown, stage: Stage, distilled: Role, revision: str, row: int, layouts: Layouts | None
) -> dict[str, Figure]:
    """The charts whose points and cells are examples and classes."""
    number = frame.arms.index(distilled.name)
    matrices = (stage.teacher_similarity, shown.similarity[number], stage.class_names)
    figures = {
        "similarity": similarity.figure(*matrices, revision=revision),
        "difference": similarity.difference(*matrices, revision=revision),
    }
    if stage.grid is not None and stage.grid_teacher is not None and shown.surface is not None:
        seat = stage.seeds.index(shown.seed)
        heard = (stage.transfer_rows[seat], stage.transfer_labels[seat])
        of_arms = {role: shown.surface[frame.arms.index(name)] for role, name in _both(frame, distilled)}
        for who, logits in {"teacher": stage.grid_teacher, **of_arms}.items():
            figures[f"surface_{who}"] = surface.figure(logits, stage, *heard, revision=revision, follow=row)
        return figures
    if layouts is None or not {"teacher", distilled.name} <= set(layouts):
        # The teacher's points stay where they are: they came with the stage.
        points = (shown.features[number][:, :2], stage.teacher_features[:, :2])
        figures["embedding_student"] = embeddings.figure(*points, stage, revision=revision, follow=row)
        return figures
    for who, name in (("teacher", "teacher"), ("student", distilled.name)):
        points = (layouts[name], layouts["teacher"])
        figures[f"embedding_{who}"] = embeddings.figure(*points, stage, revision=f"{revision}-umap", follow=row)
    return figures


def _seen(frame: Frame, shown: Shown, stage: Stage, roles: tuple[Role, ...], number: int) -> str:
    """How the networks see the examples, in words; where the examples are points, how they divide the plane."""
    if stage.grid_teacher is None or shown.surface is None:
        return seeing.embedding(stage, shown.features[number])
    heard = {role.label: shown.surface[frame.arms.index(role.name)] for role in roles if role.role != "null"}
    return seeing.plane(stage.grid_teacher, heard)


def _both(frame: Frame, distilled: Role) -> list[tuple[str, str]]:
    pairs = [("student", distilled.name)]
    return [*pairs, ("control", frame.control)] if frame.control else pairs


def example_of(frame: Frame, shown: Shown, stage: Stage, roles: tuple[Role, ...], row: int) -> dict[str, Any]:
    """One example: the true class, the label heard if it was, and what everybody thinks of it, as logits."""
    seat = stage.seeds.index(shown.seed)
    heard = np.flatnonzero(stage.transfer_rows[seat] == row)
    label = int(stage.transfer_labels[seat][heard[0]]) if len(heard) else -1
    opinions = [{"role": "teacher", "name": "teacher", "logits": numbers(stage.teacher_logits[row], 3)}]
    place = np.flatnonzero(shown.rows == row)
    if len(place):
        opinions += [
            {
                "role": role.role,
                "name": role.label,
                "logits": numbers(shown.logits[frame.arms.index(role.name), place[0]], 3),
            }
            for role in roles
            if role.name in frame.arms
        ]
    return {
        "row": row,
        "heard": bool(len(heard)),
        "true": int(stage.labels[row]),
        "label": label if label >= 0 else None,
        "opinions": opinions,
    }


def _example_sentence(stage: Stage, example: dict[str, Any], temperature: float) -> str:
    """Only the teacher and the two students that everything is about are named."""
    said = {"teacher": "teacher", "control": "student with labels"}
    said["distilled"] = next((f"student with {o['name']}" for o in example["opinions"] if o["role"] == "distilled"), "")
    opinions = [
        (said[opinion["role"]], np.array(opinion["logits"], dtype=np.float64))
        for opinion in example["opinions"]
        if opinion["role"] in said and None not in opinion["logits"]
    ]
    return seeing.example(stage.class_names, example["true"], opinions, temperature, example["heard"])


def walk(frame: Frame, shown: Shown, stage: Stage, distilled: Role) -> dict[str, Any] | None:
    """The last batch of the shown distilled student: rows, labels as heard, and both losses of each example."""
    if not len(shown.batch_rows):
        return None
    number, seat = frame.arms.index(distilled.name), stage.seeds.index(shown.seed)
    heard = dict(zip(whole(stage.transfer_rows[seat]), whole(stage.transfer_labels[seat]), strict=True))
    rows = whole(shown.batch_rows[:64])
    return {
        "rows": rows,
        "labels": [heard.get(row, -1) for row in rows],
        "hard": numbers(shown.batch_hard[number][:64], 3),
        "soft": numbers(shown.batch_soft[number][:64], 3),
        "hard_weight": round(float(frame.knobs["hard_weight"][number]), 4),
        "weight": round(float(frame.knobs["weight"][number]), 4),
    }
