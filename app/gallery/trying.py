"""The link "Try it in the Lab": everything that the Lab needs to train a method or a programme as its entry says."""

from app import controls
from app.knobs import SHARED
from kdcore.gallery import Entry

TEACHER, STUDENT = "cnn-8-16", "cnn-4-8"


def in_the_lab(entry: Entry) -> dict[str, str]:
    """The parameters of the Lab's address; networks with maps where hidden layers are compared."""
    given: dict[str, str] = {}
    if entry.programme:
        given["programme"] = entry.programme
    elif entry.name != "hard":
        given["method"] = entry.name
    if entry.method is not None and entry.method.looks_inside:
        given |= {"teacher": TEACHER, "student": STUDENT}
    given |= {knob.name: f"{knob.default:g}" for knob in entry.knobs if knob.name in SHARED and knob.kind == "number"}
    if entry.method is not None and not entry.programme and entry.method.alpha is not None and entry.name != "hard":
        given["alpha"] = f"{entry.method.alpha:g}"
    usual = {c.name: controls.text(c, c.default) for c in controls.CONTROLS}
    return {name: value for name, value in given.items() if value != usual.get(name)}
