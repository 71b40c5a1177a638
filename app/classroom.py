"""A class: followers watch where the lecturer is, and vote with their phones.

The address says who one is: `?class=CODE` follows, `?class=CODE&alone=1` is a follower who went on alone, and the
browser that opened the class leads it, whatever its address. Nothing here starts a training.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import streamlit as st

from app import ballot, share, store, viewers
from app.component import component
from kdcore.runs import LogUnavailable, RunLog, SchoolClass, Vote

if TYPE_CHECKING:
    from app.lessons import Question

PRESENT_FOR = 15.0
COUNT_EVERY = 3.0
TALLY_EVERY = 1.0
LISTEN_EVERY = 1.0

_present: dict[str, dict[str, float]] = {}
_lock = threading.Lock()


@dataclass(frozen=True)
class Classroom:
    """Where the lecturer is: on the Lab (`lesson` None) or on a step (from 1, as in the address) of a lesson.

    `run` is what they show, None where there is nothing yet; `revealed`: the result is on screen.
    """

    code: str
    lesson: str | None
    step: int
    run: str | None
    revealed: bool


def lead(log: RunLog, *, lesson: str | None, step: int, run: str | None, revealed: bool) -> str | None:
    """Tell the class of this browser where the lecturer is; its code, or None where this browser leads none.

    Call it in every run of the page and every tick: it writes only what changed in this tab.
    """
    here = {"lesson": lesson, "step": step, "run": run, "revealed": revealed}
    st.session_state["here"] = here  # for a class that is opened later
    return _tell(log, here)


def _tell(log: RunLog, here: dict[str, Any]) -> str | None:
    state, code = st.session_state, leading(log)
    if code is None:
        return None
    if state.get("told") != (code, here):
        state["told"] = code, here
        if not log.show_class(code, state["browser"], **here):
            state["leads"] = code = None  # closed in another tab
    return code


def leading(log: RunLog) -> str | None:
    """The code of the class that this browser leads, None where it leads none."""
    state = st.session_state
    if not state.get("browser"):
        return None
    if "leads" not in state:
        found = log.class_led(state["browser"])
        state["leads"] = found.code if found else None
        if found is not None and found.revealed:  # so that a reload does not ask the class again
            state["revealed_before"] = (found.lesson, found.step)
    code: str | None = state["leads"]
    return code


def following(log: RunLog) -> Classroom | None:
    """The class in the address, where this page follows it: not the lecturer's own page, nor one that goes on alone."""
    found = None if alone() else _of_address(log)
    if found is None or found.owner == st.session_state.get("browser"):
        return None
    _note_presence(found.code)
    return Classroom(found.code, found.lesson, found.step, found.run, found.revealed)


def alone() -> bool:
    """Whether the address says that this follower went on alone."""
    return "alone" in st.query_params


def _of_address(log: RunLog) -> "SchoolClass | None":
    code = st.query_params.get("class", "").strip().upper()[:20]
    return viewers.read_once(("class", id(log), code), lambda: log.class_of(code)) if code else None


def _note_presence(code: str) -> None:
    tab = st.session_state.setdefault("tab", uuid4().hex)
    with _lock:
        _present.setdefault(code, {})[tab] = time.monotonic()


def present(code: str) -> int:
    """How many pages follow a class now: those that asked within the last 15 s."""
    now = time.monotonic()
    with _lock:
        seen = {tab: last for tab, last in _present.pop(code, {}).items() if now - last < PRESENT_FOR}
        if seen:
            _present[code] = seen
        return len(seen)


def go_along(page: str) -> None:
    """At the start of a page's run: remember the place of the class, and go to the page where its lecturer is."""
    state, log = st.session_state, store.open_log()
    place, state["drawn_leads"] = following(log), leading(log)
    state["place"] = place
    wanted = "lessons" if place and place.lesson else "lab"
    if place is not None and page != wanted:
        st.switch_page(f"screens/{wanted}.py", query_params=_class_only())


def moved_on() -> bool:
    """Within a tick: whether this page is to be run anew.

    The lecturer went elsewhere since it was drawn; or only now it is known that this browser leads a class.
    """
    state, log = st.session_state, store.open_log()
    try:
        return following(log) != state.get("place") or leading(log) != state.get("drawn_leads")
    except LogUnavailable:  # the board says what is wrong
        return False


def listen() -> None:
    """On a follower's page that is else at rest: look every second whether the lecturer went elsewhere.

    It draws nothing, so it costs a tenth of what a tick of the board costs.
    """
    if waiting():
        _listen()


@st.fragment(run_every=LISTEN_EVERY)
def _listen() -> None:
    if moved_on():
        st.rerun()


def waiting() -> bool:
    """Whether this page follows a class."""
    return st.session_state.get("place") is not None


def leave() -> None:
    """A follower begins a run of their own, and so goes on alone."""
    if waiting():
        st.query_params["alone"] = "1"
        st.session_state["place"] = None


def _class_only() -> dict[str, str]:
    return {name: st.query_params[name] for name in ("class", "present") if name in st.query_params}


