"""Runs for the tests of the page: frames of random numbers in the shape of real ones, written to a real log."""

from __future__ import annotations

import numpy as np

from kdcore.experiment import Experiment
from kdcore.frame import Frame, Shown, Stage
from kdcore.runs import RunLog

PROBES = 40
SCALARS = (
    "accuracy",
    "validation_accuracy",
    "train_accuracy",
    "hard_loss",
    "soft_loss",
    "entropy",
    "ece",
    "agreement",
    "kl",
    "wrong_class_agreement",
    "gradient_ratio",
    "ties",
)


def make_stage(experiment: Experiment, seed: int = 0) -> Stage:
    """Probes first, then the pictures that each seed hears."""
    random = np.random.default_rng(seed)
    facts, seeds = experiment.facts, experiment.seed_list
    classes, heard = len(facts.classes), min(experiment.transfer_size or 100, 100)
    count = PROBES + heard * len(seeds)
    flat = len(facts.input_shape) == 1
    side = 0 if flat else facts.input_shape[-1]
    axis = np.linspace(-2, 2, 12, dtype=np.float32)
    grid = np.stack(np.meshgrid(axis, axis), -1).reshape(-1, 2) if flat else None
    labels = random.integers(0, classes, count)
    return Stage(
        class_names=facts.classes,
        input_shape=facts.input_shape,
        ids=np.arange(count),
        pictures=None if flat else random.integers(0, 256, (count, side, side), dtype=np.uint8),
        points=random.normal(size=(count, 2)).astype(np.float32) if flat else None,
        labels=labels,
        teacher_logits=(random.normal(size=(count, classes)) + 5 * np.eye(classes)[labels]).astype(np.float32),
        probe_rows=np.arange(PROBES, dtype=np.int32),
        teacher_features=random.normal(size=(PROBES, 16)).astype(np.float16),
        teacher_similarity=random.dirichlet(np.ones(classes), classes).astype(np.float32),
        seeds=seeds,
        transfer_rows=(PROBES + np.arange(heard * len(seeds)).reshape(len(seeds), heard)).astype(np.int32),
        transfer_labels=labels[PROBES:].reshape(len(seeds), heard).astype(np.int64),
        transfer_size=experiment.transfer_size or 100,
        teacher_name=experiment.teacher.network.name,
        student_name=experiment.student.name,
        teacher_scalars={"accuracy": 0.977, "validation_accuracy": 0.97, "entropy": 0.1, "ece": 0.01},
        chance=1 / classes,
        grid=grid,
        grid_teacher=None if grid is None else random.normal(size=(len(grid), classes)).astype(np.float16),
    )


def make_frame(
    experiment: Experiment,
    step: int,
    *,
    gain: float = 0.09,
    spread: float = 0.01,
    stopped: str | None = None,
    full: bool = True,
    seed: int = 0,
    at: float | None = None,
) -> Frame:
    """A frame whose first arm is `gain` better than the control on average; one arm may have diverged."""
    random = np.random.default_rng(1000 * seed + step)
    arms, seeds = tuple(arm.name for arm in experiment.arms), experiment.seed_list
    shape = (len(arms), len(seeds))
    scalars = {name: random.uniform(0.1, 2, shape).astype(np.float32) for name in SCALARS}
    accuracy = np.full(shape, 0.8) + random.normal(size=shape) * spread
    accuracy[0] += gain
    scalars["accuracy"] = accuracy.astype(np.float32)
    scalars["per_class_accuracy"] = random.uniform(0, 1, (*shape, len(experiment.facts.classes))).astype(np.float32)
    marks = np.zeros(shape, dtype=bool)
    if stopped is not None:
        marks[arms.index(stopped)] = True
    first = experiment.arms[0]
    knobs = {
        "temperature": [arm.knobs.get("temperature", np.nan) for arm in experiment.arms],
        "hard_weight": [arm.hard_weight for arm in experiment.arms],
        "weight": [arm.weight for arm in experiment.arms],
        "learning_rate": [first.learning_rate or experiment.learning_rate] * len(arms),
    }
    return Frame(
        step=step,
        steps=experiment.steps or 600,
        arms=arms,
        seeds=seeds,
        control=experiment.control_arm,
        scalars=scalars,
        knobs={name: np.array(values, dtype=np.float32) for name, values in knobs.items()},
        stopped=marks,
        shown=_shown(experiment, random) if full else None,
        at=1_700_000_000.0 + step if at is None else at,
    )


def _shown(experiment: Experiment, random: np.random.Generator) -> Shown:
    arms, classes = len(experiment.arms), len(experiment.facts.classes)
    heard = min(experiment.transfer_size or 100, 100)
    rows = np.concatenate([np.arange(PROBES), PROBES + np.arange(heard)]).astype(np.int32)
    flat = len(experiment.facts.input_shape) == 1
    return Shown(
        seed=experiment.seed_list[0],
        rows=rows,
        logits=random.normal(size=(arms, len(rows), classes)).astype(np.float32),
        features=random.normal(size=(arms, PROBES, 16)).astype(np.float16),
        similarity=random.dirichlet(np.ones(classes), (arms, classes)).astype(np.float32),
        batch_rows=(PROBES + np.arange(min(heard, 30))).astype(np.int32),
        batch_hard=random.uniform(0, 2, (arms, min(heard, 30))).astype(np.float32),
        batch_soft=random.uniform(0, 2, (arms, min(heard, 30))).astype(np.float32),
        surface=random.normal(size=(arms, 144, classes)).astype(np.float16) if flat else None,
    )


def write_run(
    log: RunLog,
    experiment: Experiment | None = None,
    *,
    owner: str = "me",
    state: str = "finished",
    steps: tuple[int, ...] = (0, 1, 3, 10, 30, 100, 300, 600),
    **made: object,
) -> str:
    """A run with frames in the log; its id."""
    experiment = experiment or Experiment()
    run_id = log.create(experiment, owner=owner)
    log.claim(run_id, "worker", {"kdcore": "test"})
    log.set_stage(run_id, make_stage(experiment))
    for step in steps:
        log.append(run_id, make_frame(experiment, step, **made))  # type: ignore[arg-type]
    if state != "running":
        log.set_state(run_id, state, reason="the worker was killed" if state == "failed" else "")
    return run_id
