"""A comparison as plain JSON, for the read-only addresses: everything that follows from the link and the log."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from app import viewers
from app.charts import comparison as charts
from app.charts import entry_marks
from app.charts.common import Array, Figure
from app.comparison import differing, findings
from app.comparison.entries import Entry, Gathered, events, gather
from app.comparison.findings import Finding
from app.comparison.looks import MEASURES, XS, Look, look_of
from app.comparison.pairing import Unfit, examples, pair
from app.comparison.reporting import explained, report
from kdcore import statistics
from kdcore.runs import Run, RunLog

__all__ = ["PARTS", "Unfit", "view"]
Stroke = dict[str, Any]
KEPT = 32
_views: OrderedDict[tuple[int, Look, str], dict[str, Any]] = OrderedDict()
_lock = threading.Lock()


def view(log: RunLog, given: Mapping[str, str]) -> dict[str, Any]:
    """Entries, differences, curves, settings, classes and scatter of what an address asks for.

    Many viewers of one comparison share one computation: it holds until there is something new to show.
    """
    look, notes = look_of(given)
    gathered = viewers.read_once(("compared", id(log), look.runs, look.also), lambda: gather(log, look))
    key = (id(log), look, gathered.mark)
    with _lock:
        known = _views.get(key)
    if known is None:
        known = _made(log, look, notes, gathered)
        with _lock:
            _views[key] = known
            while len(_views) > KEPT:
                _views.popitem(last=False)
    return known


def _made(log: RunLog, look: Look, notes: list[str], gathered: Gathered) -> dict[str, Any]:
    entries = gathered.entries
    if not entries:
        return {"mark": gathered.mark, "entries": [], "notes": [*notes, *gathered.notes], "headline": "", "figures": {}}
    baseline = gathered.baseline(look)
    names = differing.labels(entries)
    found = findings.against(baseline, entries, look.measure)
    strokes = _strokes(entries, look.by)
    left, right = gathered.pair(look)
    return {
        "mark": gathered.mark,
        "live": gathered.live,
        "notes": [*notes, *gathered.notes, *_different_data(entries), *_waiting(entries)],
        "headline": findings.headline(baseline, found, look.measure),
        "detail": _detail(entries, baseline, found),
        "entries": _rows(entries, names, strokes, baseline, found, look.measure),
        "offered": [{"key": key, "label": label} for key, label in gathered.offered],
        "pair": [left.key, right.key if right else None],
        "power": findings.power(found, look.measure),
        "measures": {name: measure.label for name, measure in MEASURES.items()},
        "xs": XS,
        "settings": _settings(entries),
        "numeric": differing.numeric(entries),
        "differing": differing.only_differing(entries)[0],
        "explained": statistics.EXPLAINED,
        "reading": [
            *explained(found),
            *([statistics.EXPLAINED["power"]] if findings.power(found, look.measure) else []),
        ],
        "figures": {
            "curves": _curves(log, entries, names, strokes, look),
            "classes": _classes(entries, names, strokes),
            "scatter": _scatter(entries, names, strokes, look),
        },
        "says": {
            "curves": _curves_say(entries, look),
            "classes": "Mean over seeds with its 95 % interval, on the test examples of each class.",
            "scatter": "One large mark an entry: its means with 95 % intervals; small marks are its seeds.",
        },
    }


def _strokes(entries: Sequence[Entry], by: str) -> list[Stroke]:
    """Each entry its own stroke; with `by`, entries that agree in that setting have one colour."""
    own = [charts.stroke(number) for number in range(len(entries))]
    if not by:
        return own
    values = _values(entries, by)
    groups = list(dict.fromkeys(values))
    colours = [charts.stroke(groups.index(value))["color"] for value in values]
    return [stroke | {"color": colour} for stroke, colour in zip(own, colours, strict=True)]


def _rows(
    entries: Sequence[Entry],
    names: Sequence[str],
    strokes: Sequence[Stroke],
    baseline: Entry,
    found: Sequence[Finding],
    measure: str,
) -> list[dict[str, Any]]:
    by_key = {finding.entry.key: finding for finding in found}
    rows = []
    for entry, name, stroke in zip(entries, names, strokes, strict=True):
        row = _row(entry, measure) | {"label": name, "stroke": stroke, "baseline": entry.key == baseline.key}
        finding = by_key.get(entry.key)
        rows.append(row | (_told(finding, baseline, measure) if finding else {}))
    return rows


def _row(entry: Entry, measure: str) -> dict[str, Any]:
    kind = MEASURES[measure]
    values = entry.last(measure) * kind.scale
    return {
        "key": entry.key,
        "letter": entry.letter,
        "run": entry.first.run.id,
        "n": len(values),
        "value": findings.number(statistics.interval(values).mean, kind) if len(values) else "–",
        "unit": kind.unit,
        "state": entry.first.run.state,
        "step": entry.step,
    }


def _told(finding: Finding, baseline: Entry, measure: str) -> dict[str, Any]:
    """What stands in a row beside the mean: the difference to the baseline, where there is one."""
    told = {
        "verdict": finding.verdict,
        "why": "" if finding.why == findings.PAIRED else finding.why,
        "said": findings.said(finding, baseline, measure),
    }
    difference, kind = finding.difference, MEASURES[measure]
    if difference is None or finding.verdict == "none":
        return told
    three = (difference.low, difference.mean, difference.high)
    return told | {
        "difference": findings.number(difference.mean, kind, sign=True),
        "interval": [findings.number(end, kind, sign=True) for end in (difference.low, difference.high)],
        "drawn": [round(float(value), 4) if np.isfinite(value) else None for value in three],
        "p": findings.p_text(finding.p),
        "corrected": finding.corrected is not None,
        "paired": difference.paired,
    }


def _detail(entries: Sequence[Entry], baseline: Entry, found: Sequence[Finding]) -> str:
    moving = [entry.letter for entry in entries if entry.live]
    parts = [f"{baseline.letter} is the baseline"]
    if corrected := sum(each.corrected is not None for each in found):
        parts.append(f"p values corrected for {corrected} comparisons (Holm)")
    parts.append(f"{', '.join(moving)} still moving" if moving else "last step, mean over seeds, test examples")
    return f"{'; '.join(parts)}."


def _different_data(entries: Sequence[Entry]) -> list[str]:
    if len({entry.first.run.experiment.dataset for entry in entries}) < 2:
        return []
    text = "The runs were trained and tested on different data: their curves stand side by side, their differences "
    return [f"{text}mean nothing."]


def _waiting(entries: Sequence[Entry]) -> list[str]:
    letters: dict[str, list[str]] = {}
    waiting: dict[str, Run] = {}
    for entry in entries:
        for run in entry.waiting:
            letters.setdefault(run.id, []).append(entry.letter)
            waiting[run.id] = run
    said = []
    for run in waiting.values():
        how = "wait for a worker" if run.state == "queued" else f"are training (step {run.step} of {run.steps})"
        seeds, whose = len(run.experiment.seed_list), " and ".join(letters[run.id])
        said.append(f"{seeds} more seeds of {whose} {how}; they count when they have ended.")
    return said


def _settings(entries: Sequence[Entry]) -> dict[str, Any]:
    names, rows = differing.only_differing(entries)
    count = "One setting differs" if len(names) == 1 else f"{len(names)} settings differ"
    head = ["", *(entry.letter for entry in entries)]
    return {
        "rows": [head, *([name, *row] for name, row in zip(names, rows, strict=True))],
        "says": f"{count}; all others are the same." if names else "No setting differs.",
    }


def _curves(
    log: RunLog, entries: Sequence[Entry], names: Sequence[str], strokes: Sequence[Stroke], look: Look
) -> Figure:
    measure = MEASURES[look.measure]
    lines: list[charts.Line] = []
    for entry, name in zip(entries, names, strict=True):
        steps, seconds, values = entry.course(log, look.measure, charts.CURVE_POINTS)
        x = seconds if look.x == "seconds" else steps * per_step(entry, look.x)
        changes = tuple((float(np.interp(step, steps, x)), text) for step, text in events(entry))
        lines.append(charts.Line(entry.key, entry.letter, name, x.astype(np.float64), values * measure.scale, changes))
    if look.by and look.grouped:
        lines = charts.grouped(lines, _values(entries, look.by))
        strokes = [charts.stroke(number) for number in range(len(lines))]
    levels = {"teacher": teacher} if (teacher := _teachers_level(entries, look.measure)) is not None else {}
    return charts.curves(lines, strokes, measure, look.x, f"{look.x} {look.measure} {look.grouped}", levels)


def _teachers_level(entries: Sequence[Entry], measure: str) -> float | None:
    """The accuracy of the teacher of all entries in percent, None where they had several or data of their own."""
    data = {(entry.first.run.experiment.dataset, entry.first.run.experiment.split) for entry in entries}
    if len(data) > 1 or measure not in ("accuracy", "validation_accuracy"):
        return None
    stages = [entry.first.stage for entry in entries]
    known = {stage.teacher_scalars.get(measure) if stage else None for stage in stages}
    level = known.pop()
    return None if known or level is None else level * 100


def _values(entries: Sequence[Entry], by: str) -> list[str]:
    """What every entry says of a setting."""
    return [differing.spoken(differing.settings(entry).get(by)) for entry in entries]


def per_step(entry: Entry, x: str) -> float:
    """What one step is on this axis: epochs (passes over the transfer set) or examples heard."""
    if x == "step":
        return 1.0
    experiment, stage = entry.first.run.experiment, entry.first.stage
    size = stage.transfer_size if stage else experiment.transfer_size or experiment.facts.train
    steps_per_epoch = -(-size // experiment.batch_size)
    return 1 / steps_per_epoch if x == "epoch" else size / steps_per_epoch


def _curves_say(entries: Sequence[Entry], look: Look) -> str:
    if look.by and look.grouped:
        count = len(set(_values(entries, look.by)))
        return (
            f"{count} groups by {look.by}: the mean over the entries of each with its 95 % interval, every entry thin."
        )
    counts = [f"{len(entry.seeds)} ({entry.letter})" for entry in entries]
    same = len({len(entry.seeds) for entry in entries}) == 1
    n = f"{len(entries[0].seeds)} seeds each" if same else ", ".join(counts)
    text = f"Mean over seeds with its 95 % interval, every seed as a thin line; n = {n}."
    if any(len(entry.runs) > 1 for entry in entries):
        text += " Seeds of later runs are read between their frames."
    return text + (" Waiting for pace and pauses is part of the seconds." if look.x == "seconds" else "")


def _classes(entries: Sequence[Entry], names: Sequence[str], strokes: Sequence[Stroke]) -> Figure:
    """Entries that tell the first one's classes apart."""
    classes = entries[0].first.run.experiment.facts.classes
    shown = [k for k, entry in enumerate(entries) if entry.first.run.experiment.facts.classes == classes]
    rows = [(entries[k].key, f"{entries[k].letter} {names[k]}", _by_class(entries[k], len(classes))) for k in shown]
    return entry_marks.per_class(rows, [strokes[k] for k in shown], classes, "classes")


