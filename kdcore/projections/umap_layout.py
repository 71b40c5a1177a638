"""UMAP (McInnes, Healy, Melville 2018, arXiv:1802.03426): neighbours stay neighbours, in two dimensions."""

import warnings

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 15
FEWEST_POINTS = 5
EPOCHS = 200
EPOCHS_FROM_INIT = 50


def umap_layout(
    features: NDArray[np.floating], init: NDArray[np.floating] | None = None, seed: int = 0
) -> NDArray[np.float32]:
    """Lay points out in the plane: features `[point, direction]` -> `[point, 2]`, coordinates of the order of 10.

    init `[point, 2]`: an earlier layout of the same points; the new one starts from it, takes a quarter of the time
    and lies on it as well as it can, so that two layouts can be compared. The same arguments give the same layout.
    Features that are not finite, or of fewer than five points, are not laid out: `init` (or zeros) is returned.
    """
    features = np.asarray(features, dtype=np.float32)
    still = np.zeros((len(features), 2), np.float32) if init is None else np.asarray(init, np.float32)
    if len(features) < FEWEST_POINTS or not np.isfinite(features).all():
        return still
    from umap import UMAP  # a second to import, and only the projector needs it

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of its own choices: one thread where a seed is given
        mapper = UMAP(
            n_neighbors=min(NEIGHBOURS, len(features) - 1),
            n_epochs=EPOCHS if init is None else EPOCHS_FROM_INIT,
            init="pca" if init is None else still,
            random_state=seed,
            n_jobs=1,
        )
        layout = np.asarray(mapper.fit_transform(features), dtype=np.float32)
    return layout if init is None or not still.any() else _aligned(layout, still)


def _aligned(layout: NDArray[np.float32], model: NDArray[np.float32]) -> NDArray[np.float32]:
    """The layout turned, scaled and moved to lie on the model as well as it can: only real movement is left."""
    from_mean, to_mean = layout.mean(0), model.mean(0)
    left, scales, right = np.linalg.svd((layout - from_mean).T @ (model - to_mean))
    size = float(((layout - from_mean) ** 2).sum()) or 1.0
    return np.asarray((layout - from_mean) @ (left @ right) * (scales.sum() / size) + to_mean, dtype=np.float32)
