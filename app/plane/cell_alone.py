"""A cell of a plane that was trained anew in the Lab: whether its students are the plane's, and the way back."""

import streamlit as st

from app.plane import tuned
from app.plane.tuned import RECORDED, Tuned
from app.watch import Watched
from kdcore.runs import RunLog


def section(log: RunLog, watched: Watched | None) -> None:
    """One line above the board, for such a run only."""
    found = _cell(log, watched)
    if found is None or watched is None:
        return
    plane, column, row = found
    query = {"cell": f"{column},{row}"} | ({"plane": plane.id} if plane.id != RECORDED else {})
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="cell-alone"):
        st.markdown(says(plane, column, row, watched))
        st.page_link("screens/tune.py", label="Back to the plane", icon=":material/grid_on:", query_params=query)


def says(plane: Tuned, column: int, row: int, watched: Watched) -> str:
    """Whether the accuracies of a cell trained alone equal those it has on the plane."""
    text = f"The cell {plane.plane.name(column, row)} of a plane, trained alone with the control"
    difference = tuned.cell_difference(plane, column, row, watched.frame) if watched.frame else None
    if difference is None:
        return f"{text}."
    if difference == 0:
        return f"{text}: every student's accuracies equal those on the plane."
    return f"{text}: its students' accuracies differ from those on the plane by up to {difference * 100:.2g} points."


def _cell(log: RunLog, watched: Watched | None) -> tuple[Tuned, int, int] | None:
    """The plane and the place of the cell that this run trains anew; None for any other run."""
    parent = watched.run.parent if watched is not None else None
    if watched is None or parent is None:
        return None
    shard = log.run(parent) if parent != RECORDED else None
    plane = tuned.look(log, RECORDED if parent == RECORDED else (shard.group or "") if shard else "")
    name = watched.run.experiment.arms[0].name
    places = {plane.plane.name(*cell): cell for cell in plane.plane.cells} if plane is not None else {}
    return (plane, *places[name]) if plane is not None and name in places else None
