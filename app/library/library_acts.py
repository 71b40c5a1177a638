"""What is done with chosen runs: compared, named, tagged, noted on, archived, deleted and brought back."""

from collections.abc import Callable, Sequence

import streamlit as st

from app import share
from app.library import library_ways
from app.library.library_table import title
from kdcore.runs import RunLog, library, shelf

MOST_COMPARED = 12
STUDIES = ("plane", "search")


def bar(log: RunLog, shown: Sequence[library.Row]) -> None:
    """What can be done with the lines that are chosen."""
    state = st.session_state
    chosen, known = state["library_chosen"], {row.id: row for row in shown}
    alone = known.get(chosen[0]) if len(chosen) == 1 else None
    studies = state.setdefault("library_studies", set())
    studies.update(row.id for row in shown if row.kind in STUDIES)  # a line may be chosen on another page
    runs = [run for run in chosen if run not in studies]
    _compare(runs)
    if alone is not None:
        _open(alone)
    with st.popover("Edit", icon=":material/edit:", help="Name, tags and notes"):
        _notes(log, chosen, alone)
    library_ways.way_out(runs)
    if state["library_view"] == "bin":
        _act(log, "Put back", "undo", "put back", shelf.put_back)
    else:
        if all(run in known and known[run].archived for run in chosen):
            _act(log, "Out of the archive", "unarchive", "taken out of the archive", _unarchive)
        else:
            _act(log, "Archive", "archive", "archived", shelf.put_away)
        _act(log, "Delete", "delete", "deleted", _delete)
    st.button(
        f"{len(chosen)} chosen", icon=":material/close:", type="tertiary", help="Choose none", on_click=choose_none
    )


def _compare(chosen: Sequence[str]) -> None:
    if not chosen:
        return
    many = len(chosen) > MOST_COMPARED
    words = f"Compare {len(chosen)} runs" if len(chosen) > 1 else "Show its arms"
    help = f"At most {MOST_COMPARED} runs can stand side by side." if many else None
    if st.button(words, icon=":material/compare_arrows:", disabled=many, help=help):
        st.query_params["runs"] = ",".join(chosen)
        st.rerun()


def _open(row: library.Row) -> None:
    """The way to the page of this line."""
    if row.kind in STUDIES:
        st.button("Show its runs", icon=":material/list:", on_click=_enter_study, args=(row.id,))
        st.page_link("screens/tune.py", label="Tune", icon=":material/grid_on:", query_params={row.kind: row.id})
    else:
        st.page_link("screens/lab.py", label="Lab", icon=":material/science:", query_params={"run": row.id})


def _enter_study(study: str) -> None:
    st.query_params["study"] = study
    st.session_state["library_page"] = 1
    choose_none()


def choose_none() -> None:
    """Nothing is chosen any more."""
    state = st.session_state
    state["library_chosen"] = []
    _turn()


def _turn() -> None:
    """The table is read and drawn anew."""
    st.session_state["library_turn"] = st.session_state.get("library_turn", 0) + 1


def _notes(log: RunLog, chosen: Sequence[str], alone: library.Row | None) -> None:
    """One run's name, tags and notes; of several, tags to add."""
    key = f"notes-{hash(tuple(chosen)):x}"
    with st.form(key, border=False):
        if alone is None:
            st.text_input("Add tags to all of them, separated by commas", key=f"{key}-tags")
        else:
            st.text_input("Name", alone.name, key=f"{key}-name", placeholder=title(alone))
            st.text_input("Tags, separated by commas", ", ".join(alone.tags), key=f"{key}-tags")
            st.text_area("Notes", alone.notes, key=f"{key}-notes")
        st.form_submit_button("Save", on_click=_save, args=(log, list(chosen), key, alone is not None))


def _save(log: RunLog, chosen: Sequence[str], key: str, alone: bool) -> None:
    state = st.session_state
    mine, refused = _mine(log, chosen)
    state["library_said"] = refused
    try:
        tags = shelf.tags_from(state[f"{key}-tags"])
        if not alone:
            shelf.add_tags(log, mine, tags)
        else:
            name, notes = state[f"{key}-name"], state[f"{key}-notes"]
            shelf.note(log, mine, name=name, tags=tags, notes=notes)
            if mine and log.study(chosen[0]):
                log.update_study(chosen[0], name=name.strip() or None)
    except shelf.Refused as error:
        state["library_said"] = str(error)
    _turn()


def _act(log: RunLog, words: str, icon: str, done: str, do: Callable[[RunLog, Sequence[str]], None]) -> None:
    chosen = list(st.session_state["library_chosen"])
    st.button(words, icon=f":material/{icon}:", on_click=_do, args=(log, chosen, done, do))


def _do(log: RunLog, chosen: Sequence[str], done: str, do: Callable[[RunLog, Sequence[str]], None]) -> None:
    state = st.session_state
    mine, refused = _mine(log, chosen)
    if mine:
        do(log, mine)
        if do is _delete and not refused:
            shelf.end_studies(log, chosen)
    counted = f"{len(mine)} run{'s' if len(mine) > 1 else ''} {done}."
    state["library_said"] = " ".join(part for part in (counted if mine else "", refused) if part)
    state["library_undo"] = mine if do is _delete else []
    choose_none()


def _delete(log: RunLog, ids: Sequence[str]) -> None:
    shelf.put_into_bin(log, ids)


def _unarchive(log: RunLog, ids: Sequence[str]) -> None:
    shelf.put_away(log, ids, away=False)


def _undo(log: RunLog) -> None:
    state = st.session_state
    shelf.put_back(log, state["library_undo"])
    state["library_said"], state["library_undo"] = f"{len(state['library_undo'])} put back.", []
    _turn()


def said(log: RunLog) -> bool:
    """Say what the last act did, with the way to undo a deletion; whether there was anything to say."""
    state = st.session_state
    if not state.get("library_said"):
        return False
    st.markdown(state["library_said"], width="content")
    if state.get("library_undo"):
        st.button("Undo", icon=":material/undo:", on_click=_undo, args=(log,))
    return True


def _mine(log: RunLog, chosen: Sequence[str]) -> tuple[list[str], str]:
    """The runs of these lines that this browser may change, and a sentence about the others."""
    ids = shelf.runs_of(log, chosen)
    owners, browser = shelf.owners_of(log, ids), st.session_state.get("browser", "")
    mine = [run for run in ids if run in owners and (_only_here() or (browser and owners[run] == browser))]
    others = len(ids) - len(mine)
    if not others:
        return mine, ""
    if all(run not in owners for run in ids if run not in mine):
        return mine, "The recorded run comes with the program and stays as it is."
    whose = "1 run belongs" if others == 1 else f"{others} runs belong"
    return (
        mine,
        f"{whose} to another browser and stayed as it was: others can reach this server, so each changes its own.",
    )


def _only_here() -> bool:
    """Whether only this machine reaches the server, so that whoever sits here may change every run."""
    return st.get_option("server.address") in share.HERE_ONLY
