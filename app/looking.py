"""What one browser tab has under the microscope: what the address asks for, and what its hands do."""

from typing import Any

import streamlit as st

from app import drawings, magnified, present, session
from app.controls import BY_NAME, clamp
from app.magnified import TARGETS, Look
from app.watch import Watched, watch
from kdcore.runs import LogUnavailable, RunLog

KNOBS = ("temperature", "alpha")
COUNTS = {"row": "of a picture; an ambiguous one is shown", "seed": "of students; the usual ones are shown"}
KNOWN = ("run", "target", *COUNTS, *KNOBS)


def arrive(log: RunLog) -> Watched | None:
    """Follow the address where it is new. The run to look into: the address's, else the one of the Lab."""
    state, here = st.session_state, st.query_params.to_dict()
    if state.get("lens_address") != here:
        state["lens_run"] = here.get("run") or state.get("run")
        state["look"], state["lens_notes"] = look_of(here)
        state["drawing"] = None
    watched = now(log)
    if watched is not None and not watched.run.recorded:
        state["run"] = state["carried"] = watched.run.id
    _write_address(log, watched)
    return watched


def now(log: RunLog) -> Watched | None:
    """The run under the lens, up to date; notes say why it is another one than was asked for."""
    state = st.session_state
    watched, state["why"] = magnified.subject(log, state.get("lens_run"))
    return watched


def asked(log: RunLog) -> Watched | None:
    """The run that was asked for, even where it has nothing to show yet."""
    return watch(log, st.session_state.get("lens_run"))


def look_of(given: dict[str, Any]) -> tuple[Look, list[str]]:
    """What an address or a message asks for, clamped, and a sentence for each thing that had to be changed."""
    notes: list[str] = []
    values: dict[str, Any] = {}
    for name in KNOBS:
        if given.get(name) is not None:
            values[name], note = clamp(BY_NAME[name], given[name])
            notes += [note] if note else []
    for name, otherwise in COUNTS.items():
        text = str(given.get(name, ""))
        if text.isascii() and text.isdigit() and len(text) < 10:
            values[name] = int(text)
        elif given.get(name) is not None:
            notes.append(f"{name}: {text[:20]!r} is not the number {otherwise}.")
    target = given.get("target", "teacher")
    if target in TARGETS:
        values["target"] = target
    else:
        notes.append(f"target: {str(target)[:20]!r} is not among {', '.join(TARGETS)}; the teacher's is shown.")
    for name in [name for name in given if name not in (*KNOWN, *session.PAGE)][:3]:
        notes.append(f"{name[:20]!r} means nothing on this page.")
    return Look(**values), notes


def snapshot(watched: Watched | None) -> dict[str, Any]:
    """What the component is told now."""
    state = st.session_state
    notes = [*state.get("why", []), *state.get("lens_notes", [])]
    look = state.get("look", Look())
    told, presented = magnified.snapshot(watched, look, state.get("drawing"), notes), present.on()
    return told | {"present": presented, "version": f"{told['version']}{'-present' if presented else ''}"}


def act(log: RunLog, given: Any) -> None:
    """Do what the component asks for: remember what is under the lens, or ask about a drawing."""
    state = st.session_state
    if not isinstance(given, dict) or not isinstance(given.get("counter"), int):
        return
    if given["counter"] <= state.get("counter", 0):
        return
    state["counter"], state["lens_notes"] = given["counter"], []
    match given.get("do"):
        case "look":
            state["look"], _ = look_of(given)
            try:
                _write_address(log, now(log))
            except LogUnavailable as unavailable:
                state["lens_notes"] = [str(unavailable)]
        case "draw":
            _draw(log, given.get("cells"))


def _draw(log: RunLog, cells: Any) -> None:
    state = st.session_state
    state["drawing"] = None
    if cells is None:
        return
    try:
        watched = now(log)
        seed = state.get("look", Look()).seed
        state["drawing"] = drawings.ask(watched, cells, seed) if watched else None
    except (ValueError, LogUnavailable) as problem:
        state["lens_notes"] = [str(problem)]


def _write_address(log: RunLog, watched: Watched | None) -> None:
    """The address leads to what is under the lens, or is waited for; what the page chose by itself is left out."""
    state = st.session_state
    look: Look = state.get("look", Look())
    wanted, run = session.kept(), asked(log) or watched
    wanted |= {"run": run.run.id} if run and not run.run.recorded else {}
    wanted |= {name: str(value) for name in COUNTS if (value := getattr(look, name)) is not None}
    wanted |= {name: f"{value:g}" for name in KNOBS if (value := getattr(look, name)) is not None}
    wanted |= {"target": look.target} if look.target != "teacher" else {}
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    state["lens_address"] = wanted
