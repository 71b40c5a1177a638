"""What one browser tab looks at in the race, as its address says it, and what hands ask for."""

from dataclasses import replace
from typing import Any

import streamlit as st

from app import hands, present
from app.comparison.entries import ARMS_BY_THEMSELVES
from app.race import race_controls, raced
from app.race.race_snapshot import View, snapshot
from app.race.raced import RECORDED, Raced
from app.race.wanted_race import OWN, SHOWN, choosable, trials_of, wish_for, wish_of
from kdcore.experiment import Arm, Command, Experiment
from kdcore.racing import HARD, PLAIN
from kdcore.runs import RunLog

PARAMETERS = ("race", *OWN, *SHOWN)
MOST_COMPARED = 12


def arrive(log: RunLog) -> Raced | None:
    """Follow the address where it is new; the race that is shown."""
    state = st.session_state
    given = {name: value for name, value in st.query_params.to_dict().items() if name in PARAMETERS}
    if state.get("race_address") != given:
        state["race_notes"] = []
        if given or "race_shown" not in state:
            _follow_address(log, given)
    state["race_notes"] = state.get("race_notes", []) + race_controls.settle()
    state["race_drawn"] = state["race_shown"]
    shown = now(log)
    write_address(shown)
    return shown


def _follow_address(log: RunLog, given: dict[str, str]) -> None:
    state = st.session_state
    race_id = given.get("race", RECORDED)[:40]
    found = raced.look(log, race_id)
    if found is None and race_id != RECORDED:
        state["race_notes"].append(
            f"There is no race {race_id[:20]!r} in this log (any more); the recorded one is shown."
        )
        race_id, found = RECORDED, raced.look(log, RECORDED)
    state["race_shown"] = race_id
    usual = wish_for(found.experiment) if found is not None and race_id != RECORDED else None
    wish, sentences = wish_of(given, usual)
    state["race_notes"] += sentences
    race_controls.put(wish)


def now(log: RunLog) -> Raced | None:
    """The race that is shown, up to date."""
    return raced.look(log, st.session_state.get("race_shown", RECORDED))


def moved_on() -> bool:
    """Whether the page must be drawn anew: another race, or another page."""
    state = st.session_state
    return "race_go" in state or state.get("race_drawn") != state.get("race_shown")


def go() -> None:
    """Leave for the page that was asked for, if one was."""
    wanted = st.session_state.pop("race_go", None)
    if wanted is not None:
        page, query = wanted
        st.switch_page(f"screens/{page}.py", query_params=query)


def picture(log: RunLog) -> dict[str, Any]:
    """What the component is told now."""
    state = st.session_state
    notes = tuple(dict.fromkeys(state.get("race_notes", [])))
    return snapshot(now(log), race_controls.wish(), View(state.get("browser", ""), notes, present.on()))


def know(browser: Any) -> None:
    """The browser has said which one it is."""
    if isinstance(browser, str) and browser:
        st.session_state["browser"] = browser[:80]


def write_address(shown: Raced | None) -> None:
    """The address leads to what is on screen; what other parts of the page say there stays."""
    wish = race_controls.wish()
    if shown is None or shown.id == RECORDED:
        wanted = wish.address()
    else:
        wanted = {"race": shown.id} | wish.address(wish_for(shown.experiment))
    has = st.query_params.to_dict()
    for name in PARAMETERS:
        if name in has and name not in wanted:
            del st.query_params[name]
    for name, value in wanted.items():
        if has.get(name) != value:
            st.query_params[name] = value
    st.session_state["race_address"] = wanted


def act(log: RunLog, given: Any) -> None:
    """Do what the component asks for. What makes no sense is ignored; what may not be is said in a note."""
    hands.obey(st.session_state, given, lambda counter: _act(log, given, counter), "race_notes")


