"""Weights of a run, as safetensors beside the log: written at a pause and at the end, one file a run."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def path(folder: Path, run_id: str) -> Path:
    """Where a run's weights are kept under a data folder."""
    return folder / "weights" / f"{run_id}.safetensors"


def save(folder: Path, run_id: str, step: int, tensors: "dict[str, Tensor]") -> Path:
    """Write all members' weights and optimiser state as they are before `step`; a reader never meets half a file."""
    from safetensors.torch import save_file

    final = path(folder, run_id)
    final.parent.mkdir(parents=True, exist_ok=True)
    beside = final.with_suffix(f".{os.getpid()}.part")
    try:
        save_file({name: t.contiguous() for name, t in tensors.items()}, beside, metadata={"step": str(step)})
        beside.replace(final)
    finally:
        beside.unlink(missing_ok=True)
    return final


def load(folder: Path, run_id: str, only: str = "") -> "tuple[int, dict[str, Tensor]] | None":
    """The step and tensors that `save` wrote, those whose names begin with `only`; None where there are none."""
    from safetensors import safe_open

    final = path(folder, run_id)
    if not final.exists():
        return None
    with safe_open(final, framework="pt") as stored:
        names = [name for name in stored.keys() if name.startswith(only)]  # noqa: SIM118
        return int(stored.metadata()["step"]), {name: stored.get_tensor(name) for name in names}


def delete(folder: Path, run_id: str) -> None:
    """Remove a run's weights, if there are any."""
    path(folder, run_id).unlink(missing_ok=True)
