"""What somebody looks at now: wishes in the log, which the supervisor and the projector see."""

from kdcore.runs.log import RunLog

WISH_SECONDS = 10.0
WORKERS_SECONDS = 60.0
_prefix = "umap:"
_workers = "workers"


def want_layout(log: RunLog, run_id: str, step: int | None = None) -> None:
    """Say that somebody looks at the layouts of this run now (at a keyframe's step, or the newest).

    Call it every few seconds while the picture is open.
    """
    log.beat(f"{_prefix}{run_id}", "" if step is None else str(step))


def wishes(log: RunLog, seconds: float = WISH_SECONDS) -> dict[str, int | None]:
    """The runs whose layouts are looked at, each with the step that is asked for (None: the newest)."""
    found = log.beats(_prefix, seconds)
    return {name.removeprefix(_prefix): int(step) if step else None for name, step in found.items()}


def want_workers(log: RunLog) -> None:
    """Say that somebody is about to start runs on all cores at once, so that as many workers wait, warm.

    Call it at every drawing of a page that does; the wish is forgotten after a minute.
    """
    log.beat(_workers)


def wanted_workers(log: RunLog, seconds: float = WORKERS_SECONDS) -> bool:
    """Whether somebody is about to."""
    return bool(log.beats(_workers, seconds))
