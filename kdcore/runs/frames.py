"""What the log keeps of a run's frames: every step's numbers, pictures of some steps, and the newest one."""

import dataclasses
import io
import json
import math
import threading
import time
from collections import OrderedDict
from typing import TypeVar

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from kdcore.frame import Frame, Stage
from kdcore.runs import schema
from kdcore.runs.database import Database
from kdcore.runs.pace import EARLY_STEPS

WHOLE_ROWS = 5_000
MOST_KEYFRAMES = 200
SCALAR_BYTES = 5_000_000
KEYFRAME_BYTES = 8_000_000
CACHED_RUNS = 32

Layouts = dict[str, NDArray[np.float16]]
T = TypeVar("T")


class Keeping:
    """Which frames of one run are kept, decided as they are made, so that any run stays under 20 MB.

    Numbers: all of the first 5,000 frames (fewer if they are large), then every second, every fourth, and so on: the
    stride doubles whenever a sixteenth of that many more are kept.
    Pictures: at most 200 steps, dense at the beginning as the story is.
    """

    def __init__(self, steps: int, first: int = -1) -> None:
        """`first`: the last step that an earlier process kept, where a run is continued."""
        self._steps, self._last_mark = steps, -1.0
        self._offered = self._rows = self._marks = 0
        self._first = first

    def choose(self, frame: Frame, thin_bytes: int, full_bytes: int) -> tuple[bool, bool]:
        """Whether to keep this frame's numbers, and whether its picture too. The last frame is kept always."""
        if not self._offered:
            self._rows = max(64, min(WHOLE_ROWS, SCALAR_BYTES // max(1, thin_bytes)))
            self._marks = max(10, min(MOST_KEYFRAMES - 2, KEYFRAME_BYTES // max(1, full_bytes)))
            self._last_mark = self._mark(self._first) if self._first >= 0 else -1.0
        last = frame.step >= self._steps
        scalars = self._offered % self._stride() == 0 or last
        self._offered += 1
        keyframe = frame.shown is not None and (self._mark(frame.step) > self._last_mark or last)
        if keyframe:
            self._last_mark = self._mark(frame.step)
        return scalars, keyframe

    def _stride(self) -> int:
        beyond = self._offered - self._rows
        return 1 if beyond < 0 else int(2 ** math.floor(math.log2(16 * beyond / self._rows + 2)))

    def _mark(self, step: int) -> float:
        return math.floor(self._marks * math.log1p(step / EARLY_STEPS) / math.log1p(max(1, self._steps) / EARLY_STEPS))


class FrameLog(Database):
    """The frames, stage and layouts of all runs."""

    def __init__(self, url: str | None = None, busy_seconds: float = 5.0) -> None:
        super().__init__(url, busy_seconds)
        self._lock = threading.Lock()
        self._histories: OrderedDict[str, list[Frame]] = OrderedDict()
        self._newest: OrderedDict[str, Frame] = OrderedDict()
        self._stages: OrderedDict[str, Stage] = OrderedDict()

    def append(self, run_id: str, frame: Frame, keeping: Keeping | None = None) -> None:
        """Write one frame, all of it in one transaction. Without `keeping` its numbers and its picture are kept."""
        full = frame.to_bytes()
        thin = frame.thin().to_bytes()
        picture = full if frame.test_logits is None else dataclasses.replace(frame, test_logits=None).to_bytes()
        scalars, keyframe = (True, frame.shown is not None)
        if keeping is not None:
            scalars, keyframe = keeping.choose(frame, len(thin), len(picture))
        row = {"run": run_id, "step": frame.step, "at": frame.at}
        size = len(thin) * scalars + len(picture) * keyframe
        run = schema.runs
        with self.write() as connection:
            if scalars:
                self.upsert(connection, schema.scalars, row | {"data": thin}, replace=False)
            if keyframe:
                self.upsert(connection, schema.keyframes, row | {"data": picture}, replace=False)
            self.upsert(connection, schema.newest, row | {"data": full})
            values = {"step": frame.step, "steps": frame.steps, "heartbeat": time.time(), "size": run.c.size + size}
            connection.execute(run.update().where(run.c.id == run_id).values(values))

    def newest_mark(self, run_id: str) -> tuple[int, float] | None:
        """Step and time of the newest frame, without reading it."""
        newest = schema.newest.c
        with self.read() as connection:
            row = connection.execute(sa.select(newest.step, newest.at).where(newest.run == run_id)).first()
        return (row.step, row.at) if row else None

    def newest(self, run_id: str) -> Frame | None:
        """The newest frame, whole. Many viewers of one run share one decoding."""
        mark = self.newest_mark(run_id)
        if mark is None:
            return None
        with self._lock:
            known = self._newest.get(run_id)
        if known is not None and (known.step, known.at) == mark:
            return known
        data = self._blob(schema.newest, schema.newest.c.run == run_id)
        if data is None:
            return None
        frame = Frame.from_bytes(data)
        self._remember(self._newest, run_id, frame)
        return frame

    def history(self, run_id: str, after: int = -1) -> list[Frame]:
        """The numbers of all kept steps greater than `after`, in step order. Each is decoded once in this process."""
        with self._lock:
            known: list[Frame] = self._histories.get(run_id, [])
        table = schema.scalars
        last = known[-1].step if known else -1
        query = sa.select(table.c.data).where(table.c.run == run_id, table.c.step > last).order_by(table.c.step)
        with self.read() as connection:
            rows = connection.execute(query).scalars().all()
        if rows:
            known = known + [Frame.from_bytes(data) for data in rows]
            self._remember(self._histories, run_id, known)
        return [frame for frame in known if frame.step > after]

    def keyframe_steps(self, run_id: str) -> list[int]:
        """The steps whose whole picture is kept, ascending."""
        table = schema.keyframes
        with self.read() as connection:
            query = sa.select(table.c.step).where(table.c.run == run_id).order_by(table.c.step)
            return list(connection.execute(query).scalars())

    def keyframe(self, run_id: str, step: int) -> Frame | None:
        """The whole picture at that step, or at the nearest kept step before it."""
        data = self._at_or_before(schema.keyframes, run_id, step)
        return Frame.from_bytes(data) if data is not None else None

    def set_stage(self, run_id: str, stage: Stage) -> None:
        """Write what stays fixed in a run; once, before its first frame."""
        data, run = stage.to_bytes(), schema.runs
        with self.write() as connection:
            if self.upsert(connection, schema.stages, {"run": run_id, "data": data}, replace=False):
                size = run.c.size + len(data)
                connection.execute(run.update().where(run.c.id == run_id).values(size=size))

    def stage(self, run_id: str) -> Stage | None:
        """What stays fixed in a run; None until its worker has written it."""
        with self._lock:
            known = self._stages.get(run_id)
        if known is None:
            data = self._blob(schema.stages, schema.stages.c.run == run_id)
            if data is None:
                return None
            known = Stage.from_bytes(data)
            self._remember(self._stages, run_id, known)
        return known

    def set_layouts(self, run_id: str, step: int, layouts: Layouts) -> None:
        """Write the 2-D layouts of one step: `[probe, 2]` by "teacher" and name of arm."""
        stream = io.BytesIO()
        names = np.frombuffer(json.dumps(list(layouts)).encode(), dtype=np.uint8)
        np.savez(stream, allow_pickle=False, names=names, points=np.stack(list(layouts.values())).astype(np.float16))
        data, run = stream.getvalue(), schema.runs
        with self.write() as connection:
            self.upsert(connection, schema.layouts, {"run": run_id, "step": step, "at": time.time(), "data": data})
            size = run.c.size + len(data)
            connection.execute(run.update().where(run.c.id == run_id).values(size=size))

    def layouts(self, run_id: str, step: int) -> Layouts | None:
        """The layouts at that step, or at the nearest one before it that has them."""
        data = self._at_or_before(schema.layouts, run_id, step)
        if data is None:
            return None
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return dict(zip(json.loads(stored["names"].tobytes()), stored["points"], strict=True))

    def layout_steps(self, run_id: str) -> list[int]:
        """The steps that have layouts, ascending."""
        table = schema.layouts
        with self.read() as connection:
            query = sa.select(table.c.step).where(table.c.run == run_id).order_by(table.c.step)
            return list(connection.execute(query).scalars())

    def _blob(self, table: sa.Table, where: sa.ColumnElement[bool]) -> bytes | None:
        with self.read() as connection:
            data: bytes | None = connection.execute(sa.select(table.c.data).where(where)).scalar()
        return data

    def _at_or_before(self, table: sa.Table, run_id: str, step: int) -> bytes | None:
        newest = sa.select(sa.func.max(table.c.step)).where(table.c.run == run_id, table.c.step <= step)
        return self._blob(table, sa.and_(table.c.run == run_id, table.c.step == newest.scalar_subquery()))

    def forget(self, run_id: str) -> None:
        """Drop what this process remembers of a run."""
        with self._lock:
            self._histories.pop(run_id, None)
            self._newest.pop(run_id, None)
            self._stages.pop(run_id, None)

    def _remember(self, cache: OrderedDict[str, T], run_id: str, value: T) -> None:
        with self._lock:
            cache[run_id] = value
            cache.move_to_end(run_id)
            while len(cache) > CACHED_RUNS:
                cache.popitem(last=False)
