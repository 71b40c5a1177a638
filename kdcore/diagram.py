"""A method as a drawing: source, transform, criterion, student. All of it is read from the declaration.

After the block model of Abbasi et al. 2019 (arXiv:1912.13179): who teaches, what is passed on, how it is transformed,
how it is compared.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from kdcore.gallery import NEEDS
from kdcore.methods import Method

Kind = Literal["teacher", "source", "transform", "pieces", "criterion", "student"]
Stroke = Literal["says", "learns", "heard"]
COLUMNS = ("source", "transform", "criterion", "student")
LEFT, WIDTH = (0, 232, 492, 716), (166, 196, 158, 144)
ACROSS, TOP, LINE, GAP, LAST_BEND = 860, 30, 17, 16, 46


@dataclass(frozen=True)
class Box:
    """One part of the drawing, in one of the four columns."""

    key: str
    column: int
    kind: Kind
    title: str
    lines: tuple[str, ...] = ()

    @property
    def height(self) -> int:
        """In units of the drawing."""
        return 30 + LINE * len(self.lines) + (4 if self.lines else 0)


@dataclass(frozen=True)
class Arrow:
    """From one box to another: `says` what is known, `learns` the gradient, `heard` what the student says."""

    start: str
    end: str
    stroke: Stroke


Place = tuple[float, float, float, float]
"""Left, top, width, height."""


@dataclass(frozen=True)
class Drawing:
    """Boxes and arrows, and the same as sentences for those who do not see them.

    places: of every box, by its key. heads: the names of columns, each with the middle of its column.
    """

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    places: Mapping[str, Place]
    heads: Sequence[tuple[str, float]]
    says: str


def drawing(method: Method, terms: Sequence[str]) -> Drawing:
    """What a method's declaration says it does; terms: the names it returns."""
    boxes = [*_sources(method), *_transforms(method), *_criteria(method, terms), _student(method)]
    keys = {box.key for box in boxes}
    wanted = [
        *(Arrow("data", end, "says") for end in ("teacher", "transform", "pieces") if "data" in keys),
        *(_onward(method, start, keys) for start in ("teacher", "base")),
        Arrow("transform", "pieces", "says"),
        Arrow("pieces" if "pieces" in keys else "transform", "terms", "says"),
        Arrow("labels", "terms", "says") if "labels" in method.needs else None,
        Arrow("labels", "hard", "says"),
        Arrow("terms", "student", "learns"),
        Arrow("hard", "student", "learns"),
        Arrow("student", "terms" if "terms" in keys else "hard", "heard"),
    ]
    arrows = [arrow for arrow in wanted if arrow and {arrow.start, arrow.end} <= keys]
    if "data" in keys:
        # The first place where changed data go is enough.
        first = next(arrow for arrow in arrows if arrow.start == "data")
        arrows = [arrow for arrow in arrows if arrow.start != "data" or arrow == first]
    heads = [(name, left + width / 2) for name, left, width in zip(COLUMNS, LEFT, WIDTH, strict=True)]
    return Drawing(tuple(boxes), tuple(arrows), _places(boxes), heads, _sentences(method, boxes))


def _onward(method: Method, start: str, keys: set[str]) -> Arrow:
    """From a source to the first thing that is done with what it says."""
    return Arrow(start, next((key for key in ("transform", "pieces") if key in keys), "terms"), "says")


def _sources(method: Method) -> list[Box]:
    read = [NEEDS[need] for need in NEEDS if need in method.needs and need not in ("labels", "live_teacher")]
    boxes = []
    if method.view or "inputs" in method.supplied:
        changed = (_words(method.view),) if method.view else ()
        boxes.append(Box("data", 0, "source", "Data changed" if method.view else "Inputs", wrapped(changed, 24)))
    if method.hears_teacher:
        live = method.view is not None or {"maps", "live_teacher"} & set(method.needs)
        lines = [*read, *(["asked at every step"] if live else [])]
        title = "Teachers" if "members" in method.supplied else "Teacher"
        boxes.append(Box("teacher", 0, "teacher", title, wrapped(lines, 24)))
    if "base" in method.supplied:
        boxes.append(Box("base", 0, "source", "Both before training", ("logits",)))
    if "labels" in method.needs or method.hard_weight:
        boxes.append(Box("labels", 0, "source", "Labels"))
    return boxes


