"""What hands ask for on the page Tune: choose, train, stop, go and see a cell in the Lab or beside others."""

import os
from dataclasses import replace
from typing import Any

import streamlit as st

from app import hands
from app.plane import plane_measures, tuning, tuning_controls
from app.plane.tuned import RECORDED, Tuned
from app.plane.tuning_snapshot import Cell
from kdcore import conventions
from kdcore.experiment import Command
from kdcore.planes import Plane
from kdcore.runs import RunLog

MOST_COMPARED = 12


def act(log: RunLog, given: Any) -> None:
    """Do what the component asks for. What makes no sense is ignored; what may not be is said in a note."""
    hands.obey(st.session_state, given, lambda counter: _act(log, given, counter), "tuning_notes")


def _act(log: RunLog, given: dict[str, Any], counter: int) -> None:
    state, here, shown = st.session_state, tuning.looking(), tuning.now(log)
    match given.get("do"):
        case "choose":
            cell = _cell_in(given, shown)
            state["tuning"] = replace(here, cell=cell or here.cell)
        case "measure" if given.get("value") in plane_measures.BY_NAME:
            state["tuning"] = replace(here, measure=given["value"])
        case "convention" if given.get("value") in conventions.BY_NAME:
            state["tuning"] = replace(here, convention=given["value"])
        case "yours":
            state["tuning"] = replace(here, yours=_yours(given))
        case "train":
            _start(log, shown, counter)
        case "stop":
            _stop(log, shown, counter)
        case "lab" | "compare":
            _send(log, shown, _cell_in(given, shown), str(given["do"]))
    tuning.write_address(tuning.now(log))


def _cell_in(given: dict[str, Any], shown: Tuned | None) -> Cell | None:
    cell = given.get("column"), given.get("row")
    if not all(isinstance(place, int) and not isinstance(place, bool) for place in cell):
        return None
    return cell if tuning.inside(shown, cell) else None  # type: ignore[arg-type,return-value]


def _yours(given: dict[str, Any]) -> tuple[float, float] | None:
    """A person's own alpha and temperature; a note where they cannot be."""
    alpha, temperature = given.get("alpha"), given.get("temperature")
    if alpha is None or temperature is None:
        return None
    if not all(isinstance(number, int | float) for number in (alpha, temperature)) or not tuning.possible(
        alpha, temperature
    ):
        st.session_state["tuning_notes"] = ["Your alpha must lie in [0, 1] and your temperature above 0."]
        return None
    return float(alpha), float(temperature)


def _start(log: RunLog, shown: Tuned | None, counter: int) -> None:
    """Begin a new plane, and look at it. The one before is stopped if it was ours and still going."""
    state, here, wanted = st.session_state, tuning.looking(), tuning_controls.wanted()
    if isinstance(wanted, list):
        state["tuning_notes"] = [f"This cannot be trained. {' '.join(wanted)}"]
        return
    if shown is not None and shown.live and _may(shown):
        _stop(log, shown, counter)
    plane_id = log.create_study("plane", wanted.model_dump_json(), owner=state["browser"])
    for shard in wanted.shards(workers=os.cpu_count() or 1):
        log.create(shard, owner=state["browser"], pace="full", group=plane_id)
    same = shown is not None and (shown.plane.x, shown.plane.y) == (wanted.x, wanted.y)
    ghost = here.plane if shown is not None and leaves_ghost(shown.plane, wanted) else None
    state["tuning"] = replace(here, plane=plane_id, before=ghost, cell=here.cell if same else None)


def leaves_ghost(before: Plane, new: Plane) -> bool:
    """Whether the region of the plane before stays: with the same data and method the transfer set has changed."""
    same = [(plane.experiment.dataset, plane.method, plane.x, plane.y) for plane in (before, new)]
    return same[0] == same[1] and before.experiment.transfer != new.experiment.transfer


def _may(shown: Tuned) -> bool:
    return shown.study is not None and shown.study.owner == st.session_state.get("browser")


def _stop(log: RunLog, shown: Tuned | None, counter: int) -> None:
    if shown is None or not shown.live:
        return
    if not _may(shown):
        st.session_state["tuning_notes"] = [
            "Nothing was changed: only the browser that started this plane can stop it."
        ]
        return
    for run in shown.runs:
        log.command(run.id, Command(kind="stop"), client=st.session_state["browser"], counter=counter)


def _send(log: RunLog, shown: Tuned | None, cell: Cell | None, where: str) -> None:
    """Train a cell and the control anew, with the plane's seeds, and go and see it."""
    if shown is None or cell is None:
        return
    state, (column, row) = st.session_state, cell
    run_id = log.create(
        shown.plane.cell_experiment(column, row),
        owner=state["browser"],
        pace="full",
        parent=_parent(shown, column, row),
    )
    if where == "lab":
        state["tuning_go"] = "lab", {"run": run_id}
        return
    state["compared"] = [*state.get("compared", []), run_id][-MOST_COMPARED:]
    state["tuning_go"] = "compare", {"runs": ",".join(state["compared"])}


def _parent(shown: Tuned, column: int, row: int) -> str:
    """The shard that holds the cell, by which it is found again; the recording has none."""
    name = shown.plane.name(column, row)
    return next((run.id for run in shown.runs if name in (arm.name for arm in run.experiment.arms)), RECORDED)
