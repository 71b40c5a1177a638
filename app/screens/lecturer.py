"""For the lecturer: ninety minutes of class, and how to run it."""

import streamlit as st

from app import present
from app.class_plan import PLAN
from app.lessons import load_all

BEFORE = """
Start the server so that the room can reach it: `make run HOST=0.0.0.0`. The address that it prints is the one to give
out. Everybody must be in the same network; nothing is loaded from outside, so the network needs no internet.

Open this address on the computer with the projector. On the Lab or on a lesson press **Class** and open one: a code and
a large **QR code** appear. Whoever scans it follows: their screen shows what you show, step by step, and their
predictions arrive on yours as a **dot plot**. Votes are anonymous. Nobody can command your runs, and opening a link
starts no training; whoever wants to go on alone takes a copy and comes back with one click.
"""
DURING = """
- **Present** makes type and lines large enough for the last row and takes away what is around the page.
- **Page down** goes on, **Page up** goes back, as a presenter’s remote does. **Space** trains, pauses and goes on.
  **S** takes one training step, **P** plays a run again, **L** leads back to its newest step.
- Wait for the votes before you press Train. The result is revealed when the run has ended; if you predicted nothing
  yourself, press “Reveal without a prediction”.
- A claim that does not hold in your run is no accident to hide. It says so on screen, with its interval: ask why.
- **Share** makes a link to what is on screen, with only the parts that you tick. It is how an exercise is given.
- **Handout** makes one page of what is on screen, with the figures of this very run. It needs no network to be read.
"""


def main() -> None:
    """Plan, preparation, and what helps at the front."""
    present.style()
    lessons = load_all()
    with st.container(key="book"):
        st.markdown("## Ninety minutes")
        st.markdown(
            "Six lessons of the ten, each with a vote before its result. The times leave room for questions; who is "
            "late leaves out the last lesson."
        )
        begin = 0
        for part in PLAN:
            st.markdown(f"### {part.title}\n*Minutes {begin} to {begin + part.minutes}.* {part.how}")
            if part.lesson in lessons:
                lesson = lessons[part.lesson]
                query = {"lesson": lesson.name, "step": "1"}
                st.page_link("screens/lessons.py", label=f"Lesson: {lesson.title}", query_params=query)
            begin += part.minutes
        st.markdown("### Before the class")
        st.markdown(BEFORE)
        st.markdown("### At the front")
        st.markdown(DURING)


main()
