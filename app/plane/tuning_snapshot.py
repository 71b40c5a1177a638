"""What the component of the page Tune is told: small, made of what is known of the plane now."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.charts import plane as charts
from app.charts import plane_lines
from app.charts.common import Array, Figure
from app.plane import plane_places
from app.plane import tuning_words as words
from app.plane.plane_measures import BY_NAME, MEASURES, VALIDATION, Estimates, estimates, nothing, of_values
from app.plane.tuned import Tuned, region
from kdcore import conventions, methods, planes
from kdcore.conventions import CONVENTIONS, Convention
from kdcore.frame import Frame
from kdcore.planes import Axis, Curve, Plane
from kdcore.statistics import EXPLAINED, Region

Cell = tuple[int, int]
"""Column and row."""


@dataclass(frozen=True)
class View:
    """How one person looks at a plane. cell None: the page chooses; yours: their own alpha and temperature."""

    cell: Cell | None = None
    measure: str = VALIDATION.name
    convention: str = "ours"
    yours: tuple[float, float] | None = None
    browser: str = ""
    notes: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    present: bool = False


@dataclass(frozen=True, eq=False)
class Known:
    """What is worked out once for all who look at a plane: the estimates of validation and the region."""

    validation: Estimates | None
    region: Region | None
    hatched: Array | None = None
    best: Cell | None = None
    others: dict[str, Estimates | None] = field(default_factory=dict)


def known(tuned: Tuned) -> Known:
    """Worked out anew only when there is something new."""
    return tuned.keep("known", lambda: _known(tuned))


def _known(tuned: Tuned) -> Known:
    found, every = region(tuned), {m.name: estimates(tuned.field, m) for m in MEASURES}
    if found is None:
        return Known(every[VALIDATION.name], None, others=every)
    row, column = divmod(found.best, tuned.shape[1])
    hatched = found.hatched.reshape(tuned.shape)
    return Known(every[VALIDATION.name], found, hatched, (column, row), every)


def cell_of(tuned: Tuned, view: View) -> Cell:
    """The chosen cell; else the best one, and while it trains the one nearest to the method's own knobs."""
    rows, columns = tuned.shape
    if view.cell is not None and view.cell[0] < columns and view.cell[1] < rows:
        return view.cell
    best = known(tuned).best
    if best is not None and not tuned.live:
        return best
    return _nearest(tuned.plane.x, tuned.plane), _nearest(tuned.plane.y, tuned.plane)


def _nearest(axis: Axis, plane: Plane) -> int:
    declared = methods.get(plane.method)
    usual = declared.knobs[axis.knob].default if axis.knob in declared.knobs else declared.alpha
    values = np.array(axis.values)
    return int(np.abs(values - float(usual)).argmin()) if usual is not None else len(values) // 2


def snapshot(tuned: Tuned | None, view: View, ghost: Tuned | None = None) -> dict[str, Any]:
    """Everything the component is told."""
    told: dict[str, Any] = {"plane": None, "notes": list(view.notes)}
    told |= {"cannot": " ".join(view.cannot), "changed": list(view.changed)}
    if tuned is not None:
        told |= _of_plane(tuned, view, ghost)
    return told | {"present": view.present, "version": f"{zlib.crc32(repr(told).encode()):08x}"}


def _of_plane(tuned: Tuned, view: View, ghost: Tuned | None) -> dict[str, Any]:
    facts, cell = known(tuned), cell_of(tuned, view)
    measure = BY_NAME.get(view.measure, VALIDATION)
    shown = facts.others[measure.name]
    study = tuned.study
    notes = list(view.notes)
    if shown is None and measure is not VALIDATION:
        when = "is measured at the end" if tuned.live else "was not measured for this plane"
        notes.append(f"{measure.label[0].upper()}{measure.label[1:]} {when}; validation accuracy is shown.")
        measure, shown = VALIDATION, facts.validation
    if shown is None:
        shown = nothing(measure, tuned.shape, len(tuned.plane.experiment.seed_list))
    if tuned.reason:
        notes.append(tuned.reason)
    converts = plane_places.conversion(tuned.plane)
    convention = conventions.BY_NAME.get(view.convention, CONVENTIONS[0]) if converts else CONVENTIONS[0]
    return {
        "plane": tuned.id,
        "shape": list(tuned.shape),
        "state": tuned.state,
        "says_state": words.STATES[tuned.state],
        "live": tuned.live,
        "mine": bool(study and view.browser and study.owner == view.browser),
        "step": tuned.field.step,
        "steps": tuned.field.steps or (tuned.plane.experiment.steps or 0),
        "headline": words.headline(tuned, facts.region, facts.validation),
        "detail": words.made_of(tuned),
        "check": words.check(tuned),
        "notes": notes,
        "map": _map(tuned, view, cell, shown, convention, ghost),
        "describes": _described(tuned, facts),
        "measure": measure.name,
        "measures": [{"name": m.name, "label": m.label} for m in MEASURES],
        "heard": words.heard_of(measure.name, tuned),
        "help": EXPLAINED["region"],
        "convention": convention.name,
        "conventions": [{"name": c.name, "label": c.label, "formula": c.formula} for c in CONVENTIONS]
        if converts
        else [],
        "yours": plane_places.told(tuned.plane, view.yours, convention) if converts else None,
        "cell": _cell(tuned, facts, cell),
        "ghost": _ghost_says(ghost, tuned) if ghost else "",
        "slices": _slices(tuned, cell, shown),
        "curves_url": f"/lab/plane/{tuned.id}/curves.json?v={tuned.mark}",
    }


