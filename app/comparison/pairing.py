"""Two entries under one lens: their embeddings in one space, their class similarities, examples that one gets right."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.charts import embeddings, similarity
from app.charts.common import Array, Figure
from app.comparison.entries import Entry, gather
from app.comparison.findings import unlike
from app.comparison.looks import Look, look_of
from kdcore.frame import Frame, Shown, Stage
from kdcore.runs import RunLog

EXAMPLES = 16


class Unfit(Exception):
    """What was asked for cannot be given; the message says why."""


def pair(log: RunLog, given: Mapping[str, str]) -> dict[str, Any]:
    """Embeddings and class similarities of the two entries at a step (the newest where none is named)."""
    left, right = _two(log, look_of(given)[0])
    first, second = _stages(left, right)
    newest = max(left.step, right.step)
    step = _step(given.get("step"), newest)
    frames = [_at(log, entry, step) for entry in (left, right)]
    shown = [_shown(frame) for frame in frames]
    places = [frame.arms.index(entry.role.name) for frame, entry in zip(frames, (left, right), strict=True)]
    points = [one.features[place].astype(np.float32) for one, place in zip(shown, places, strict=True)]
    same_teacher = np.array_equal(first.teacher_features, second.teacher_features)
    if not same_teacher:
        points[1] = _overlaid(points[1], first.teacher_features)
    alike = [one.similarity[place] for one, place in zip(shown, places, strict=True)]
    return {
        "step": step,
        "newest": newest,
        "steps": sorted({*left.first.keyframes, *right.first.keyframes, newest}),
        "letters": [left.letter, right.letter],
        "reached": [frame.step for frame in frames],
        "stage_url": f"/lab/run/{left.first.run.id}/stage.json",
        "classes": list(first.class_names),
        "figures": _embeddings(points, first, (left, right)) | _similarities(alike, first, (left, right)),
        "says": _says(left, right, frames, shown, same_teacher),
    }


def _two(log: RunLog, look: Look) -> tuple[Entry, Entry]:
    gathered = gather(log, look)
    if len(gathered.entries) < 2:
        raise Unfit("Two entries are needed for this; there are not two yet.")
    left, right = gathered.pair(look)
    assert right is not None
    return left, right


def _stages(left: Entry, right: Entry) -> tuple[Stage, Stage]:
    """The stages of both; refused where their examples are not the same."""
    if refusal := unlike(left, right):
        raise Unfit(refusal)
    first, second = left.first.stage, right.first.stage
    if first is None or second is None:
        raise Unfit("One of these runs has nothing to show yet.")
    if not np.array_equal(first.ids[first.probe_rows], second.ids[second.probe_rows]):
        raise Unfit(
            f"{left.letter} and {right.letter} were tested on other examples (another split), so there is no example "
            "that both have seen: choose two of the same split."
        )
    return first, second


def _step(text: str | None, newest: int) -> int:
    return min(int(text), newest) if text and text.isascii() and text.isdigit() and len(text) < 9 else newest


def _at(log: RunLog, entry: Entry, step: int) -> Frame:
    """The picture of an entry at a step, the last one before it that is kept, or its first."""
    watched = entry.first
    if watched.frame is not None and watched.frame.shown is not None and step >= watched.frame.step:
        return watched.frame
    steps = watched.keyframes
    at = max((kept for kept in steps if kept <= step), default=min(steps, default=step))
    frame = watched.keep(("picture", at), lambda: log.keyframe(watched.run.id, at)) if steps else watched.frame
    if frame is None:
        raise Unfit(f"No picture of {entry.letter} is kept.")
    return frame


def _shown(frame: Frame) -> Shown:
    if frame.shown is None:
        raise Unfit("Runs with more than 16 arms keep numbers only: train one of the cells in the Lab to look into it.")
    return frame.shown


def _overlaid(points: Array, onto: Array) -> Array:
    """Features `[probe, direction]` turned, mirrored, moved and scaled as a whole onto another teacher's."""
    import torch

    from kdcore.projections import PrincipalSpace

    space = PrincipalSpace(torch.from_numpy(onto.astype(np.float32)))
    return np.asarray(space.overlay(torch.from_numpy(np.nan_to_num(points))).numpy())


def _embeddings(points: list[Array], stage: Stage, entries: tuple[Entry, Entry]) -> dict[str, Figure]:
    window = stage.teacher_features[:, :2]
    return {
        f"embedding_{side}": embeddings.figure(place[:, :2], window, stage, revision=entry.key, follow=None)
        for side, place, entry in zip(("left", "right"), points, entries, strict=True)
    }


