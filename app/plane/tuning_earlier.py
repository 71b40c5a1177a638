"""The planes of this log that were trained before, to be looked at again."""

import time

import streamlit as st

from app import controls
from app.plane import tuning
from app.plane.tuned import RECORDED
from app.plane.tuning_words import STATES, noun
from app.plane.wanted_plane import spoken
from kdcore.planes import Plane
from kdcore.runs import RunLog, Study

MOST = 12


def section(log: RunLog) -> None:
    """Read when somebody opens it."""
    earlier = st.expander("Earlier planes", icon=":material/history:", key="tune-earlier", on_change="rerun")
    if not earlier.open:
        return
    shown = tuning.looking().plane
    with earlier:
        found = [study for study in log.studies("plane", limit=MOST) if study.id != shown]
        for study in found:
            st.button(
                says(study), key=f"plane-of-{study.id}", type="tertiary", on_click=tuning.turn_to, args=(log, study.id)
            )
        if shown != RECORDED:
            st.button("The recorded plane", type="tertiary", on_click=tuning.turn_to, args=(log, RECORDED))
        elif not found:
            st.markdown("None yet in this log.")


def says(study: Study) -> str:
    """A plane in one line: "temperature and alpha, digits, 60 pictures, 4 seeds; finished, 12 minutes ago"."""
    ago = _ago(time.time() - study.created)
    try:
        plane = Plane.model_validate_json(study.spec)
    except ValueError:
        return f"{study.id}, written by another version; {ago}"
    experiment = plane.experiment
    size = experiment.transfer_size
    parts = [
        study.name or f"{spoken(plane.x.knob)} and {spoken(plane.y.knob)} of {spoken(plane.method)}",
        controls.spoken(controls.BY_NAME["dataset"], experiment.dataset).replace("_", " "),
        noun(experiment, size) if size else "some of the classes",
        f"{len(experiment.seed_list)} seeds" if len(experiment.seed_list) > 1 else "one seed",
    ]
    state = STATES.get(study.state, "not finished") if study.state != "running" else "not finished"
    return f"{', '.join(parts)}; {state}, {ago}"


def _ago(seconds: float) -> str:
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        count = int(seconds // length)
        if count:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
