"""Lessons: the list of them, or one step: its text, a prediction, the board, and what this run says to it."""

from typing import Any

import streamlit as st

from app import classroom, lesson_text, lesson_walk, present, session, share, store
from app.lesson_walk import Astray, Place
from app.lessons import load_all, problems
from app.live_board import live_board
from app.snapshot import snapshot
from app.veiled import veiled
from app.watch import Watched
from kdcore.runs import LogUnavailable, RunLog


def main() -> None:
    """The place of the address: a step, or the list with a sentence where there is no such step."""
    log = store.open_log()
    present.style()
    try:
        place = lesson_walk.here()
    except Astray as astray:
        st.warning(str(astray))
        place = None
    if place is None:
        contents()
    else:
        step(log, place)


def contents() -> None:
    """Every lesson with its idea and how long it takes."""
    with st.container(key="book"):
        st.markdown("## Lessons")
        st.markdown("Each begins with a question. Say what you expect, train, and compare.")
        for number, lesson in enumerate(load_all().values(), start=1):
            title = f"{number}. {lesson.title}"
            st.button(title, key=f"open-{lesson.name}", type="tertiary", on_click=lesson_walk.go, args=(lesson.name,))
            st.markdown(f"{lesson.idea} *{lesson.minutes} minutes.*")
        for bad in problems():
            st.warning(str(bad))


def step(log: RunLog, place: Place) -> None:
    """Text on the left, the board on the right; one above the other where there is no room."""
    watched = lesson_walk.arrive(log, place)
    bar(log, place)
    revealed = lesson_walk.revealed(place, watched)
    with st.container(key="lesson"):
        left, right = st.columns([5, 9], gap="medium")
    with left, st.container(key="lesson-text"):
        lesson_text.write(log, place, watched, revealed)

    def picture(shown: Watched | None) -> dict[str, Any]:
        run = shown.run.id if shown else None
        classroom.lead(log, lesson=place.lesson.name, step=place.number, run=run, revealed=revealed)
        if shown is None:
            headline = "Say what you expect, then press Train." if place.step.question else "Press Train."
            viewer = session.viewer()
            if classroom.waiting():
                headline = "Your lecturer trains; here you see it happen."
                viewer.hidden = [*viewer.hidden, "transport"]
            return veiled(log, place.step.experiment, viewer, headline) | {"page": place.key}
        own: dict[str, Any] = {"restart": [], "suggest": None, "page": place.key, "revealed": revealed}
        return snapshot(log, run, session.viewer()) | own

    with right, st.container(key="lesson-board"):
        live_board(log, watched, picture)


def bar(log: RunLog, place: Place) -> None:
    """Where one stands, back and on, and what the Lab has at this place: present, share, class."""
    lesson, number, count = place.lesson, place.number, len(place.lesson.steps)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="lesson-bar"):
        if not classroom.waiting():
            st.button("All lessons", type="tertiary", on_click=lesson_walk.go, args=(None,))
            st.button("Back", icon=":material/chevron_left:", shortcut="PageUp", disabled=number == 1,
                      on_click=lesson_walk.go, args=(lesson.name, number - 1))  # fmt: skip
            ahead = lesson_walk.ahead(place)
            on = "Next" if ahead is None or ahead[0] == lesson.name else "Next lesson"
            st.button(on, icon=":material/chevron_right:", shortcut="PageDown", disabled=ahead is None,
                      on_click=lesson_walk.go, args=ahead)  # fmt: skip
        st.markdown(f"**{lesson.title}**, step {number} of {count}", width="stretch")
        share.controls("/lessons")
        classroom.controls(log)
        present.toggle()


try:
    main()
except LogUnavailable as unavailable:
    st.error(str(unavailable), title="The log of runs cannot be used")