def _act(log: RunLog, given: dict[str, Any], counter: int) -> None:
    wish, shown, value = race_controls.wish(), now(log), given.get("value")
    match given.get("do"):
        case "enter" if isinstance(value, list):
            chosen = [name for name in choosable() if name in value]
            race_controls.put(replace(wish, entered=tuple(chosen)))
        case "trials":
            race_controls.put(replace(wish, trials=trials_of(value)[0]))
        case "tuned" if isinstance(value, bool):
            race_controls.put(replace(wish, tuned=value))
        case "race":
            _start(log, shown, counter)
        case "stop":
            _stop(log, shown, counter)
        case "lab" | "compare":
            _send(log, shown, str(given.get("lane", "")), str(given["do"]))
    write_address(now(log))


def _start(log: RunLog, shown: Raced | None, counter: int) -> None:
    """Begin a new race, and look at it. The one before is stopped if it was ours and still going."""
    state, wanted = st.session_state, race_controls.wish().race
    if isinstance(wanted, list):
        state["race_notes"] = [f"This cannot be raced. {' '.join(wanted)}"]
        return
    if shown is not None and shown.live and shown.owner == state["browser"]:
        _stop(log, shown, counter)
    state["race_shown"] = log.create(wanted.experiment(), owner=state["browser"], pace="full")


def _stop(log: RunLog, shown: Raced | None, counter: int) -> None:
    state = st.session_state
    if shown is None or not shown.live:
        return
    if shown.owner != state["browser"]:
        state["race_notes"] = ["Nothing was changed: only the browser that started this race can stop it."]
        return
    log.command(shown.id, Command(kind="stop"), client=state["browser"], counter=counter)


def _send(log: RunLog, shown: Raced | None, name: str, where: str) -> None:
    """Go and see a line beside plain distillation and hard labels.

    A small race is compared as it is; of a large one the picked arms are trained again with the same seeds, which
    gives the same students.
    """
    state = st.session_state
    experiment = alone(shown, name) if shown else None
    if shown is None or experiment is None:
        return
    first = experiment.arms[0].name
    if where == "compare" and shown.watched and len(shown.experiment.arms) <= ARMS_BY_THEMSELVES:
        plain = next(arm.name for arm in experiment.arms if arm.method == PLAIN)
        pair = {"left": f"{shown.id}:{first}", "baseline": f"{shown.id}:{plain}"}
        state["race_go"] = "compare", {"runs": shown.id} | pair
        return
    run_id = _same(log, experiment, shown.id) or log.create(
        experiment, owner=state["browser"], pace="full", parent=shown.id
    )
    if where == "lab":
        state["race_go"] = "lab", {"run": run_id}
        return
    compared = [*(run for run in state.get("compared", []) if run != run_id), run_id]
    state["compared"] = compared[-MOST_COMPARED:]
    state["race_go"] = "compare", {"runs": ",".join(state["compared"])}


def alone(shown: Raced, name: str) -> Experiment | None:
    """A line's picked arm, that of plain distillation and the control, with the seeds of the race."""
    standings = shown.standings
    picked = {row.lane.name: row.picked for row in standings.rows} if standings else {}
    if name not in picked:
        return None
    arms: dict[str, Arm] = {}
    for arm in (picked[name], picked.get(PLAIN), picked.get(HARD)):
        if arm is not None:
            arms.setdefault(arm.name, arm)
    # What the Lab shows first is what was clicked on; hard labels are never that.
    ordered = sorted(arms.values(), key=lambda arm: arm.method == HARD)
    return Experiment(**dict(shown.experiment) | {"arms": tuple(ordered), "control": True})


def _same(log: RunLog, experiment: Experiment, parent: str) -> str | None:
    """A run that trains or has trained exactly this for the same race."""
    text = experiment.model_dump_json()
    found = (run for run in log.runs(limit=50) if run.parent == parent and run.experiment_json == text)
    return next((run.id for run in found if run.state not in ("failed", "stopped")), None)
