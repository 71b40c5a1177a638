"""NPZ files of one's own for tests: features or pictures of a few classes, and what a teacher says of them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np


def arrays(rows: int = 120, classes: int = 3, shape: tuple[int, ...] = (6,), seed: int = 0) -> dict[str, np.ndarray]:
    """Gaussian clouds around one middle a class (in [0, 1] for pictures); the teacher knows the middles."""
    random = np.random.default_rng(seed)
    labels = np.arange(rows) % classes
    middles = random.uniform(0.2, 0.8, (classes, *shape))
    inputs = np.clip(middles[labels] + random.normal(0, 0.2, (rows, *shape)), 0, 1)
    away = ((inputs[:, None] - middles) ** 2).reshape(rows, classes, -1).sum(-1)
    return {
        "inputs": inputs.astype(np.float32),
        "labels": labels,
        "teacher_logits": (-away / 0.08).astype(np.float32),
    }


def npz(given: dict[str, Any] | None = None, **changed: Any) -> bytes:
    """The bytes of an NPZ file of these arrays, some of them exchanged; None leaves one out."""
    stream = io.BytesIO()
    held = (arrays() if given is None else given) | changed
    np.savez(stream, **{name: array for name, array in held.items() if array is not None})
    return stream.getvalue()
