"""Somebody looks at a run's UMAP: a wish in the log, which the supervisor and the projector see."""

from kdcore.runs.log import RunLog

WISH_SECONDS = 10.0
_prefix = "umap:"


def want_layout(log: RunLog, run_id: str, step: int | None = None) -> None:
    """Say that somebody looks at the layouts of this run now (at a keyframe's step, or the newest).

    Call it every few seconds while the picture is open.
    """
    log.beat(f"{_prefix}{run_id}", "" if step is None else str(step))


def wishes(log: RunLog, seconds: float = WISH_SECONDS) -> dict[str, int | None]:
    """The runs whose layouts are looked at, each with the step that is asked for (None: the newest)."""
    found = log.beats(_prefix, seconds)
    return {name.removeprefix(_prefix): int(step) if step else None for name, step in found.items()}