def _similarities(alike: list[Array], stage: Stage, entries: tuple[Entry, Entry]) -> dict[str, Figure]:
    names = stage.class_names
    scale = similarity.figure(stage.teacher_similarity, alike[0], names, revision="")["data"][0]["zmax"]
    drawn = {}
    for side, matrix, entry in zip(("left", "right"), alike, entries, strict=True):
        figure = similarity.figure(matrix, matrix, names, revision=entry.key)
        figure["data"][0] |= {"hovertemplate": f"{entry.letter}, %{{y}} and %{{x}}: %{{z}} %<extra></extra>"}
        drawn[f"similarity_{side}"] = figure
        # One scale for both and for all steps: the teacher's.
        figure["data"][0]["zmax"] = scale
    less = similarity.difference(alike[0], alike[1], names, revision=entries[1].key)
    less["data"][0]["colorbar"]["ticksuffix"] = ""
    return drawn | {"similarity_difference": less}


def _says(left: Entry, right: Entry, frames: list[Frame], shown: list[Shown], same_teacher: bool) -> dict[str, str]:
    which = _seeds((left, right), [one.seed for one in shown])
    at = f"{left.letter} at step {frames[0].step} and {right.letter} at step {frames[1].step}"
    space = f"the space of {left.letter}’s teacher (they had different teachers)"
    space = "their teacher’s space" if same_teacher else space
    minus = f"right: {right.letter} minus {left.letter}, in points"
    return {
        "embedding": f"The test pictures as {left.letter} and {right.letter} lay them out, in {space}; {which}; {at}.",
        "similarity": f"What a class gets of another’s soft labels, {which}; {minus}.",
    }


def _seeds(entries: tuple[Entry, Entry], seeds: list[int]) -> str:
    if seeds[0] == seeds[1]:
        return f"seed {seeds[0]} of both"
    return " and ".join(f"seed {seed} of {entry.letter}" for seed, entry in zip(seeds, entries, strict=True))


def examples(log: RunLog, given: Mapping[str, str]) -> dict[str, Any]:
    """The test examples that the left entry gets right and the right one wrong, with what both and the teacher say."""
    left, right = _two(log, look_of(given)[0])
    stage, _ = _stages(left, right)
    seed = _common_seed(left, right)
    (ours, our_seed), (theirs, their_seed) = (_probe_logits(entry, seed) for entry in (left, right))
    labels = stage.labels[stage.probe_rows]
    here, there = ours.argmax(-1) == labels, theirs.argmax(-1) == labels
    sure = ours.max(-1) - np.take_along_axis(theirs, labels[:, None], -1)[:, 0]
    chosen = sorted(np.flatnonzero(here & ~there).tolist(), key=lambda row: -sure[row])
    counts = {
        "both": int((here & there).sum()),
        "left": int((here & ~there).sum()),
        "right": int((~here & there).sum()),
        "neither": int((~here & ~there).sum()),
    }
    which = _seeds((left, right), [our_seed, their_seed])
    return {
        "letters": [left.letter, right.letter],
        "counts": counts,
        "of": len(labels),
        "stage_url": f"/lab/run/{left.first.run.id}/stage.json",
        "classes": list(stage.class_names),
        "examples": [
            {
                "row": int(stage.probe_rows[row]),
                "label": int(labels[row]),
                "left": np.round(ours[row].astype(np.float64), 3).tolist(),
                "right": np.round(theirs[row].astype(np.float64), 3).tolist(),
            }
            for row in chosen[:EXAMPLES]
        ],
        "says": f"Of the first {len(labels)} test examples, {which}: {left.letter} alone is right on {counts['left']}, "
        f"{right.letter} alone on {counts['right']}, both on {counts['both']}, neither on {counts['neither']}.",
    }


def _common_seed(left: Entry, right: Entry) -> int | None:
    """The first seed that the first runs of both have; None where they share none."""
    both = [set(entry.first.frame.seeds) if entry.first.frame else set() for entry in (left, right)]
    return min(both[0] & both[1], default=None)


def _probe_logits(entry: Entry, seed: int | None) -> tuple[Array, int]:
    """What an entry's students say of the probes `[probe, class]`, and which seed it is: the one asked for where the
    last frame has every student's answers, else the one that is shown."""
    frame, stage = entry.first.frame, entry.first.stage
    assert frame is not None and stage is not None
    place, probes = frame.arms.index(entry.role.name), len(stage.probe_rows)
    if frame.test_logits is not None and seed in frame.seeds:
        return np.asarray(frame.test_logits[place, frame.seeds.index(seed)][:probes]), seed
    shown = _shown(frame)
    rows = {int(row): number for number, row in enumerate(shown.rows)}
    return np.asarray(shown.logits[place][[rows[int(row)] for row in stage.probe_rows]]), shown.seed