def curve(tuned: Tuned, column: int, row: int) -> Figure:
    """How a cell and the control learnt; an empty chart where nothing is kept of the cell yet."""
    histories = tuned.histories()
    cell = planes.curves(tuned.plane, histories, column, row).get(VALIDATION.name)
    control = _control_curve(next(frames for frames in histories if frames)) if cell else None
    steps = tuned.field.steps or tuned.plane.experiment.steps or 1
    return plane_lines.curves(cell, control, steps=steps, revision=tuned.id)


def _control_curve(frames: Sequence[Frame]) -> Curve | None:
    if frames[0].control is None:
        return None
    place = frames[0].arms.index(frames[0].control)
    values = np.stack([frame.scalars[VALIDATION.name][place] for frame in frames])
    known = of_values(values[None].astype(np.float64), VALIDATION)
    steps = np.array([frame.step for frame in frames])
    return Curve(steps, values, *(part[0] / 100 for part in (known.mean, known.low, known.high)))


def _described(tuned: Tuned, facts: Known) -> str:
    rows, columns = tuned.shape
    of = f"Map of {columns} by {rows} cells: {charts.title_of(tuned.plane.x.knob)} across"
    of += f", {charts.title_of(tuned.plane.y.knob)} upwards."
    if facts.hatched is not None:
        of += f" {int(facts.hatched.sum())} cells are hatched: they cannot be told apart from the best."
    return of


def _cell(tuned: Tuned, facts: Known, cell: Cell) -> dict[str, Any]:
    column, row = cell
    return {
        "column": column,
        "row": row,
        "name": tuned.plane.name(column, row),
        "verdict": words.verdict(tuned, facts.region, facts.validation, row, column),
        "numbers": [list(line) for line in words.numbers(tuned, row, column)],
    }


def _map(tuned: Tuned, view: View, cell: Cell, shown: Estimates, convention: Convention, ghost: Tuned | None) -> Figure:
    facts, plane = known(tuned), tuned.plane
    before = known(ghost) if ghost else None
    rim = None
    if before and before.best and before.hatched is not None:
        rim = ((before.best[1], before.best[0]), before.hatched)
    mark = plane_places.place_of(plane, view.yours, convention)
    return charts.figure(
        shown,
        plane.x,
        plane.y,
        texts=_texts(tuned, shown, facts, convention),
        revision=tuned.id,
        best=(facts.best[1], facts.best[0]) if facts.best else None,
        hatched=facts.hatched,
        stopped=tuned.field.stopped,
        ghost=rim,
        yours=mark,
        names=plane_places.axis_names(plane, convention, cell),
    )


def _texts(tuned: Tuned, shown: Estimates, facts: Known, convention: Convention) -> list[list[str]]:
    """What stands under the pointer: name, mean with interval and n, how it stands to the best."""
    plane, (rows, columns) = tuned.plane, tuned.shape
    n = f"n = {shown.n}" if shown.n > 1 else "n = 1, no interval"

    def text(row: int, column: int) -> str:
        lines = [f"<b>{plane.name(column, row)}</b>"]
        if tuned.field.stopped[row, column]:
            return "<br>".join([*lines, "diverged"])
        if tuned.field.at[row, column] < 0:
            return "<br>".join([*lines, "not trained yet"])
        lines.append(f"{shown.said(row, column)}, {n}")
        if facts.best == (column, row):
            lines.append("the best")
        elif facts.hatched is not None and facts.hatched[row, column]:
            lines.append("not told apart from the best")
        if convention.name != "ours":
            alpha, temperature = plane_places.ours_at(plane, column, row)
            theirs = convention.theirs(alpha, temperature, len(plane.experiment.facts.classes))
            lines.append(f"alpha {theirs:.3g} as written {convention.label}")
        return "<br>".join(lines)

    return [[text(row, column) for column in range(columns)] for row in range(rows)]


def _slices(tuned: Tuned, cell: Cell, shown: Estimates) -> dict[str, Any]:
    plane, (column, row) = tuned.plane, cell
    interval = f"95 % interval of {shown.n} seeds" if shown.n > 1 else "one seed, no interval"
    held = {
        "x": f"{charts.title_of(plane.y.knob)} {plane.y.values[row]:.6g}",
        "y": f"{charts.title_of(plane.x.knob)} {plane.x.values[column]:.6g}",
    }
    return {
        name: {
            "title": f"Along {charts.title_of(axis.knob)}",
            "says": f"at {held[name]}; {shown.measure.label}, {interval}",
            "figure": plane_lines.along(
                shown, axis, (row, column), across=name, revision=f"{tuned.id}-{shown.measure.name}"
            ),
        }
        for name, axis in (("x", plane.x), ("y", plane.y))
    }


def _ghost_says(ghost: Tuned, tuned: Tuned) -> str:
    best, now = known(ghost).best, known(tuned).best
    experiment = ghost.plane.experiment
    size = experiment.transfer_size
    seen = words.noun(experiment, size) if size else "another transfer set"
    if best is None:
        return ""
    moved = ""
    if now is not None and not tuned.live:
        moved = "; it is the same cell now" if now == best else f"; it is {tuned.plane.name(*now)} now"
    return f"Dashed: the region with {seen}; its best cell (diamond) was {ghost.plane.name(*best)}{moved}."
