"""Methods and programmes as people choose among them: in the order of what moves, with the names they are called by."""

from functools import lru_cache

from app.roles import LABELS
from kdcore import gallery, methods

FIRST = "hinton"
LEFT_OUT = ("hard",)
"""The control is always there, so nobody chooses it."""


def ordered() -> tuple[str, ...]:
    """The methods that can be chosen: by family, alphabetically in each; plain distillation comes first."""
    return _ordered(tuple(methods.names()))


@lru_cache(maxsize=4)
def _ordered(names: tuple[str, ...]) -> tuple[str, ...]:
    families = list(gallery.FAMILIES)
    rank = {name: (name != FIRST, families.index(family(name)), name) for name in names if name not in LEFT_OUT}
    return tuple(sorted(rank, key=rank.__getitem__))


def family(method: str) -> gallery.Family:
    """What moves in it: as its words say, else by what it reads of the networks."""
    try:
        return gallery.words()[method].family
    except (KeyError, ValueError):  # nobody described it, or not well
        return gallery.undescribed_family(methods.get(method)) if method in methods.names() else "logits"


def option(method: str) -> str:
    """How it reads in a list: "logits · dkd: decoupled opinions". A list is searched by any of these words."""
    plain = method.replace("_", " ")
    label = LABELS.get(method, plain)
    named = plain if label == plain else f"{plain}: {label}"
    return f"{gallery.FAMILIES[family(method)].lower()} · {named}"


def short(method: str) -> str:
    """How it reads in a narrow list: "dkd · logits"."""
    return f"{method.replace('_', ' ')} · {gallery.FAMILIES[family(method)].lower()}"


def from_paper(method: str) -> bool:
    """Whether its usual values are those of a paper, as far as anybody wrote."""
    try:
        return gallery.words()[method].year is not None and not gallery.words()[method].deviates
    except (KeyError, ValueError):
        return "arXiv" in methods.get(method).source


def programmes() -> tuple[str, ...]:
    """The names of all programmes, the one in which nobody but the teacher teaches first."""
    return tuple(dict.fromkeys(["solo", *gallery.programmes()]))