def _transforms(method: Method) -> list[Box]:
    numbers = [k for k in method.knobs.values() if k.kind == "number" and not k.name.endswith("weight")]
    lines = [f"{knob.name.replace('_', ' ')} {knob.default:.4g}" for knob in numbers]
    if method.prepare:
        lines.append(f"prepared once: {_words(method.prepare)}")
    known = {"ids": "known by example", "progress": "changes with time", "generator": "drawn by chance"}
    lines += [
        says for name, says in known.items() if name in method.supplied and not (name == "ids" and method.prepare)
    ]
    boxes = [Box("transform", 1, "transform", "Transform", wrapped(lines, 29))] if lines else []
    if method.side:
        boxes.append(Box("pieces", 1, "pieces", "Learned pieces", ("trained with the student",)))
    return boxes


def _criteria(method: Method, terms: Sequence[str]) -> list[Box]:
    boxes = []
    if terms:
        weights = {term: method.knobs.get(f"{term}_weight") for term in terms}
        spoken = [(f"{knob.default:g} × " if knob else "") + term.replace("_", " ") for term, knob in weights.items()]
        boxes.append(Box("terms", 2, "criterion", f"{_times(method.weight)}loss", wrapped(spoken, 22)))
    if method.hard_weight:
        boxes.append(Box("hard", 2, "criterion", f"{_times(method.hard_weight)}cross-entropy"))
    return boxes


def _times(weight: float) -> str:
    return "" if weight == 1 else f"{weight:g} × "


def _student(method: Method) -> Box:
    lines = [NEEDS[need] for need in NEEDS if need in method.needs and need not in ("labels", "live_teacher")]
    if method.answer:
        lines.append("speaks through the learned pieces" if method.side else f"speaks by {_words(method.answer)}")
    if method.trains:
        lines.append("block by block")
    return Box("student", 3, "student", "Student", wrapped(lines or ["logits"], 20))


def _words(function: object) -> str:
    """A function's name as words."""
    return str(getattr(function, "__name__", "")).strip("_").replace("_", " ")


def wrapped(texts: Sequence[str], letters: int) -> tuple[str, ...]:
    """Texts broken into lines of at most so many letters; a longer word stays whole."""
    lines = []
    for text in texts:
        line = ""
        for word in text.split():
            if line and len(line) + 1 + len(word) > letters:
                lines.append(line)
                line = ""
            line = f"{line} {word}".strip()
        lines += [line] if line else []
    return tuple(lines)


def _sentences(method: Method, boxes: Sequence[Box]) -> str:
    by = {column: [box for box in boxes if box.column == column] for column in range(len(COLUMNS))}
    said = [
        f"{COLUMNS[column].capitalize()}: "
        + "; ".join(f"{box.title}" + (f" ({', '.join(box.lines)})" if box.lines else "") for box in by[column])
        for column in by
        if by[column]
    ]
    return f"How {method.name.replace('_', ' ')} moves knowledge. {'. '.join(said)}."


def svg(drawn: Drawing) -> str:
    """The drawing as SVG; the page has a style for each kind of box and arrow, which differ in more than colour."""
    places = drawn.places
    heads = [f'<text class="head" x="{middle:g}" y="12">{escape(name)}</text>' for name, middle in drawn.heads]
    parts = [*heads, *(_arrow(arrow, places) for arrow in drawn.arrows), *(_box(b, places[b.key]) for b in drawn.boxes)]
    height = max(top + size for _, top, _, size in places.values()) + 10
    return (
        f'<svg class="diagram" viewBox="-4 0 {ACROSS + 8} {height:g}" role="img" aria-label="{escape(drawn.says)}">'
        f"{''.join(parts)}</svg>"
    )


