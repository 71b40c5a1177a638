"""What is compared: an arm of a chosen run, with all seeds that equal runs of its group have trained."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from app.changes import changes_of, event_text
from app.charts.common import Array, evenly
from app.comparison.looks import Look
from app.roles import Role
from app.watch import Watched, watch
from kdcore.frame import Frame
from kdcore.runs import Run, RunLog

MOST = 12
LETTERS = "ABCDEFGHIJKL"
ARMS_BY_THEMSELVES = 12
MOST_OF_A_GROUP = 50


@dataclass(frozen=True)
class Entry:
    """One line of a comparison. key: "run:arm"; `runs` are those that count, each seed once; `waiting` are further runs
    of the same whose seeds do not count yet."""

    key: str
    letter: str
    role: Role
    runs: tuple[Watched, ...]
    waiting: tuple[Run, ...]

    @property
    def first(self) -> Watched:
        """The run that stands for the entry."""
        return self.runs[0]

    @property
    def places(self) -> list[tuple[int, int, int]]:
        """Of every seed that counts: its number, its run among `runs`, its place there."""
        seen: dict[int, tuple[int, int, int]] = {}
        for number, watched in enumerate(self.runs):
            for place, seed in enumerate(watched.frame.seeds if watched.frame else ()):
                seen.setdefault(seed, (seed, number, place))
        return [seen[seed] for seed in sorted(seen)]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds that count, ascending."""
        return tuple(seed for seed, _, _ in self.places)

    @property
    def live(self) -> bool:
        """Whether its numbers may still move."""
        return any(watched.live for watched in self.runs)

    @property
    def step(self) -> int:
        """The step at which its last numbers were taken."""
        return max((watched.frame.step for watched in self.runs if watched.frame), default=0)

    def last(self, measure: str) -> Array:
        """The last values of a measure by seed, `[seed]` (`[seed, class]` by class), as they are in the frames."""
        frames = [watched.frame for watched in self.runs]
        rows = [_of(frame, measure, self.role.name) for frame in frames if frame is not None]
        return np.array([rows[run][place] for _, run, place in self.places], dtype=np.float64)

    def course(self, log: RunLog, measure: str, points: int) -> tuple[Array, Array, Array]:
        """Steps `[time]`, seconds since the first of them `[time]`, and values `[time, seed]`: NaN where there are
        none. The frames of further runs fall on other steps; they are read between two of them, on a straight line."""
        whole = [_frames(log, watched) for watched in self.runs]
        steps = np.array([frame.step for frame in whole[0]], dtype=np.int64)
        times = evenly(steps, points)
        chosen = [whole[0][time] for time in times]
        seconds = np.array([frame.at - whole[0][0].at for frame in chosen])
        series = [np.stack([_of(frame, measure, self.role.name) for frame in chosen]).astype(np.float64)]
        for frames in whole[1:]:
            theirs = np.stack([_of(frame, measure, self.role.name) for frame in frames]).astype(np.float64)
            at = [frame.step for frame in frames]
            read = [np.interp(steps[times], at, column, left=np.nan, right=np.nan) for column in theirs.T]
            series.append(np.stack(read, -1))
        values = np.stack([series[run][:, place] for _, run, place in self.places], -1)
        return steps[times], seconds, values


def _of(frame: Frame, measure: str, arm: str) -> Array:
    """A measure of one arm, `[seed]`; NaN where the frame does not have it."""
    if measure == "gain":
        return frame.gain[arm] if frame.control is not None else np.full(len(frame.seeds), np.nan)
    if measure not in frame.scalars:
        return np.full(len(frame.seeds), np.nan)
    return np.asarray(frame.scalars[measure][frame.arms.index(arm)])


def _frames(log: RunLog, watched: Watched) -> list[Frame]:
    frames = log.history(watched.run.id)
    newest = watched.frame
    if newest is not None and (not frames or frames[-1].step < newest.step):
        frames = [*frames, newest]
    return frames


@dataclass(frozen=True)
class Gathered:
    """The entries of a comparison; `offered` are arms that could be switched on too: key and words."""

    entries: tuple[Entry, ...]
    offered: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    waiting: tuple[Run, ...]

    def find(self, key: str) -> Entry | None:
        """The entry of a key, or of a run's name alone: that run's first."""
        return next((entry for entry in self.entries if key and key in (entry.key, entry.key.partition(":")[0])), None)

    def baseline(self, look: Look) -> Entry:
        """What the others are measured against: the chosen entry, else a single run's control, else the first."""
        one_run = len({entry.first.run.id for entry in self.entries}) == 1
        control = next((entry for entry in self.entries if one_run and entry.role.role == "control"), None)
        return self.find(look.baseline) or control or self.entries[0]

    def pair(self, look: Look) -> tuple[Entry, Entry | None]:
        """The two entries under the lens: those that were chosen, else the first beside the baseline, and that."""
        baseline, right = self.baseline(look), self.find(look.right)
        left = self.find(look.left)
        if left is None:
            taken = (right or baseline).key
            left = next((entry for entry in self.entries if entry.key != taken), baseline)
        if right is None or right.key == left.key:
            others = [entry for entry in self.entries if entry.key != left.key]
            right = baseline if baseline in others else next(iter(others), None)
        return left, right

    @property
    def live(self) -> bool:
        """Whether anything may still come."""
        return bool(self.waiting) or any(entry.live or entry.waiting for entry in self.entries)

    @property
    def mark(self) -> str:
        """Changes whenever there is something new to show."""
        keys = [(entry.key, [run.state_key for run in entry.runs], _states(entry.waiting)) for entry in self.entries]
        return f"{zlib.crc32(str((keys, _states(self.waiting))).encode()):x}"


