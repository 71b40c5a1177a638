"""The digits with every train picture replaced by distorted copies: what a teacher needs that is to read drawings.

A teacher of the plain digits has seen a few people write, and takes many a digit drawn with a mouse for another one.
Validation and test are the plain pictures of the same split, so accuracies can be compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kdcore.datasets import digits
from kdcore.datasets.base import Facts, Rows

if TYPE_CHECKING:
    import numpy as np
    from numpy import float64
    from numpy.typing import NDArray

COPIES = 32
ROTATION = 9.0  # degrees, standard deviation
SCALE = 0.15  # of width and of height, each up to so much larger or smaller
SHIFT = 0.8  # pixels, up to so many in each direction
SHEAR = 0.20  # standard deviation
GAIN = 0.20  # ink up to so much stronger or weaker

FACTS = Facts(
    classes=digits.FACTS.classes,
    train=digits.FACTS.train * COPIES,
    validation=digits.FACTS.validation,
    test=digits.FACTS.test,
    input_shape=digits.FACTS.input_shape,
    about=f"Handwritten digits, {COPIES} distorted copies of each train picture (UCI, 1998)",
    smallest_class=digits.FACTS.smallest_class * COPIES,
)


def read(split: int) -> Rows:
    """The train rows come first, copy after copy; the split number seeds the division and the distortions."""
    import numpy as np
    import torch

    plain = digits.read(split)
    originals = plain.inputs[plain.train, 0].numpy().astype(np.float64)
    random = np.random.RandomState(split)
    copies = np.concatenate([_distorted(originals, random) for _ in range(COPIES)])
    distorted = torch.from_numpy(copies.astype(np.float32))[:, None]
    kept = torch.cat([plain.validation, plain.test])
    inputs = torch.cat([distorted, plain.inputs[kept]])
    labels = torch.cat([plain.labels[plain.train].repeat(COPIES), plain.labels[kept]])
    train, validation, test = torch.arange(len(labels)).split([FACTS.train, FACTS.validation, FACTS.test])
    return Rows(inputs, labels, train, validation, test)


def _distorted(pictures: NDArray[float64], random: np.random.RandomState) -> NDArray[float64]:
    """Pictures `[n, 8, 8]`, each turned, sheared, scaled, moved and inked in its own way, in the 17 grey levels.

    In double precision and rounded to grey levels, so that every processor gives the same bytes: a teacher is found
    again by the content of its data.
    """
    import numpy as np

    count, side = len(pictures), pictures.shape[-1]
    angle = np.radians(random.normal(0, ROTATION, count))
    shear = random.normal(0, SHEAR, count)
    wide, tall = 1 + random.uniform(-SCALE, SCALE, (2, count))
    shift = random.uniform(-SHIFT, SHIFT, (2, count))
    gain = 1 + random.uniform(-GAIN, GAIN, count)
    middle = (side - 1) / 2
    row, column = (axis.ravel() - middle for axis in np.mgrid[0:side, 0:side])
    x, y = column - shift[0][:, None], row - shift[1][:, None]
    turned_x = (np.cos(angle)[:, None] * x + np.sin(angle)[:, None] * y) / wide[:, None]
    turned_y = (np.cos(angle)[:, None] * y - np.sin(angle)[:, None] * x) / tall[:, None]
    taken = _between(pictures, turned_y + middle, turned_x + shear[:, None] * turned_y + middle)
    inked = np.clip(taken * gain[:, None], 0, 1)
    levels: NDArray[float64] = np.round(inked * digits.GREY_LEVELS) / digits.GREY_LEVELS
    return levels.reshape(pictures.shape)


def _between(pictures: NDArray[float64], rows: NDArray[float64], columns: NDArray[float64]) -> NDArray[float64]:
    """Each picture's ink at places between its pixels, `[n, place]`: bilinear, and none outside."""
    import numpy as np

    side = pictures.shape[-1]
    framed = np.pad(pictures, ((0, 0), (1, 1), (1, 1)))
    rows, columns = (np.clip(axis + 1, 0, side + 1 - 1e-9) for axis in (rows, columns))
    top, left = rows.astype(np.int64), columns.astype(np.int64)
    down, right = rows - top, columns - left
    picture = np.arange(len(pictures))[:, None]
    upper = framed[picture, top, left] * (1 - right) + framed[picture, top, left + 1] * right
    lower = framed[picture, top + 1, left] * (1 - right) + framed[picture, top + 1, left + 1] * right
    ink: NDArray[float64] = upper * (1 - down) + lower * down
    return ink
