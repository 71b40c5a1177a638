"""One vocabulary of everything on the Lab that can be shown or hidden, for lessons and for links with `?show=a,b,c`."""

from collections.abc import Collection

from app.controls import CONTROLS

BOARD = {
    "headline": "the headline",
    "transport": "Train, Pause and the other buttons",
    "temperature": "the temperature slider",
    "alpha": "the alpha slider",
    "heard": "everything the students hear",
    "example": "one example",
    "accuracy": "the curves",
    "embedding": "how they see the data",
    "similarity": "which classes look alike",
    "timeline": "the time line",
}
WIDGETS = {control.name: f"the choice of {control.label}" for control in CONTROLS if control.where == "first"}
PARTS = BOARD | WIDGETS | {"more": "everything behind More"}
"""Every part by its name in an address, with what people call it."""


def chosen(text: str | None) -> tuple[frozenset[str], list[str]]:
    """The parts that an address shows, and a sentence for what it names and nothing is called so.

    None, or nothing that is known: everything is shown.
    """
    if text is None:
        return frozenset(PARTS), []
    names = [name for name in (part.strip().lower() for part in text.split(",")) if name]
    known = frozenset(names) & frozenset(PARTS)
    strange = [name[:30] for name in names if name not in PARTS]
    sentences = []
    if strange:
        named = ", ".join(map(repr, strange[:5]))
        sentences = [f"The link shows {named}; nothing here is called so. There are {', '.join(PARTS)}."]
    if not known:
        sentences.append("The link would leave nothing to see, so everything is shown.")
    return known or frozenset(PARTS), sentences


def text(shown: Collection[str]) -> str:
    """These parts as they stand in an address, in the order of the screen; empty where nothing is hidden."""
    return "" if set(shown) >= set(PARTS) else ",".join(name for name in PARTS if name in shown)


def hidden(shown: Collection[str]) -> list[str]:
    """The parts of the board that are not shown, in the order of the screen."""
    return [name for name in BOARD if name not in shown]