def _states(waiting: Sequence[Run]) -> list[tuple[str, str, int]]:
    return [(run.id, run.state, run.step) for run in waiting]


def gather(log: RunLog, look: Look) -> Gathered:
    """The entries that a look asks for, and a sentence for each thing that cannot be shown."""
    notes: list[str] = []
    groups, waiting = _groups(log, look.runs, notes)
    alone = len(groups) == 1 and len(groups[0][0][0].roles) <= ARMS_BY_THEMSELVES
    chosen: list[tuple[list[Watched], list[Run], Role]] = []
    offered: list[tuple[str, str]] = []
    extra: dict[str, tuple[list[Watched], list[Run], Role]] = {}
    for members, later in groups:
        first = members[0]
        for role in first.roles if len(first.roles) <= ARMS_BY_THEMSELVES else _most_important(first.roles):
            key = f"{first.run.id}:{role.name}"
            if role.role == "distilled" or alone or len(first.roles) == 1:
                chosen.append((members, later, role))
            elif key in look.also:
                extra[key] = (members, later, role)
            else:
                offered.append((key, f"{first.run.name or first.run.id}: {role.label}"))
        if len(first.roles) > ARMS_BY_THEMSELVES:
            notes.append(f"Run {_named(first.run)} has {len(first.roles)} arms; its first and its control are offered.")
    chosen += [extra[key] for key in look.also if key in extra]
    if len(chosen) > MOST:
        notes.append(f"At most {MOST} can be compared at once; {len(chosen) - MOST} of {len(chosen)} are left out.")
    entries = tuple(
        Entry(f"{members[0].run.id}:{role.name}", letter, role, tuple(members), tuple(later))
        for letter, (members, later, role) in zip(LETTERS, chosen[:MOST], strict=False)
    )
    return Gathered(entries, tuple(offered), tuple(notes), tuple(waiting))


def _most_important(roles: Sequence[Role]) -> list[Role]:
    return [role for role in roles if role.role != "null"]


Group = tuple[list[Watched], list[Run]]


def _groups(log: RunLog, ids: Sequence[str], notes: list[str]) -> tuple[list[Group], list[Run]]:
    """Of each chosen run its equals that count and those that do not yet; and the chosen that have nothing to show."""
    groups: list[Group] = []
    waiting, taken = [], set()
    for run_id in ids:
        if run_id in taken:
            continue
        watched = watch(log, run_id)
        if watched is None or watched.run.deleted is not None:
            gone = "has been deleted" if watched else "is not in this log (any more)"
            notes.append(f"Run {run_id[:20]} {gone}.")
            continue
        members, later = _equals(log, watched)
        taken |= {member.run.id for member in members} | {run.id for run in later} | {run_id}
        if members:
            groups.append((members, later))
        elif watched.live:
            notes.append(f"Run {_named(watched.run)} has nothing to show yet.")
            waiting.append(watched.run)
        else:
            notes.append(f"Run {_named(watched.run)} ended before it had anything to show.")
    return groups, waiting


def _equals(log: RunLog, watched: Watched) -> Group:
    """The runs of a group that differ from this one in nothing but their seeds: those that count, and the others.

    Those that have ended at the last step count, and this one alone where none has.
    """
    run = watched.run
    group = run.group or run.id
    others = [other for other in log.runs(limit=MOST_OF_A_GROUP, group=group) if other.id != run.id]
    root = log.run(group) if run.group else None
    if root is not None and root.id != run.id and root.deleted is None:
        others.append(root)
    same = _without_seeds(run.experiment_json)
    alike = [other for other in reversed(others) if _without_seeds(other.experiment_json) == same]
    known = [watched, *(found for other in alike if (found := watch(log, other.id)) is not None)]
    known = [each for each in known if each is watched or _changed(log, each) == _changed(log, watched)]
    ended = [each for each in known if not each.live and each.frame is not None and each.run.state != "failed"]
    furthest = max((each.frame.step for each in ended if each.frame), default=-1)
    counted = [each for each in ended if each.frame and each.frame.step == furthest]
    if not counted:
        counted = [watched] if watched.frame is not None else []
    later = [each.run for each in known if each not in counted and each.live]
    return sorted(counted, key=lambda each: each is not watched), later


@lru_cache(maxsize=512)
def _without_seeds(experiment: str) -> str:
    plain = json.loads(experiment)
    plain.pop("seeds", None)
    return json.dumps(plain, sort_keys=True)


def _changed(log: RunLog, watched: Watched) -> list[tuple[object, ...]]:
    """What was or will be changed while it ran, whoever asked for it."""
    planned = [command for command in log.planned(watched.run.id) if command.kind == "set"]
    applied = [command for command in watched.commands if command.kind == "set" and command.step is not None]
    return sorted({(c.step, str(c.knob), str(c.arm), str(c.value)) for c in [*planned, *applied]})


def events(entry: Entry) -> list[tuple[int, str]]:
    """The knob changes of an entry: step and words."""
    changes = changes_of(entry.first.run.experiment, entry.first.commands)
    return [(change.step, event_text(change)) for change in changes]


def _named(run: Run) -> str:
    return f"“{run.name}”" if run.name else run.id
