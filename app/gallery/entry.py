"""The chosen method beside the list: a page of a book with its formula, drawing, knobs, cost and source."""

from functools import lru_cache
from pathlib import Path

import streamlit as st

from app import present
from app.diagram.diagram import diagram
from app.gallery import trying
from kdcore import Experiment, costs, lineage, programmes, trial
from kdcore.diagram import drawing, svg
from kdcore.formulas import aligned, loss, notation
from kdcore.gallery import Entry
from kdcore.methods import Knob

PLAIN = "hinton"


@lru_cache(maxsize=2)
def _sheet(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def show(entry: Entry) -> None:
    """Everything that is known of one entry, from the idea to the source."""
    st.html(f"<style>{_sheet('page.css')}{_sheet('present.css') if present.on() else ''}</style>")
    with st.container(key="entry"):
        _head(entry)
        _drawings(entry)
        _formula(entry)
        if entry.method is None:
            _cost(entry)
        else:
            knobs, cost = st.columns([3, 2], gap="large")
            with knobs:
                _knobs(entry)
            with cost:
                _cost(entry)
        for title, text in {
            "What others do": entry.elsewhere,
            "Where this one deviates": entry.deviates,
            "What was measured": entry.measured,
        }.items():
            if text:
                st.markdown(f"#### {title}\n{text}")
        if entry.code:
            st.markdown(f"#### Source\nAll of `{entry.file}`, as it runs here.")
            st.code(entry.code, language="python", wrap_lines=True)


def _head(entry: Entry) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="entry-head"):
        st.markdown(f"## {entry.title}")
        st.page_link(
            "screens/lab.py",
            label="Try it in the Lab",
            icon=":material/science:",
            query_params=trying.in_the_lab(entry),
            width="content",
        )
    st.markdown(f"`{entry.name}` · {_paper(entry)}")
    with st.container(key="entry-idea"):
        st.markdown(entry.idea)


def _paper(entry: Entry) -> str:
    """Who and when, with the paper as a link that only a click follows."""
    if not entry.paper:
        return "A control: nobody's paper." if entry.family == "null" else entry.source
    said = entry.paper
    if entry.arxiv:
        said = said.replace(f"arXiv:{entry.arxiv}", f"[arXiv:{entry.arxiv}](https://arxiv.org/abs/{entry.arxiv})")
    return said


def _terms(entry: Entry) -> list[str]:
    """The terms that a method returns which nobody has written down."""
    try:
        return list(trial.tried(entry.name).terms)
    except Exception:  # a method of one's own may raise anything; its drawing then has no terms
        return []


def _drawings(entry: Entry) -> None:
    """Who teaches whom, for a programme; how knowledge moves, for a method."""
    if entry.programme:
        experiment = Experiment()
        try:
            arms = programmes.get(entry.programme).arms(experiment) or experiment.arms
        except ValueError as error:
            st.markdown(f"With the default networks it cannot be drawn: {error}.")
        else:
            diagram(svg(lineage.drawing(entry.name, arms, experiment)), f"programme {entry.name}", key="lineage")
    if entry.method is not None:
        diagram(svg(drawing(entry.method, list(entry.formula) or _terms(entry))), entry.name)


def _formula(entry: Entry) -> None:
    if entry.method is None:
        return
    whole = entry.loss if entry.formula else loss(entry.method, _terms(entry))
    st.latex(aligned(whole, entry.formula))
    st.caption(notation(entry.method, entry.formula))


def _knobs(entry: Entry) -> None:
    lines = ["| knob | default | bounds |", "|---|---|---|"]
    method = entry.method
    if method is not None and method.alpha is not None and method.hears_teacher:
        lines.append(f"| alpha | {method.alpha:g} | 0 to 1 |")
    elif method is not None and entry.formula:
        lines.append(f"| weight | {method.weight:g} | 0 or more |")
        lines.append(f"| hard weight | {method.hard_weight:g} | 0 or more |")
    lines += [f"| {knob.name.replace('_', ' ')} | {_usual(knob)} | {_bounds(knob)} |" for knob in entry.knobs]
    if len(lines) > 2:
        st.markdown("#### Knobs\n" + "\n".join(lines))


def _usual(knob: Knob) -> str:
    if isinstance(knob.default, bool):
        return "on" if knob.default else "off"
    return f"{knob.default:.4g}" if isinstance(knob.default, float) else str(knob.default)


def _bounds(knob: Knob) -> str:
    if knob.kind == "bool":
        return "on, off"
    if knob.kind == "number":
        return f"{knob.low:g} to {knob.high:g}"
    return ", ".join(knob.choices)


def _cost(entry: Entry) -> None:
    st.markdown("#### Cost")
    if entry.method is None:
        st.markdown("What its stages cost together; each of them is an ordinary training.")
        return
    st.markdown(_extra(entry))
    _time(entry.name)


def _extra(entry: Entry) -> str:
    if entry.method is None or entry.method.side is None:
        return "It adds no weights to the student."
    try:
        tried = trial.tried(entry.name)
    except Exception as error:  # a method of one's own may raise anything; the page stays
        return f"Its learned pieces could not be built: {error}."
    stay = "It answers through them, so they stay." if entry.method.answer else "They are left behind after training."
    return (
        f"Its learned pieces have **{tried.extra:,}** weights beside the student's {tried.student:,} "
        f"({trial.PAIR}). {stay}"
    )


def _time(name: str) -> None:
    """The time of a step as it was measured here, with the button that measures it."""
    if costs.progress() is not None:
        _watch()
        return
    known = costs.kept().get(name)
    if known is None:
        st.markdown("Time per step: not measured on this machine yet.")
    elif name == PLAIN:
        st.markdown(
            f"A step of 16 students takes **{known.milliseconds:.1f} ms** here. The others are compared with it."
        )
    else:
        st.markdown(
            f"A step takes **{known.times:.2f} times** as long as plain distillation (middle half {known.low:.2f} to "
            f"{known.high:.2f}), {known.milliseconds:.1f} ms for 16 students, measured here."
        )
    label = "Measure here" if known is None else "Measure again"
    st.button(label, key="measure", type="tertiary", icon=":material/timer:", help=HOW, on_click=costs.start)


HOW = (
    "Trains 16 students (CNN 4-8 on digits) by every method in turns, in a process of its own that yields to all "
    "others. It takes one to two minutes."
)


@st.fragment(run_every=1.0)
def _watch() -> None:
    """How far the measurement is; the whole page is drawn again once it is over."""
    done = costs.progress()
    if done is None:
        st.rerun()
    st.progress(done or 0.0, text="Every method takes its turn …")
