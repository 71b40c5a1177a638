"""Where somebody stands in a lesson: which step, its run, what was predicted, and whether its result is revealed."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import classroom, session
from app.experiments import values_of
from app.hands import Given
from app.lessons import BadLesson, Lesson, Step, load, load_all
from app.watch import Watched, watch
from kdcore.claims import Measured, verdicts
from kdcore.frame import Frame
from kdcore.runs import ENDED, RunLog


class Astray(Exception):
    """There is no such place; the message is a sentence."""


@dataclass(frozen=True)
class Place:
    """A step of a lesson; `number` counts from 1, as in the address."""

    lesson: Lesson
    number: int

    @property
    def step(self) -> Step:
        """The step itself."""
        return self.lesson.steps[self.number - 1]

    @property
    def key(self) -> str:
        """Its name in what this tab remembers."""
        return f"{self.lesson.name}/{self.number}"


def here() -> Place | None:
    """The place that the class has reached, else that of the address; None for the list. Raises Astray."""
    followed: classroom.Classroom | None = st.session_state.get("place")
    if followed is not None and followed.lesson:
        return find(followed.lesson, str(followed.step))
    name = st.query_params.get("lesson", "")
    return find(name, st.query_params.get("step", "1")) if name else None


def find(name: str, number: str) -> Place:
    """A step by the name of its lesson and its number from 1. Raises Astray."""
    try:
        lesson = load(name)
    except BadLesson as bad:
        raise Astray(f"This lesson cannot be shown. {bad}") from None
    except ValueError as none:
        raise Astray(str(none)) from None
    count = len(lesson.steps)
    if not (number.isascii() and number.isdigit() and len(number) < 4 and 1 <= int(number) <= count):
        raise Astray(f"“{lesson.title}” has the steps 1 to {count}; there is no step {number[:20]!r}.")
    return Place(lesson, int(number))


def go(lesson: str | None, number: int = 1) -> None:
    """Stand at another step, or before the list of lessons. Whoever follows a class leaves it."""
    classroom.leave()
    others = {name: value for name, value in session.kept().items() if name not in ("lesson", "step", "show")}
    st.query_params.from_dict(others | ({"lesson": lesson, "step": str(number)} if lesson else {}))


def ahead(place: Place) -> tuple[str, int] | None:
    """The next step, that of the next lesson after the last one; None after the last of all."""
    if place.number < len(place.lesson.steps):
        return place.lesson.name, place.number + 1
    names = list(load_all())
    after = names[names.index(place.lesson.name) + 1 :] if place.lesson.name in names else []
    return (after[0], 1) if after else None


def arrive(log: RunLog, place: Place) -> Watched | None:
    """Stand at a step: its experiment is what Train trains. The run that is shown; None before there is one.

    Nothing starts here. The run of the address is shown, else the one that this tab has trained for the step, or for
    another step with the same experiment.
    """
    state = st.session_state
    asked = _asked()
    mine = {"lesson": place.key} | ({"run": asked} if asked else {})
    if state.get("address") != mine:
        _stand(log, place, asked)
    session.follow_link(place.step.show)
    session.clamp_widgets()
    watched = watch(log, state["run"])
    state["run"] = state["drawn_run"] = watched.run.id if watched else None
    if watched is not None:
        session.follow_commands(watched)
        _remember(place, watched)
    _write_address(place, watched)
    return watched


def _asked() -> str:
    followed: classroom.Classroom | None = st.session_state.get("place")
    return (followed.run or "") if followed else st.query_params.get("run", "")


def _stand(log: RunLog, place: Place, asked: str) -> None:
    state, step = st.session_state, place.step
    runs = state.setdefault("trained", {})
    found = watch(log, asked or runs.get(place.key) or runs.get(_content(step)))
    state["notes"] = [] if found or not asked else [f"There is no run {asked[:20]!r} in this log (any more)."]
    state["given"] = Given(step.experiment, step.commands)
    state["run"], state["follow"], state["commands_seen"] = found.run.id if found else None, None, 0
    state["pace"], state["stop_at"] = (found.run.pace, found.run.stop_at) if found else (step.pace, None)
    session.put(values_of(found.run.experiment, found.commands) if found else values_of(step.experiment))


def _content(step: Step) -> str:
    return step.experiment.model_dump_json() + "".join(command.model_dump_json() for command in step.commands)


def _remember(place: Place, watched: Watched) -> None:
    runs = st.session_state["trained"]
    runs[place.key] = watched.run.id
    if watched.run.experiment == place.step.experiment:
        runs[_content(place.step)] = watched.run.id


def _write_address(place: Place, watched: Watched | None) -> None:
    run = {"run": watched.run.id} if watched else {}
    st.session_state["address"] = {"lesson": place.key} | run
    wanted = session.kept() | {"lesson": place.lesson.name, "step": str(place.number)}
    if st.session_state.get("place") is None:
        wanted |= run
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)


def predicted(place: Place) -> str | float | None:
    """What was predicted here, None where nothing was."""
    given: dict[str, Any] = st.session_state.setdefault("predictions", {})
    return given.get(place.key)


def predict(place: Place, answer: str | float | None) -> None:
    """Note a prediction; None is to see the result without one."""
    st.session_state.setdefault("predictions", {})[place.key] = answer


def revealed(place: Place, watched: Watched | None) -> bool:
    """Whether the result may be seen: the run has ended, and what was asked is answered or waived.

    Who follows a class sees it when its lecturer does.
    """
    followed: classroom.Classroom | None = st.session_state.get("place")
    if watched is None or not over(watched):
        return False
    if followed is not None:
        return followed.revealed
    if st.session_state.get("revealed_before") == (place.lesson.name, place.number):
        return True
    return place.step.question is None or place.key in st.session_state.get("predictions", {})


def over(watched: Watched) -> bool:
    """Whether a run has come to its end and has something to show."""
    frame = watched.frame
    return frame is not None and (watched.run.state in ENDED or frame.step >= frame.steps)


def result(log: RunLog, place: Place, watched: Watched) -> list[Measured]:
    """What this run says to each claim of the step. Raises ValueError, in a sentence, where it cannot be asked."""
    newest = watched.frame
    assert newest is not None
    claims = place.step.claims
    early = {claim.at for claim in claims if claim.at is not None and claim.at < newest.step}

    def measure() -> list[Measured]:
        kept = [frame for at in sorted(early) if (frame := log.keyframe(watched.run.id, at)) is not None]
        frames: list[Frame] = [*kept, newest]
        return verdicts(claims, frames, watched.run.experiment)

    found: list[Measured] = watched.keep(("verdicts", place.key, newest.step, newest.at), measure)
    return found
