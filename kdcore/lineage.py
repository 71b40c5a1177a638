"""A programme as a drawing: who learns first, who teaches whom. Read from the arms that it adds to an experiment."""

from collections.abc import Sequence

from kdcore import methods
from kdcore.diagram import ACROSS, TOP, Arrow, Box, Drawing, Place, wrapped
from kdcore.experiment import Experiment
from kdcore.parts import Arm, Teacher

GAP, BETWEEN, WIDEST = 10, 48, 200


def drawing(name: str, arms: Sequence[Arm], experiment: Experiment) -> Drawing:
    """Teachers by generation, from left to right, and the students that each of them teaches.

    arms: those that the programme adds; one that hears labels alone has no teacher.
    """
    generations: dict[Teacher, int] = {}
    for arm in arms:
        if methods.get(arm.method).hears_teacher:
            _enter(arm.teacher or experiment.teacher, generations)
    last = 1 + max(generations.values(), default=-1)
    width = min(WIDEST, (ACROSS - BETWEEN * last) / (last + 1))
    lefts = [column * (ACROSS - width) / last if last else 0.0 for column in range(last + 1)]
    letters = int(width / 7.2)
    students = [_student(number, arm, last, letters) for number, arm in enumerate(arms)]
    keys = {teacher: f"teacher{number}" for number, teacher in enumerate(generations)}
    teachers = [_teacher(keys[t], t, experiment, column, letters) for t, column in generations.items()]
    arrows = [Arrow(keys[before], keys[t], "learns") for t in generations for before in t.behind]
    arrows += [
        Arrow(keys[arm.teacher or experiment.teacher], f"arm{number}", "learns")
        for number, arm in enumerate(arms)
        if methods.get(arm.method).hears_teacher
    ]
    boxes = [*teachers, *students]
    places = _places(teachers, students, arrows, lefts, width)
    names = ["learns first" if column == 0 else "then" for column in range(last)]
    names.append("students")
    heads = [(name, left + width / 2) for name, left in zip(names, lefts, strict=True)]
    return Drawing(tuple(boxes), tuple(arrows), places, heads, _sentences(name, boxes, arrows))


def _enter(teacher: Teacher, generations: dict[Teacher, int]) -> int:
    """Note a teacher and everyone behind it; the number of its generation."""
    before = [_enter(each, generations) for each in teacher.behind]
    generations[teacher] = 1 + max(before, default=-1)
    return generations[teacher]


def _teacher(key: str, teacher: Teacher, experiment: Experiment, column: int, letters: int) -> Box:
    if teacher.members:
        said = f"mean of {len(teacher.members)} networks"
        return Box(key, column, "teacher", "Ensemble", wrapped([said], letters))
    given = teacher == experiment.teacher
    lines = [teacher.network.name]
    budget = f"{teacher.steps} steps" if teacher.steps is not None else f"{teacher.epochs} epochs"
    usual = experiment.teacher
    if (teacher.steps, teacher.epochs) != (usual.steps, usual.epochs):
        lines.append(budget)
    if teacher.seed != usual.seed:
        lines.append(f"seed {teacher.seed}")
    title = "Teacher" if given else "Student first" if teacher.taught_by else "Another teacher"
    return Box(key, column, "teacher", title, wrapped(lines, letters))


def _student(number: int, arm: Arm, column: int, letters: int) -> Box:
    said = arm.name if arm.name != arm.method else arm.name.replace("_", " ")
    by = [] if arm.method == arm.name else [f"by {arm.method.replace('_', ' ')}"]
    title, *rest = wrapped([said], letters)
    return Box(f"arm{number}", column, "student", title, (*rest, *wrapped(by, letters)))


def _places(
    teachers: list[Box], students: list[Box], arrows: Sequence[Arrow], lefts: list[float], width: float
) -> dict[str, Place]:
    """Students from top to bottom; every teacher beside the first student it teaches, so that lines do not cross."""
    places: dict[str, Place] = {}

    def put(box: Box, top: float) -> None:
        places[box.key] = (lefts[box.column], top, width, float(box.height))

    top = float(TOP)
    for box in students:
        put(box, top)
        top += box.height + GAP
    for column in sorted({box.column for box in teachers}, reverse=True):
        wanted = {box.key: _middle(box, arrows, places) for box in teachers if box.column == column}
        lowest = float(TOP)
        for box in sorted((box for box in teachers if box.column == column), key=lambda box: wanted[box.key]):
            place = max(lowest, wanted[box.key] - box.height / 2)
            put(box, place)
            lowest = place + box.height + GAP
    return places


def _middle(box: Box, arrows: Sequence[Arrow], places: dict[str, Place]) -> float:
    taught = [arrow.end for arrow in arrows if arrow.start == box.key and arrow.end in places]
    students = [key for key in taught if key.startswith("arm")]
    if not taught:
        return float(TOP)
    _, top, _, height = places[(students or taught)[0]]
    return top + height / 2


def _sentences(name: str, boxes: Sequence[Box], arrows: Sequence[Arrow]) -> str:
    named = {box.key: " ".join((box.title, *box.lines)) for box in boxes}
    said = [f"{named[arrow.start]} teaches {named[arrow.end]}" for arrow in arrows]
    return f"Who teaches whom in {name.replace('_', ' ')}. {'. '.join(said)}."
