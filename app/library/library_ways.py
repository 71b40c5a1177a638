"""The library's way in and out: runs as a file, imported from one, and their numbers for other programs."""

import io
from collections.abc import Sequence

import streamlit as st

from app import share
from kdcore.runs import LogUnavailable, RunLog, bundle, recording

MEGABYTES = bundle.MOST_BYTES // 1_000_000
FORMATS = {
    "runs.dklab": "the runs as one file, which another installation imports here",
    "scalars.parquet": "every measure of every kept step, student by student",
    "scalars.csv": "the same as text",
    "runs.json": "settings and last measures, one record for each arm",
}


def way_in(log: RunLog) -> None:
    """A file of runs becomes runs of this browser."""
    state = st.session_state
    with st.popover("Import", icon=":material/upload:"):
        key = f"import-{state.get('library_imports', 0)}"
        st.file_uploader(
            "A file of runs (.dklab), as the library of another installation gives it",
            type="dklab",
            key=key,
            max_upload_size=MEGABYTES,
            on_change=_take,
            args=(log, key),
        )
        if problem := state.get("library_refused"):
            st.error(problem, title="Nothing was imported")


def _take(log: RunLog, key: str) -> None:
    state = st.session_state
    given = state.get(key)
    state["library_refused"] = ""
    if given is None:
        return
    try:
        ids, known = bundle.load(log, io.BytesIO(given.getvalue()), given.name[:60], state.get("browser", ""))
    except (recording.NoRecording, LogUnavailable) as refused:
        state["library_refused"] = str(refused)
        return
    new = len(ids) - known
    state["library_said"] = f"{_runs(new)} imported." + (f" {_runs(known)} had been here before." if known else "")
    state["library_undo"], state["library_chosen"] = [], ids
    state["library_turn"] = state.get("library_turn", 0) + 1
    state["library_imports"] = state.get("library_imports", 0) + 1  # an uploader that has given its file is done


def _runs(count: int) -> str:
    return f"{count} run{'' if count == 1 else 's'}"


def way_out(chosen: Sequence[str]) -> None:
    """Chosen runs as files, and the line of Python that reads them."""
    with st.popover("Export", icon=":material/download:"):
        if not chosen:
            st.markdown("A study is exported run by run: show its runs and choose some.")
            return
        query = f"?runs={','.join(chosen)}"
        st.markdown("\n".join(f"- [{name}](/lab/{name}{query}): {what}" for name, what in FORMATS.items()))
        address = f"{share.base()}/lab/scalars.parquet{query}"
        st.code(f'pandas.read_parquet("{address}")', language=None, wrap_lines=True)
