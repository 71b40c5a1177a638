"""The library of runs on screen: what is looked for, the page of lines that is shown, and which of them are chosen."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from app import session, viewers
from app.library import library_acts, library_table, library_ways
from app.library.library_table import label
from kdcore import runs
from kdcore.runs import RunLog, finding, library

LINES = 50
LIVE_EVERY = 2.0
ADDRESS = ("find", "sort", "order", "view")
PLACEHOLDER = "Find runs: words, or  dataset = digits  temperature > 2  accuracy > 90"
HELP = (
    "Words are looked for in names, tags, notes, data, methods and networks. A condition is a setting or measure, a "
    "sign (=, !=, <, >, <=, >=, or : for contains) and a value; accuracies in percent. All must hold."
)
VIEWS = {"runs": "Runs", "archive": "Runs and archive", "bin": "Bin"}
ROW, HEAD = 35, 38


def section(log: RunLog, *, lines_high: int = 11) -> None:
    """Everything of the library; lines_high: how many lines are seen at once."""
    st.session_state.setdefault("library_chosen", [])
    _follow_address()
    every = _interval(_page(log))

    @st.fragment(run_every=every)
    def live() -> None:
        try:
            page = _head(log)
            if viewers.differs(every, _interval(page)):
                st.rerun()
            _table(page, lines_high)
            _foot(log, page)
        except runs.LogUnavailable as unavailable:
            st.error(str(unavailable), title="The log of runs cannot be used")

    live()


def _head(log: RunLog) -> library.Page:
    """What is looked for, in which order, and the columns."""
    state = st.session_state
    page = _page(log)
    if page.total and not page.rows:  # the last lines of the last page went away
        state["library_page"] = 1
        page = _page(log)
    if state["library_sort"] not in page.names:
        state["library_sort"] = None
    names = sorted(page.names, key=label)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="library-head"):
        st.text_input("Search", key="library_find", type="search", placeholder=PLACEHOLDER,
                      label_visibility="collapsed", max_chars=finding.LONGEST, on_change=_to_first)  # fmt: skip
        with st.popover("Help", type="tertiary"):
            st.markdown(f"{HELP}\n\nWhat these runs have: {', '.join(page.names)}.")
        st.selectbox("Sort by", names, index=None, key="library_sort", format_func=lambda name: f"by {label(name)}",
                     placeholder="newest first", width=190, label_visibility="collapsed",
                     on_change=_to_first)  # fmt: skip
        if state["library_sort"]:
            st.toggle("ascending", key="library_ascending", on_change=_to_first)
        st.selectbox("Show", list(VIEWS), key="library_view", format_func=VIEWS.__getitem__, width=180,
                     label_visibility="collapsed", on_change=_to_first)  # fmt: skip
        with st.popover("Columns", icon=":material/view_column:"):
            st.multiselect("Columns", names, default=[name for name in library_table.USUAL if name in names],
                           key="columns", format_func=label, placeholder="none but name and state")  # fmt: skip
        library_ways.way_in(log)
    if study := st.query_params.get("study"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"The runs of the study **{_plain(study)}**, one by one.", width="content")
            st.button("Back to all", type="tertiary", icon=":material/arrow_back:", on_click=_leave_study)
    _write_address()
    return page


def _plain(text: str) -> str:
    """A short text of an address without what Markdown would take for more."""
    return "".join(letter for letter in text[:20] if letter.isalnum())


def _follow_address() -> None:
    """Look for what the address names, where it is new."""
    state, given = st.session_state, {name: st.query_params[name] for name in ADDRESS if name in st.query_params}
    if state.get("library_address") == given and "library_find" in state:
        return
    state["library_find"] = given.get("find", "")[: finding.LONGEST]
    state["library_sort"], state["library_ascending"] = given.get("sort"), given.get("order") == "ascending"
    state["library_view"] = given["view"] if given.get("view") in VIEWS else "runs"


def _write_address() -> None:
    """The address leads to what is on screen."""
    state = st.session_state
    wanted = {
        "find": state["library_find"],
        "sort": state["library_sort"] or "",
        "order": "ascending" if state["library_sort"] and state.get("library_ascending") else "",
        "view": state["library_view"] if state["library_view"] != "runs" else "",
    }
    state["library_address"] = {name: value for name, value in wanted.items() if value}
    for name, value in wanted.items():
        if not value:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


def _to_first() -> None:
    st.session_state["library_page"] = 1


def _leave_study() -> None:
    st.query_params.pop("study", None)
    _to_first()


def _page(log: RunLog) -> library.Page:
    """The lines that are asked for, read at most every 0.4 s for all who ask the same."""
    state, view = st.session_state, st.session_state["library_view"]
    asked: dict[str, Any] = {
        "sort": state["library_sort"] or "created",
        "descending": not (state["library_sort"] and state.get("library_ascending")),
        "offset": (state.get("library_page", 1) - 1) * LINES,
        "limit": LINES,
        "bin": view == "bin",
        "archived": view == "archive",
        "study": st.query_params.get("study"),
    }

    def read() -> tuple[library.Page, str]:
        try:
            return library.rows(log, state["library_find"], **asked), ""
        except finding.Unclear as unclear:
            return library.rows(log, "", **asked), str(unclear)

    key = ("library", id(log), state["library_find"], *asked.values(), state.get("library_turn", 0))
    page, state["library_unclear"] = viewers.read_once(key, read)
    return page


def _interval(page: library.Page) -> float | None:
    """Seconds between two looks at the log; none where nothing on the page moves."""
    watching = viewers.seen(session.session_id())
    moving = any(row.state in library_table.LIVE for row in page.rows)
    return max(LIVE_EVERY, watching / 10) if moving else None


def _table(page: library.Page, lines_high: int) -> None:
    state = st.session_state
    if unclear := state["library_unclear"]:
        st.warning(f"{unclear} All runs are shown.")
    if not page.rows:
        st.markdown(_nothing())
        return
    ids = [row.id for row in page.rows]
    table = library_table.table(page.rows, state.get("columns") or ())
    key = f"library-{hash(tuple(ids)):x}-{state.get('library_turn', 0)}"
    st.dataframe(
        table,
        column_config=library_table.columns(table),
        hide_index=True,
        height=HEAD + ROW * min(lines_high, len(ids)),
        key=key,
        on_select=lambda: _choose(key, ids),
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [ids.index(run) for run in state["library_chosen"] if run in ids]}},
        placeholder="",
        alt="The runs that were found, one a line; choose lines by the boxes at their left",
    )


def _nothing() -> str:
    state = st.session_state
    if state["library_find"] and not state["library_unclear"]:
        return "No run is like that."
    return "The bin is empty." if state["library_view"] == "bin" else "There is no run yet. Train one in the Lab."


def _choose(key: str, ids: Sequence[str]) -> None:
    """What is chosen on other pages stays chosen."""
    state = st.session_state
    here = [ids[number] for number in state[key]["selection"]["rows"] if number < len(ids)]
    kept = [run for run in state["library_chosen"] if run not in ids or run in here]
    state["library_chosen"], state["library_said"] = [*kept, *(run for run in here if run not in kept)], ""


def _foot(log: RunLog, page: library.Page) -> None:
    """What can be done with the chosen lines, or how many were found; the way to the other pages."""
    pages = -(-page.total // LINES)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", width="content", key="library-bar"
        ):
            if st.session_state["library_chosen"]:
                library_acts.bar(log, page.rows)
            elif not library_acts.said(log):
                found = f"{page.total:,} run{'' if page.total == 1 else 's'}."
                st.markdown(f"{found} Choose some by the boxes at their left." if page.rows else "", width="content")
        if pages > 1:
            st.pagination(pages, key="library_page", max_visible_pages=5)
    if st.session_state["library_chosen"]:
        library_acts.said(log)