def controls(log: RunLog) -> None:
    """The button "Class": open or close, link, large QR code, how many follow. On a follower's page: what it does,
    and "Follow again" where they went on alone."""
    if "class" in st.query_params and leading(log) is None:
        _follower(log)
        return
    if st.button(f"Class {leading(log) or ''}".strip(), icon=":material/groups:", key="class"):
        _lecturer(log)


def _follower(log: RunLog) -> None:
    found = _of_address(log)
    if found is None:
        code = st.query_params["class"]
        named = f"class {code[:20]}" if code.isascii() and code.isalnum() else "such class"  # no Markdown of a stranger
        st.markdown(f"There is no {named} (any more); this page goes on by itself.")
    elif alone():
        st.button(f"Follow class {found.code} again", icon=":material/groups:", on_click=_follow_again)
    else:
        st.markdown(f"You follow class {found.code}.", width="content")
        st.button("Go on alone", on_click=_go_alone, args=(following(log),))


def _follow_again() -> None:
    st.query_params.from_dict(_class_only())


def _go_alone(place: Classroom | None) -> None:
    if place is None:
        return
    here = {"lesson": place.lesson, "step": str(place.step) if place.lesson else None, "run": place.run, "alone": "1"}
    st.query_params.from_dict(_class_only() | {name: value for name, value in here.items() if value})


@st.dialog("A class that follows", width="large", on_dismiss="rerun")  # what the page shows the class comes with it
def _lecturer(log: RunLog) -> None:
    code = leading(log)
    left, right = st.columns(2, gap="large")
    if code is None:
        left.markdown(
            "Those who follow see on their own screens what you show here, and vote with their phones before a result "
            "is revealed. They cannot command your runs; whoever wants to takes a copy and goes on alone."
        )
        known = bool(st.session_state.get("browser"))
        left.button("Open a class", disabled=not known, on_click=_open, args=(log,))
        return
    with left:
        st.html(f'<div style="font-size:4.5rem;font-weight:600;letter-spacing:0.12em">{code}</div>')
        st.markdown("Scan the code, or open the link. Votes are anonymous.")
        _count(code)
        st.button("Close the class", on_click=_close, args=(log, code))
    with right:
        share.card(share.link("/", {"class": code}))


@st.fragment(run_every=COUNT_EVERY)
def _count(code: str) -> None:
    st.markdown(f"**{present(code)}** follow now.")


def _open(log: RunLog) -> None:
    state = st.session_state
    state["leads"] = state["drawn_leads"] = log.open_class(state["browser"])  # the dialog stays until it is closed
    if "here" in state:
        _tell(log, state["here"])


def _close(log: RunLog, code: str) -> None:
    log.close_class(code, st.session_state["browser"])
    st.session_state["leads"] = st.session_state["drawn_leads"] = None


def ask(log: RunLog, classroom: Classroom, lesson: str, step: int, question: "Question") -> None:
    """The vote of a follower, in place of the page's own prediction; it may be changed until the reveal."""
    browser = st.session_state.get("browser", "")
    if not classroom.revealed:
        with st.form(f"vote-{classroom.code}-{lesson}-{step}"):
            answer = ballot.field(question, log.voted(classroom.code, lesson, step, browser), f"{lesson}-{step}")
            pressed = st.form_submit_button("Vote")
        if pressed and answer is None:
            st.warning("Choose an answer first.")
        elif pressed and not (browser and log.vote(classroom.code, lesson, step, browser, str(answer))):
            st.warning("This vote could not be counted: the question is over, or the page is still getting ready.")
    voted = log.voted(classroom.code, lesson, step, browser)
    if voted is not None:
        more = "" if classroom.revealed else " Nobody sees whose it is; you may change it until the result is revealed."
        st.success(f"Your vote: **{ballot.spoken(question, voted)}**.{more}")


@cache
def _votes_view() -> Callable[..., Any]:
    return component("votes", "Votes")  # within a page's run: a component is not made before there is a page


def tally(log: RunLog, lesson: str, step: int, question: "Question", *, measured: str | float | None = None) -> None:
    """The votes as a dot plot: live on the lecturer's page; after the reveal, when what was measured is known and
    marked, on every follower's too, and later wherever this run is seen. Nothing where there is none.

    Call it outside the page's own timed fragment: it is one itself while votes may come.
    """
    code, place, run = leading(log), following(log), str(st.session_state.get("run"))
    if measured is not None and code is None and place is not None:
        code = place.code
    if measured is None and code is None:
        return

    def votes() -> "list[Vote]":
        return log.votes(code, lesson, step) if code else log.votes_of(run, lesson, step)

    @st.fragment(run_every=TALLY_EVERY if measured is None else None)
    def live() -> None:
        known = viewers.read_once(("votes", id(log), code or run, lesson, step), votes)
        if code or known:
            data = ballot.counted(question, known, present(code) if code else 0, measured)
            _votes_view()(key=f"votes-{lesson}-{step}", data=data | {"present": "present" in st.query_params})

    live()
