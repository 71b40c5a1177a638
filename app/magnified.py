"""What the microscope has under its lens: a run, its students' newest opinions, and what was said of a drawing."""

import base64
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from app import sentences, store
from app.charts.common import Array, whole
from app.experiments import values_of
from app.snapshot import stage_version
from app.viewers import MOVING
from app.watch import Watched, watch
from kdcore import asking, datasets
from kdcore.frame import Frame
from kdcore.runs import RunLog

TARGETS = ("teacher", "hard", "smoothed", "shuffled")
PAD_SHAPE = (1, 8, 8)


@dataclass(frozen=True)
class Look:
    """What one person has under the lens. None: the page chooses, an ambiguous example or the run's own values."""

    row: int | None = None
    temperature: float | None = None
    alpha: float | None = None
    target: str = "teacher"
    seed: int | None = None


def subject(log: RunLog, run_id: str | None) -> tuple[Watched | None, list[str]]:
    """The run to look into, and why it is another one than was asked for, if it is."""
    watched = watch(log, run_id) if run_id else None
    if watched is not None and watched.stage is not None and watched.stage.teacher_scalars:
        return watched, []
    recorded = watch(log, store.recorded_run(log))
    if recorded is None:
        return None, ["There is no run to look into yet. Train one in the Lab."]
    if not run_id:
        return recorded, []
    if watched is None:
        why = f"There is no run {run_id[:20]!r} in this log (any more)"
    elif watched.stage is None:
        why = "This run has nothing to show yet"
    else:
        why = "Nobody teaches in this run"
    return recorded, [f"{why}; the recorded run is shown."]


def snapshot(
    watched: Watched | None, look: Look, drawing: dict[str, Any] | None = None, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """Everything the component is told: small, for pictures and opinions come by routes of their own."""
    given: dict[str, Any] = {"run": None, "notes": list(notes), "look": asdict(look), "drawing": None}
    if watched is not None and watched.stage is not None:
        if look.row is not None and look.row >= len(watched.stage.labels):
            given["notes"].append(f"There is no example {look.row} in this run; an ambiguous one is shown.")
            given["look"]["row"] = None
        run, frame = watched.run, watched.frame
        seen = frame is not None and frame.shown is not None
        seed = seed_of(watched, look.seed)
        if look.seed not in (None, seed):
            given["notes"].append(f"The students of seed {look.seed} cannot be asked now; those of seed {seed} are.")
        version = f"{frame.step}-{int(frame.at * 1000):x}&seed={seed}" if frame and seen else ""
        given |= {
            "run": run.id,
            "live": watched.live,
            "step": frame.step if frame else 0,
            "about": about(watched, seed),
            "seed": seed,
            "seeds": list(run.experiment.seed_list) if all_seeds(watched) else [seed],
            "given": _given(watched),
            "stage_url": f"/lab/run/{run.id}/stage.json?v={stage_version(watched)}",
            "opinions_url": f"/lab/run/{run.id}/opinions.json?v={version}" if seen else None,
            "pad": takes_drawings(watched),
            "drawing": drawing if drawing and drawing.get("run") == run.id else None,
        }
        if not seen:
            given["notes"].append("The students of so large a cohort are shown when their run is over.")
    return given | {"version": f"{zlib.crc32(repr(given).encode()):08x}"}


def takes_drawings(watched: Watched) -> bool:
    """Whether the run's networks can be asked about a drawing: they see pictures of 8 x 8 cells of digits, and their
    teacher is a network."""
    facts = watched.run.experiment.facts
    return facts.input_shape == PAD_SHAPE and facts.classes == tuple("0123456789") and not facts.stored_logits


def all_seeds(watched: Watched) -> bool:
    """Whether the students of every seed can be asked: the weights that are kept are those of the newest frame."""
    if watched.frame is None or watched.run.state in MOVING:
        return False
    return asking.kept_step(watched.log.folder, watched.run.id) == watched.frame.step


def seed_of(watched: Watched, wanted: int | None) -> int | None:
    """The seed whose students are shown: the wanted one if they can be asked, else the one in the frame."""
    shown = watched.frame.shown if watched.frame else None
    if wanted in watched.run.experiment.seed_list and all_seeds(watched):
        return wanted
    return shown.seed if shown else None


def about(watched: Watched, seed: int | None) -> str:
    """In words: who teaches whom on what, and when the students said what is shown."""
    stage, frame, run = watched.stage, watched.frame, watched.run
    assert stage is not None
    right = sentences.percent(stage.teacher_scalars["accuracy"])
    heard = sentences.things(run.experiment, stage.transfer_size)
    text = "Recorded run: " if run.recorded else ""
    text += f"{stage.teacher_name} ({right} right) teaches {stage.student_name} on {heard}"
    if frame is None or frame.shown is None:
        return f"{text}."
    return f"{text}; its students after {frame.step} of {frame.steps} steps, seed {seed}."


def _given(watched: Watched) -> dict[str, float]:
    """The temperature and alpha that the run's distilled student hears now."""
    now = values_of(watched.run.experiment, watched.commands)
    return {"temperature": float(str(now.get("temperature", 4.0))), "alpha": float(str(now.get("alpha", 0.9)))}


def opinions(watched: Watched, frame: Frame, seed: int | None = None) -> dict[str, Any]:
    """What a seed's students say of the probes and of what they heard: logits `[row, class]` by arm.

    By default the frame's own seed and numbers; another seed's students are asked anew, KeyError if they cannot be.
    """
    shown, experiment = frame.shown, watched.run.experiment
    assert shown is not None
    if seed in (None, shown.seed):
        rows, said = shown.rows, dict(zip(frame.arms, shown.logits, strict=True))
    elif seed not in experiment.seed_list or not all_seeds(watched):
        raise KeyError(seed)
    else:
        rows, said = _asked(watched, seed)
    seed = shown.seed if seed is None else seed
    return {
        "step": frame.step,
        "seed": seed,
        "rows": whole(rows),
        "heard": whole(_heard(watched, seed)),
        "arms": [
            {"name": role.name, "role": role.role, "label": role.label, "logits": packed(said[role.name])}
            for role in watched.roles
            if role.name in said
        ],
    }


def _asked(watched: Watched, seed: int) -> tuple[Array, dict[str, Array]]:
    """Rows of the stage, and what the kept students of a seed say of them."""
    experiment, stage = watched.run.experiment, watched.stage
    assert stage is not None
    rows = np.unique(np.concatenate([stage.probe_rows, _heard(watched, seed)]))
    try:
        data = datasets.load(experiment.dataset, experiment.split)
    except (datasets.Missing, datasets.Malformed) as gone:
        raise KeyError(seed) from gone
    inputs = data.inputs[stage.ids[rows]].numpy()
    said = asking.students(watched.log.folder, watched.run.id, experiment, inputs)
    if said is None:
        raise KeyError(seed)
    seat = experiment.seed_list.index(seed)
    return rows, {arm: logits[seat] for arm, logits in said.items()}


def _heard(watched: Watched, seed: int) -> Array:
    """The rows that a seed's students heard, as far as they are on the stage."""
    stage = watched.stage
    assert stage is not None
    heard: Array = stage.transfer_rows[stage.seeds.index(seed)] if seed in stage.seeds else stage.transfer_rows[0, :0]
    return heard


def packed(values: Array) -> dict[str, str]:
    """Float32 numbers, row by row, as the browser unpacks them: exact, and half as long as text."""
    return {"dtype": "f4", "bdata": base64.b64encode(np.ascontiguousarray(values, dtype="<f4").tobytes()).decode()}