def _by_class(entry: Entry, classes: int) -> Array:
    values = entry.last("per_class_accuracy") * 100
    return values if values.ndim == 2 else np.full((max(len(values), 1), classes), np.nan)


def _scatter(entries: Sequence[Entry], names: Sequence[str], strokes: Sequence[Stroke], look: Look) -> Figure:
    known = [*MEASURES, *differing.numeric(entries)]
    usual = Look()
    x, y = (name if name in known else other for name, other in ((look.sx, usual.sx), (look.sy, usual.sy)))
    three = [(entry.key, entry.letter, name) for entry, name in zip(entries, names, strict=True)]
    return entry_marks.scatter(three, strokes, _side(entries, x), _side(entries, y), f"{x} {y}")


def _side(entries: Sequence[Entry], name: str) -> entry_marks.Side:
    measure = MEASURES.get(name)
    if measure is None:
        return entry_marks.Side(name, [np.array([float(differing.settings(entry)[name])]) for entry in entries])
    return entry_marks.Side(measure.title, [entry.last(name) * measure.scale for entry in entries])


PARTS: dict[str, Callable[[RunLog, Mapping[str, str]], dict[str, Any]]] = {
    "view": view,
    "pair": pair,
    "examples": examples,
    "report": report,
}
"""What may be asked for, by name."""
