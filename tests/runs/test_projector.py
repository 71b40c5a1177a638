"""UMAP beside a run: computed on a wish, elsewhere, from where the last one was."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from kdcore.projections import umap_layout as module
from kdcore.projections.umap_layout import umap_layout
from kdcore.runs import RunLog, want_layout
from kdcore.runs.projector import Projector
from kdcore.runs.wishes import wishes
from kdcore.training import Training

from .conftest import made_up, small


def test_a_wish_is_seen_while_somebody_looks(log: RunLog) -> None:
    want_layout(log, "abc")
    want_layout(log, "def", step=12)
    assert wishes(log) == {"abc": None, "def": 12}
    assert wishes(log, seconds=0.0) == {}


def test_layouts_of_the_newest_frame_and_of_a_keyframe_start_from_the_ones_before(
    log: RunLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[np.ndarray | None] = []

    def layout(features: np.ndarray, init: np.ndarray | None = None, seed: int = 0) -> np.ndarray:
        starts.append(init)
        return np.full((len(features), 2), len(starts), np.float32)

    monkeypatch.setattr("kdcore.runs.projector.umap_layout", layout)
    run_id = log.create(small(), owner="me")
    projector = Projector(log)
    assert not projector.project(run_id, None), "nothing is there yet"
    log.set_stage(run_id, Training(small()).stage())
    log.append(run_id, made_up(3, probes=500))
    assert projector.project(run_id, None) and not projector.project(run_id, None)
    first = log.layouts(run_id, 3)
    assert first is not None and list(first) == ["teacher", "hinton", "hard"]
    assert starts[0] is None and all(start is not None and (start == 1).all() for start in starts[1:])
    log.append(run_id, made_up(9, probes=500))
    assert projector.project(run_id, None)
    assert len(starts) == 5 and (starts[3] == 2).all() and (starts[4] == 3).all()  # type: ignore[union-attr]
    assert Projector(log).project(run_id, 3) is False, "another projector knows what is done"


def test_a_layout_keeps_neighbours_and_stays_near_the_one_it_starts_from() -> None:
    luck = np.random.default_rng(0)
    centres = luck.normal(size=(3, 16)) * 6
    labels = np.arange(60) % 3
    features = (centres[labels] + luck.normal(size=(60, 16))).astype(np.float16)
    layout = umap_layout(features)
    inside = np.mean([layout[labels == c].std(0).mean() for c in range(3)])
    means = np.stack([layout[labels == c].mean(0) for c in range(3)])
    between = np.linalg.norm(means[:, None] - means[None], axis=-1)[np.triu_indices(3, 1)].min()
    assert between > 2 * inside
    again = umap_layout(features, init=layout)
    assert np.abs(again - layout).mean() < between / 4
    assert np.array_equal(again, umap_layout(features, init=layout)), "the same arguments give the same layout"


def test_what_cannot_be_laid_out_stays_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    init = np.ones((4, 2), np.float32)
    assert (umap_layout(np.zeros((4, 16)), init=init) == init).all()
    broken = torch.full((50, 16), float("nan")).numpy()
    assert (umap_layout(broken) == np.zeros((50, 2))).all()
    assert module.FEWEST_POINTS == 5
