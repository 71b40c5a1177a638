"""What networks say of a digit that somebody has just drawn."""

import math
from typing import Any

import numpy as np

from app.charts.common import numbers
from app.magnified import PAD_SHAPE, seed_of, takes_drawings
from app.watch import Watched
from kdcore import asking, pad

CELLS = 64
DIGITS = 5


def ask(watched: Watched, cells: Any, seed: int | None = None) -> dict[str, Any]:
    """The answers of the pad's teacher, the run's teacher and a seed's students, as logits; ValueError in a sentence.

    Who cannot be asked yet is left out, and "missing" says why.
    """
    inputs = np.array(checked(cells), dtype=np.float32).reshape(1, *PAD_SHAPE)
    if not takes_drawings(watched):
        raise ValueError("The networks of this run cannot be asked about a drawing: they do not see 8 x 8 digits.")
    experiment = watched.run.experiment
    missing = []
    drawers, own = pad.ask(inputs), asking.teacher(experiment, inputs)
    if drawers is None:
        missing.append("The pad's teacher is not kept on this machine.")
    if own is None:
        missing.append("The run's own teacher is not kept on this machine.")
    students = asking.students(watched.log.folder, watched.run.id, experiment, inputs)
    if students is None:
        missing.append("Its students can be asked once the run has paused or ended.")
    shown = seed_of(watched, seed)
    seat = 0 if shown is None else experiment.seed_list.index(shown)
    return {
        "run": watched.run.id,
        "cells": [round(float(value), 4) for value in inputs.ravel()],
        "teachers": [
            {"name": name, "label": label, "logits": numbers(logits[0], DIGITS)}
            for name, label, logits in (
                ("pad", "pad’s teacher", drawers),
                ("run", "run’s teacher", own),
            )
            if logits is not None
        ],
        "arms": {name: numbers(logits[seat, 0], DIGITS) for name, logits in (students or {}).items()},
        "step": asking.kept_step(watched.log.folder, watched.run.id) if students else None,
        "missing": " ".join(missing),
    }


def checked(cells: Any) -> list[float]:
    """Sixty-four numbers from 0 to 1; ValueError in a sentence for anything else."""
    sound = isinstance(cells, list) and len(cells) == CELLS
    if not sound or not all(isinstance(value, int | float) and not isinstance(value, bool) for value in cells):
        raise ValueError(f"A drawing is {CELLS} numbers, the cells of an 8 x 8 picture.")
    if not all(math.isfinite(value) and 0 <= value <= 1 for value in cells):
        raise ValueError("The cells of a drawing lie between 0 and 1.")
    return [float(value) for value in cells]
