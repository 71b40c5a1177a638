"""The search of the page Tune: which one this tab looks at, and what its hands ask for."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from app import hands, present, viewers
from app.search import search_controls, search_words
from app.search.search import search as component
from app.search.search_snapshot import Looked, View, chosen_of, look, snapshot
from kdcore.experiment import Arm, Experiment, reasons
from kdcore.runs import LogUnavailable, RunLog, searches
from kdcore.searching import Trial

LIVE_INTERVAL = 1.0
MOST_MORE = 1_000_000
MOST_EARLIER = 20
EXPLANATION = """
Each **trial** is one choice of all knobs, trained with every seed; a batch of trials learns at once. The **sampler**
proposes the next batch from what the ones before gave, on **validation** examples alone. **Random search** gets the
same budget and proposes blindly: if the search does not get ahead of it, it was not worth its trouble. A **pruner**
looks at a quarter of the steps and trains only the better trials to the end.
"""


def section(log: RunLog) -> None:
    """The controls, the newest search or the one of the address, and what one sees."""
    _go()
    notes = _arrive(log) + search_controls.settle()
    st.session_state["search_notes"] = [*st.session_state.get("search_notes", []), *notes]
    search_controls.row(lambda: _earlier(log))
    looked = _now(log)
    interval = LIVE_INTERVAL if looked is not None and looked.live else None
    st.session_state["search_drawn"] = st.session_state.get("search_shown")

    def act() -> None:
        _act(log, st.session_state["search"].get("act"))

    def know() -> None:
        key = st.session_state["search"].get("browser")
        if isinstance(key, str) and key:
            st.session_state["browser"] = key[:80]

    @st.fragment(run_every=interval)
    def live() -> None:
        try:
            shown = _now(log)
        except LogUnavailable as unavailable:
            st.error(str(unavailable), title="The log of runs cannot be used")
            return
        wanted = LIVE_INTERVAL if shown is not None and shown.live else None
        if viewers.differs(interval, wanted) or _moved_on():
            st.rerun()
        component(snapshot(shown, _view()), on_act=act, on_browser=know)

    live()
    if not present.on():
        st.markdown(EXPLANATION)


def _arrive(log: RunLog) -> list[str]:
    """Follow the address where it is new; without one the newest search is shown. What was wrong with it."""
    state, given, notes = st.session_state, st.query_params.get("search"), []
    if given is not None and given != state.get("search_shown"):
        state["search_shown"], state["search_chosen"], state["search_notes"] = given[:40], None, []
    shown = state.get("search_shown")
    if shown and look(log, shown) is None:
        notes = [f"There is no search {shown[:20]!r} in this log (any more), or another version wrote it."]
        state["search_shown"] = shown = None
        st.query_params.pop("search", None)
    if not shown:
        known = (study.id for study in log.studies("search", limit=MOST_EARLIER))
        state["search_shown"] = next((study_id for study_id in known if look(log, study_id) is not None), None)
    return notes


def _earlier(log: RunLog) -> None:
    """The newest searches of the log, to look at one again."""
    found = {study.id: study for study in log.studies("search", limit=MOST_EARLIER)}
    if len(found) < 2:
        return
    state = st.session_state
    state["search-earlier"] = state["search_shown"] if state["search_shown"] in found else None
    with st.popover("Earlier", icon=":material/history:"):
        st.radio(
            "searches, the newest first",
            list(found),
            key="search-earlier",
            format_func=lambda study_id: search_words.title(found[study_id]),
            on_change=_show_earlier,
        )


def _show_earlier() -> None:
    state = st.session_state
    state["search_shown"], state["search_chosen"], state["search_notes"] = state["search-earlier"], None, []
    st.query_params["search"] = state["search_shown"]


def _now(log: RunLog) -> Looked | None:
    """The search that is shown; what this tab has just done is seen at once."""
    shown, acts = st.session_state.get("search_shown"), st.session_state.get("counter")
    return viewers.read_once(("search", id(log), shown, acts), lambda: look(log, shown))


def _moved_on() -> bool:
    state = st.session_state
    return "search_go" in state or state.get("search_drawn") != state.get("search_shown")


def _go() -> None:
    run_id = st.session_state.pop("search_go", None)
    if run_id is not None:
        st.switch_page("screens/lab.py", query_params={"run": run_id})


def _view() -> View:
    state, wanted = st.session_state, search_controls.wanted()
    return View(
        chosen=state.get("search_chosen"),
        browser=state.get("browser", ""),
        notes=tuple(dict.fromkeys(state.get("search_notes", []))),
        cannot=tuple(wanted) if isinstance(wanted, list) else (),
        present=present.on(),
    )


def _act(log: RunLog, given: Any) -> None:
    """Do what the component asks for. What makes no sense is ignored; what may not be is said in a note."""
    state = st.session_state
    counter = hands.heard(state, given, "search_notes")
    if counter is None:
        return
    try:
        _do(log, given)
    except ValidationError as error:
        state["search_notes"] = [f"{reason}." for reason in reasons(error)]
    except LogUnavailable as unavailable:
        state["search_notes"] = [str(unavailable)]


def _do(log: RunLog, given: dict[str, Any]) -> None:
    state = st.session_state
    looked = look(log, state.get("search_shown"))
    trial = _trial(looked, given.get("trial"))
    match given.get("do"):
        case "start":
            _start(log, looked)
        case "stop" | "continue" if looked is not None and looked.study.owner != state["browser"]:
            state["search_notes"] = ["Nothing was changed: only the browser that started this search can command it."]
        case "stop" if looked is not None:
            searches.stop(log, looked.study.id, client=state["browser"])
        case "continue" if looked is not None:
            _continue(log, looked, given.get("more"))
        case "choose" if trial is not None:
            state["search_chosen"] = trial.arm
        case "lab" | "fresh" if looked is not None and trial is not None:
            experiment = lab_experiment(looked, trial, fresh=given["do"] == "fresh")
            state["search_go"] = log.create(experiment, owner=state["browser"], pace="full", parent=trial.run)


def _trial(looked: Looked | None, given: Any) -> Trial | None:
    """A trial by its place, else by its name, else the one that is shown."""
    if looked is None:
        return None
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given < len(looked.trials):
        return looked.trials[given]
    place = chosen_of(looked, given if isinstance(given, str) else st.session_state.get("search_chosen"))
    return None if place is None else looked.trials[place]


def _start(log: RunLog, looked: Looked | None) -> None:
    """Begin a new search, and look at it. The one before is stopped if it was ours and still going."""
    state, wanted = st.session_state, search_controls.wanted()
    if isinstance(wanted, list):
        state["search_notes"] = [f"This cannot be searched. {' '.join(wanted)}"]
        return
    if looked is not None and looked.live and looked.study.owner == state["browser"]:
        searches.stop(log, looked.study.id, client=state["browser"])
    state["search_shown"] = searches.begin(log, wanted, owner=state["browser"])
    state["search_chosen"] = None
    st.query_params["search"] = state["search_shown"]


def _continue(log: RunLog, looked: Looked, more: Any) -> None:
    """Go on with so much more budget; with none, only until what was left is spent."""
    amount = int(min(max(more, 0), MOST_MORE)) if isinstance(more, int | float) and more == more else 0
    search = looked.search
    if search.students is not None:
        spent = round(sum(trial.students_cost for trial in looked.trials))
        left = looked.study.state == "stopped" and spent < search.students
        searches.go_on(log, looked.study.id, students=search.students + (0 if left else amount))
    else:
        searches.go_on(log, looked.study.id, seconds=(search.seconds or 0.0) + amount)


def lab_experiment(looked: Looked, trial: Trial, *, fresh: bool) -> Experiment:
    """One trial beside its control, with the seeds of the search or with as many that it never saw."""
    search = looked.search
    seeds = search.experiment.seed_list
    arms = (search.arm(trial.number, trial.by, trial.parameters), Arm("hard"))
    other = {"seeds": tuple(seed + max(seeds) + 1 - min(seeds) for seed in seeds)} if fresh else {}
    return Experiment(**dict(search.experiment) | {"arms": arms, "control": True} | other)
