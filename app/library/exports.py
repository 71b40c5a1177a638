"""Runs for other programs: settings and last measures as JSON, every scalar as Parquet or CSV, runs as one file."""

import io
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from kdcore.frame import Frame
from kdcore.runs import Run, RunLog, bundle, settings

if TYPE_CHECKING:
    import pyarrow as pa

MOST_RUNS = 50
MOST_ROWS = 300_000
RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Unfit(ValueError):
    """It cannot be given; str() is a sentence."""


def asked(log: RunLog, text: str) -> list[Run]:
    """The runs that `?runs=a,b` names, each once. Raises Unfit with what is wrong with it."""
    ids = list(dict.fromkeys(part for part in text.split(",") if part))
    if not ids:
        raise Unfit("Say which runs: ?runs=a,b with the ids of runs in the library.")
    if len(ids) > MOST_RUNS:
        raise Unfit(f"At most {MOST_RUNS} runs at once; these are {len(ids)}.")
    found = {run_id: log.run(run_id) if RUN_ID.fullmatch(run_id) else None for run_id in ids}
    missing = [run_id[:20] for run_id, run in found.items() if run is None]
    if missing:
        raise Unfit(f"There is no run {', '.join(missing)} in this log (any more).")
    return [run for run in found.values() if run is not None]


def records(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """One record for each run and arm in its summary: settings, and last measures as means over seeds.

    Accuracies are fractions, times ISO 8601 in UTC. `pandas.read_json` makes a table of it.
    """
    return [record for run in runs for record in _records(run)]


def _records(run: Run) -> Iterator[dict[str, Any]]:
    line = run.summary
    shared: dict[str, Any] = {
        "run": run.id,
        "name": run.name,
        "tags": ",".join(run.tags),
        "notes": run.notes,
        "group": run.group,
        "state": run.state,
        "created": datetime.fromtimestamp(run.created, UTC).isoformat(timespec="seconds"),
        "step": run.step,
        "seconds": line.get("seconds"),
    }
    shared |= settings.shared_settings(run.experiment_json)
    measures = {name: values for name, values in line.items() if isinstance(values, dict)}
    intervals, best = measures.pop("interval", {}), measures.pop("best", {})
    for arm in json.loads(run.experiment_json)["arms"]:
        name = arm["name"]
        if name not in line.get("accuracy", {}):
            continue
        low, high = intervals.get(name, (None, None))
        highest, at = best.get(name, (None, None))
        yield shared | {
            "arm": name,
            "control": name == line.get("control"),
            "method": arm["method"],
            "hard_weight": arm["hard_weight"],
            "weight": arm["weight"],
            **arm["knobs"],
            **{measure: values.get(name) for measure, values in measures.items()},
            "gain_low": low,
            "gain_high": high,
            "best_validation": highest,
            "best_step": at,
        }


def parquet(log: RunLog, runs: Sequence[Run]) -> bytes:
    """Every kept scalar of these runs as a Parquet file; see `scalars`."""
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(scalars(log, runs), stream)
    return stream.getvalue()


def csv(log: RunLog, runs: Sequence[Run]) -> bytes:
    """The same as text: commas, a line of names, nothing where there is no number."""
    import pyarrow as pa
    import pyarrow.csv as pc

    table, stream = scalars(log, runs), io.BytesIO()
    plain = [column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.columns]
    pc.write_csv(pa.table(plain, names=table.column_names), stream)
    return stream.getvalue()


def scalars(log: RunLog, runs: Sequence[Run]) -> "pa.Table":
    """One row for each run, kept step, arm and seed: when it was measured, every measure, the knobs in force.

    Accuracies are fractions, `at` is Unix time; no number where nothing was measured. Raises Unfit above 300,000 rows.
    """
    import pyarrow as pa

    parts, rows = [], 0
    for run in runs:
        frames = _frames(log, run)
        rows += sum(len(frame.arms) * len(frame.seeds) for frame in frames)
        if rows > MOST_ROWS:
            raise Unfit(f"These runs have more than {MOST_ROWS:,} rows of numbers; ask for fewer of them at once.")
        if frames:
            parts.append(_table(run, frames))
    if not parts:
        raise Unfit("These runs have no numbers yet.")
    return pa.concat_tables(parts, promote_options="default").unify_dictionaries()


def _frames(log: RunLog, run: Run) -> list[Frame]:
    """All kept ones, with the newest where its numbers alone were thinned out."""
    frames, newest = log.history(run.id), log.newest(run.id)
    return [*frames, newest] if newest is not None and (not frames or frames[-1].step < newest.step) else frames


def _table(run: Run, frames: Sequence[Frame]) -> "pa.Table":
    import pyarrow as pa

    arms, seeds = frames[0].arms, frames[0].seeds
    shape = (len(frames), len(arms), len(seeds))
    size = int(np.prod(shape))

    def spread(values: Any, axis: int) -> Any:
        wide = np.asarray(values).reshape([-1 if other == axis else 1 for other in range(3)])
        return np.broadcast_to(wide, shape).ravel()

    columns: dict[str, Any] = {
        "run": pa.DictionaryArray.from_arrays(pa.array(np.zeros(size, np.int32)), [run.id]),
        "arm": pa.DictionaryArray.from_arrays(pa.array(spread(np.arange(len(arms), dtype=np.int32), 1)), list(arms)),
        "seed": spread(np.array(seeds, np.int64), 2),
        "step": spread(np.array([frame.step for frame in frames], np.int64), 0),
        "at": spread(np.array([frame.at for frame in frames]), 0),
    }
    for name in dict.fromkeys(name for frame in frames for name in frame.scalars):
        values = [frame.scalars.get(name) for frame in frames]
        like = next(value for value in values if value is not None)
        full = np.stack([np.full(like.shape, np.nan, np.float32) if value is None else value for value in values])
        columns |= _columns(name, full, shape)
    for knob in frames[0].knobs:
        by_arm = np.stack([frame.knobs[knob] for frame in frames])[:, :, None]
        columns[f"knob_{knob}"] = np.broadcast_to(by_arm, shape).ravel()
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()})


def _columns(name: str, values: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """A measure is one column, one by class a column for each class by its number."""
    if values.shape == shape:
        return {name: values.ravel()}
    return {f"{name}_{number}": values[..., number].ravel() for number in range(values.shape[-1])}


def file(log: RunLog, runs: Sequence[Run]) -> bytes:
    """These runs as one file that another installation imports. Raises Unfit where one has nothing to save."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "runs.dklab"
        try:
            bundle.save(log, [run.id for run in runs], path)
        except ValueError as error:
            raise Unfit(str(error)) from error
        return path.read_bytes()


def as_json(log: RunLog, runs: Sequence[Run]) -> bytes:
    """The records of these runs as a JSON list."""
    return json.dumps(records(runs), allow_nan=False).encode()


class Made(NamedTuple):
    """How one kind of export is made and sent; saved: a browser keeps it as a file rather than showing it."""

    make: Callable[[RunLog, Sequence[Run]], bytes]
    kind: str
    saved: bool = True


MADE = {
    "runs.json": Made(as_json, "application/json", saved=False),
    "scalars.parquet": Made(parquet, "application/vnd.apache.parquet"),
    "scalars.csv": Made(csv, "text/csv; charset=utf-8"),
    "runs.dklab": Made(file, "application/zip"),
}
