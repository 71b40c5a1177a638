"""The library's table: lines of the log as typed columns with units, for `st.dataframe`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.comparison.looks import MEASURES
from app.controls import BY_NAME
from kdcore.runs import finding

if TYPE_CHECKING:
    import pyarrow as pa

    from kdcore.runs import library

ALWAYS = ("title", "state")
USUAL = (
    "dataset",
    "method",
    "temperature",
    "alpha",
    "seeds",
    "accuracy",
    "gain",
    "agreement",
    "best_validation",
    "tags",
    "created",
)
LABELS = {
    "title": "run",
    "per_class": "pictures a class",
    "accuracy": "accuracy",
    "gain": "gain",
    "agreement": "agreement",
    "validation_accuracy": "validation",
    "best_validation": "best validation",
    "best_step": "step of the best",
    "control_accuracy": "accuracy of the control",
    "temperature": "T",
    "created": "begun",
    "n": "pictures",
}
HELP = {
    "best_validation": "The highest validation accuracy over the whole run: picked among many frames, so too good by "
    "chance. The other columns are of the last frame.",
    "accuracy": "Test accuracy of the last frame, mean over seeds, of the first students that hear a method.",
    "gain": "Points above the students that hear labels only, mean over seeds, last frame.",
    "agreement": "Share of test examples for which student and teacher name the same class, last frame.",
    "title": "The name that somebody gave it, else its id.",
}
WIDTHS = {
    "title": 170,
    "state": 135,
    "temperature": 70,
    "alpha": 60,
    "seeds": 60,
    "gain": 60,
    "method": 80,
    "tags": 110,
    "created": 130,
}
MOST_WORDS = 4
LIVE = ("queued", "teacher", "running", "paused")


def label(name: str) -> str:
    """A setting, measure or column as it is called on screen."""
    if name in LABELS:
        return LABELS[name]
    if name in MEASURES:
        return MEASURES[name].label
    return BY_NAME[name].label if name in BY_NAME else name.replace("_", " ")


def title(row: "library.Row") -> str:
    """The name that somebody gave it, else what it is."""
    if row.name:
        return row.name
    if row.kind in ("plane", "search"):
        return f"{row.kind} {row.id} ({row.runs} runs)"
    return f"teacher of {row.parent}" if row.kind == "teacher" else row.id


def state(row: "library.Row") -> str:
    """How it stands, in words; while it goes on with its step."""
    if row.state == "running" and row.steps:
        return f"step {row.step:,} of {row.steps:,}"
    names = {"queued": "waits", "teacher": "its teacher learns", "running": "goes on"}
    return "recorded" if row.recorded else names.get(row.state, row.state)


def table(rows: Sequence["library.Row"], names: Sequence[str]) -> "pa.Table":
    """One row a line; a column of numbers where all its values are numbers, else of words."""
    import pyarrow as pa

    made: dict[str, Any] = {"title": [title(row) for row in rows], "state": [state(row) for row in rows]}
    for name in names:
        if name not in made:
            made[name] = _column(rows, name)
    return pa.table(made)


def columns(table: "pa.Table") -> dict[str, Any]:
    """How each column of the table is called and written."""
    import pyarrow as pa

    made: dict[str, Any] = {}
    for name, kind in zip(table.column_names, table.schema.types, strict=True):
        given: dict[str, Any] = {"label": label(name), "help": HELP.get(name), "width": WIDTHS.get(name)}
        if pa.types.is_timestamp(kind):
            made[name] = st.column_config.DatetimeColumn(**given, format="distance")
        elif pa.types.is_floating(kind):
            made[name] = st.column_config.NumberColumn(**given, format=_format(name))
        elif pa.types.is_list(kind):
            made[name] = st.column_config.ListColumn(**given)
        else:
            numbers = all(text[:1].isdigit() for text in table[name].to_pylist() if text)
            made[name] = st.column_config.TextColumn(**given, alignment="right" if numbers else "left")
    return made


def _format(name: str) -> str | None:
    if name == "gain":
        return "%+.1f"
    return "%.1f %%" if name in finding.PERCENT else "%.3f" if name in MEASURES else None


def _column(rows: Sequence["library.Row"], name: str) -> Any:
    import pyarrow as pa

    if name == "tags":
        return pa.array([list(row.tags) for row in rows], pa.list_(pa.string()))
    if name == "created":
        return pa.array([datetime.fromtimestamp(row.created, UTC) for row in rows], pa.timestamp("s", tz="UTC"))
    values = [row.values(name) for row in rows]
    if all(len(found) < 2 and not any(isinstance(value, str | bool) for value in found) for found in values):
        scale = 100.0 if name in finding.PERCENT else 1.0
        numbers = [found[0] if found else None for found in values]
        return pa.array([None if number is None else float(number) * scale for number in numbers], pa.float64())
    return pa.array([spoken(found) for found in values], pa.string())


def spoken(values: Sequence[Any]) -> str:
    """The values of one setting; of more than two numbers the least and the greatest, of many words the first."""
    numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
    if len(values) > 2 and len(numbers) == len(values):
        return f"{min(numbers):g} to {max(numbers):g}"
    written = [f"{value:g}" if value in numbers else str(value) for value in values]
    if len(written) > MOST_WORDS:
        return f"{', '.join(written[:2])} and {len(written) - 2} more"
    return ", ".join(written)
