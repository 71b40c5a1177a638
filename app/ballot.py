"""A question to a class: the field to answer in, and what its votes add up to."""

import math
import zlib
from statistics import median
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.charts.votes import of_choices, of_numbers
from kdcore.runs import Vote

if TYPE_CHECKING:
    from app.lessons import Question


def field(question: "Question", before: str | None, name: str) -> str | float | None:
    """The field to answer in, beginning with what was answered before; its answer, None where there is none yet."""
    key = f"ballot-{name}"
    if question.kind == "choice":
        st.session_state.setdefault(key, before if before in question.options else None)
        return st.radio(question.text, question.options, index=None, key=key)
    st.session_state.setdefault(key, number_of(before))
    label = f"{question.text} ({question.unit})" if question.unit else question.text
    return st.number_input(label, float(question.low), float(question.high), value=None, format="%g", key=key)


def number_of(answer: str | None) -> float | None:
    """A vote on a number; None where it is none."""
    try:
        number = float(answer or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def spoken(question: "Question", answer: str) -> str:
    """An answer with its unit."""
    return f"{answer} {question.unit}".strip() if question.kind == "number" else answer


def counted(question: "Question", votes: "list[Vote]", here: int, measured: str | float | None) -> dict[str, Any]:
    """What the view of the votes is given: the figure, and a sentence that says the same."""
    answers = [vote.answer for vote in votes]
    if question.kind == "choice":
        known = str(measured) if measured is not None else None
        answers = [answer for answer in answers if answer in question.options]
        figure = of_choices(question.options, answers, known)
        parts = ", ".join(f"{answers.count(option)} for {option}" for option in question.options)
    else:
        values = [number for number in map(number_of, answers) if number is not None]
        value = number_of(str(measured)) if measured is not None else None
        figure = of_numbers(question.low, question.high, question.unit, values, value)
        middle = f"the middle one {median(values):g} {question.unit}".strip() if values else ""
        parts, answers = middle, [str(value) for value in values]
    said = "1 vote" if len(answers) == 1 else f"{len(answers)} votes"
    said += f" of {here} who follow" if here and measured is None else ""
    rows = len(question.options) if question.kind == "choice" else 4
    return {
        "figure": figure,
        "says": f"{said}.",
        "describes": f"{said}: {parts}." if answers and parts else f"{said}.",
        "rows": rows,
        "count": len(answers),
        "version": f"{zlib.crc32(repr(figure).encode()):08x}",
    }
