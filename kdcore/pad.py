"""The drawing pad's teacher: trained to read digits that are drawn with a mouse or a finger.

A teacher of its own: the distortions that it learnt to forgive also blur the opinions that students are taught with.
"""

from numpy.typing import ArrayLike

from kdcore import asking
from kdcore.experiment import Experiment, Network, Teacher, Transfer

PAD_TEACHER = Teacher(network=Network("mlp", widths=(256, 256), dropout=0.3), steps=6000)
PAD = Experiment(dataset="drawn_digits", teacher=PAD_TEACHER, transfer=Transfer())
"""Where the teacher learnt; only what it was taught with counts here, not the students."""


def ask(pictures: ArrayLike) -> asking.Logits | None:
    """What the pad's teacher says about `pictures [n, 1, 8, 8]` in [0, 1]: logits `[n, 10]`.

    None where its weights are not there; ValueError for impossible pictures.
    """
    return asking.teacher(PAD, pictures)