def _places(boxes: Sequence[Box]) -> dict[str, Place]:
    """Each column is centred."""
    columns = [[box for box in boxes if box.column == column] for column in range(len(COLUMNS))]
    sizes = [sum(box.height for box in column) + GAP * max(len(column) - 1, 0) for column in columns]
    places: dict[str, Place] = {}
    for number, column in enumerate(columns):
        top = TOP + (max(sizes) - sizes[number]) / 2
        for box in column:
            places[box.key] = (float(LEFT[number]), top, float(WIDTH[number]), float(box.height))
            top += box.height + GAP
    if "labels" in places and columns[1]:
        # Past the transforms, so that an arrow to the criterion has a clear way.
        left, top, width, height = places["labels"]
        beneath = max(places[box.key][1] + box.height for box in columns[1])
        places["labels"] = (left, max(top, beneath - height / 2 + 6), width, height)
    return places


def _box(box: Box, place: Place) -> str:
    left, top, width, height = place
    corner = {"criterion": 16, "student": 8}.get(box.kind, 2)
    outline = f'<rect class="{box.kind}" x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" rx="{corner}"/>'
    if box.kind == "teacher":
        outline += (
            f'<rect class="inner" x="{left + 3:g}" y="{top + 3:g}" width="{width - 6:g}" height="{height - 6:g}"/>'
        )
    middle = left + width / 2
    text = f'<text class="title" x="{middle:g}" y="{top + 20:g}">{escape(box.title)}</text>'
    for number, line in enumerate(box.lines):
        text += f'<text x="{middle:g}" y="{top + 20 + LINE * (number + 1):g}">{escape(line)}</text>'
    return outline + text


def _arrow(arrow: Arrow, places: Mapping[str, Place]) -> str:
    """A curve with its own head; what the student says runs back a little below what it learns."""
    start, end = places[arrow.start], places[arrow.end]
    below = abs(start[0] - end[0]) < 1
    if below:
        x = start[0] + start[2] / 2
        down = start[1] < end[1]
        y1, y2 = (start[1] + start[3], end[1]) if down else (start[1], end[1] + end[3])
        return _drawn(arrow.stroke, f"M{x:g} {y1:g}V{y2:g}", x, y2, "down" if down else "up")
    shift = {"says": 0.0, "learns": -7.0, "heard": 9.0}[arrow.stroke]
    y1, y2 = start[1] + start[3] / 2 + shift, end[1] + end[3] / 2 + shift
    forward = start[0] < end[0]
    x1, x2 = (start[0] + start[2], end[0]) if forward else (start[0], end[0] + end[2])
    ahead = x1
    if x2 - x1 > 200:  # past a whole column: straight on, and the curve behind it
        ahead = x2 - LAST_BEND
    bend = (x2 - ahead) / 2
    path = f"M{x1:g} {y1:g}H{ahead:g}C{ahead + bend:g} {y1:g} {x2 - bend:g} {y2:g} {x2:g} {y2:g}"
    return _drawn(arrow.stroke, path, x2, y2, "right" if forward else "left")


def _drawn(stroke: Stroke, path: str, x: float, y: float, way: str) -> str:
    a, b = {
        "right": ((-7, -4), (-7, 4)),
        "left": ((7, -4), (7, 4)),
        "down": ((-4, -7), (4, -7)),
        "up": ((-4, 7), (4, 7)),
    }[way]
    head = f"M{x + a[0]:g} {y + a[1]:g}L{x:g} {y:g}L{x + b[0]:g} {y + b[1]:g}"
    return re.sub(r"\s+", " ", f'<path class="{stroke}" d="{path}"/><path class="{stroke} tip" d="{head}"/>')
