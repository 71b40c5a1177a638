"""Five spiral arms in the plane, made here: the data on which a decision surface can be drawn."""

from __future__ import annotations

from kdcore.datasets.base import Facts, Rows

FACTS = Facts(
    classes=("arm 1", "arm 2", "arm 3", "arm 4", "arm 5"),
    train=1000,
    validation=500,
    test=1000,
    input_shape=(2,),
    about="Points on five spiral arms, with noise",
    smallest_class=200,
)
TURNS = 0.8
NOISE = 0.05


def read(split: int) -> Rows:
    """Points with class k in rows k, k + 5, ..., so every part holds each class equally often; the split seeds them.

    A point lies at radius r in [0.1, 1] and at its arm's angle plus `TURNS * r` turns, then moves by normal noise of
    standard deviation `NOISE` in both directions; both axes are standardised over the training points.
    """
    import numpy as np
    import torch

    count = FACTS.train + FACTS.validation + FACTS.test
    random = np.random.RandomState(split)
    labels = np.arange(count) % len(FACTS.classes)
    radius = random.uniform(0.1, 1.0, count)
    angle = 2 * np.pi * (labels / len(FACTS.classes) + TURNS * radius)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    points += random.normal(scale=NOISE, size=points.shape)
    points -= points[: FACTS.train].mean(axis=0)
    points /= points[: FACTS.train].std(axis=0)
    train, validation, test = torch.arange(count).split([FACTS.train, FACTS.validation, FACTS.test])
    inputs = torch.from_numpy(points.astype(np.float32))
    return Rows(inputs, torch.from_numpy(labels.astype(np.int64)), train, validation, test)
