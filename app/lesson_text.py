"""The text of a lesson's step: what is told, what is asked, and, once it is revealed, what this run says."""

import streamlit as st

from app import classroom, lesson_walk, verdicts
from app.lesson_walk import Place
from app.lessons import Question
from app.watch import Watched
from kdcore.runs import RunLog


def write(log: RunLog, place: Place, watched: Watched | None, revealed: bool) -> None:
    """Everything that stands beside the board."""
    st.markdown(f"## {place.step.title}")
    st.markdown(place.step.text)
    if revealed and watched is not None:
        with st.container(key="lesson-result"):
            _result(log, place, watched)
    elif place.step.question is not None:
        _ask(log, place, place.step.question, watched)


def _ask(log: RunLog, place: Place, asked: Question, watched: Watched | None) -> None:
    """What is to be predicted, before the result is seen."""
    followed = st.session_state.get("place")
    if followed is not None:
        classroom.ask(log, followed, place.lesson.name, place.number, asked)
        return
    st.markdown("#### What do you expect?")
    said, leads = lesson_walk.predicted(place), classroom.leading(log) is not None
    if leads:
        st.markdown(asked.text)  # the class predicts, and its votes stand in the first screen
        classroom.tally(log, place.lesson.name, place.number, asked)
    elif said is not None:
        unit = f" {asked.unit}" if asked.unit and asked.kind == "number" else ""
        st.markdown(f"You said **{said:g}{unit}**." if isinstance(said, float) else f"You said **{said}**.")
    else:
        _form(place, asked)
    if watched is not None and lesson_walk.over(watched):
        label = "Reveal" if leads else "Reveal without a prediction"
        st.button(label, type="secondary" if leads else "tertiary", on_click=lesson_walk.predict, args=(place, None))


def _form(place: Place, asked: Question) -> None:
    """The field that takes the answer. It is a form, so that Enter in it predicts."""
    with st.form(f"predict-{place.key}", border=False):
        if asked.kind == "choice":
            answer: str | float | None = st.radio(asked.text, asked.options, index=None)
        else:
            label = f"{asked.text} ({asked.unit}, {asked.low:g} to {asked.high:g})"
            answer = st.number_input(label, float(asked.low), float(asked.high), None, format="%g")
        pressed = st.form_submit_button("Predict")
    if pressed and answer is None:
        st.caption("Choose an answer first.")
    elif pressed:
        lesson_walk.predict(place, answer)
        st.rerun()


def _result(log: RunLog, place: Place, watched: Watched) -> None:
    """The answer beside what this run says, every claim with its verdict, and what follows from it."""
    try:
        measured = lesson_walk.result(log, place, watched)
    except ValueError as error:
        st.markdown(f"This run is not the experiment of this step, so it says nothing to its claims: {error}.")
        return
    asked = place.step.question
    if asked is not None:
        right = asked.answered(measured)
        st.markdown("#### What you expected")
        st.markdown(asked.text)
        st.markdown(verdicts.compared(asked, lesson_walk.predicted(place), right))
        if followed := st.session_state.get("place"):
            classroom.ask(log, followed, place.lesson.name, place.number, asked)  # says what was voted
        classroom.tally(log, place.lesson.name, place.number, asked, measured=right)
    if measured:
        st.markdown("#### What this run says")
        for claim, found in zip(place.step.claims, measured, strict=True):
            st.markdown(verdicts.verdict(claim, found))
    st.markdown(place.step.after)
