"""What one browser tab knows and does: its key, the run it looks at, and what its hands ask for."""

import time
from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import classroom, hands, held, mending, store, visible
from app.controls import BY_NAME, Values, address, clamp, clamp_all, find, unknown
from app.experiments import adjusted, experiment_from, values_of
from app.own_view import Viewer
from app.snapshot import empty
from app.watch import Watched, watch
from kdcore import runs
from kdcore.experiment import Command, Experiment
from kdcore.runs import RunLog

PAGE = ("lesson", "step", "show", "present", "class", "alone")
"""What an address says of the page, not of the run or the controls: it stays when those change."""
WISH_EVERY = 2.0


def values() -> Values:
    """The values of all controls, as they stand."""
    return held.values(st.session_state)


def arrive(log: RunLog) -> Watched | None:
    """Follow the address where it is new: its run sets the controls, else its values do. The run that is shown."""
    state = st.session_state
    here = {name: value for name, value in st.query_params.to_dict().items() if name not in PAGE}
    state["given"], state["redraw"] = None, False
    if state.get("address") != here:
        state["notes"] = []
        _follow_address(log, here)
    follow_link()
    _follow_class(log)
    clamp_widgets()
    watched = watch(log, state["run"]) or watch(log, store.recorded_run(log))
    state["run"] = state["drawn_run"] = watched.run.id if watched else None
    if watched is not None and not watched.run.recorded:
        follow_commands(watched)
    _write_address(watched)
    return watched


def _follow_address(log: RunLog, here: dict[str, str]) -> None:
    state = st.session_state
    carried = state.pop("carried", "")  # from another page of this tab, whose address says nothing of the controls
    asked = here.get("run", "") or ("" if here else carried)
    found = watch(log, asked) if asked else None
    state["run"] = found.run.id if found else None
    state["commands_seen"] = 0
    if asked and found is None:
        state["notes"].append(f"There is no run {asked[:20]!r} in this log (any more); the recorded run is shown.")
    if found is not None:
        put(values_of(found.run.experiment, found.commands))
        state["pace"], state["stop_at"] = found.run.pace, found.run.stop_at
        return
    given, sentences = clamp_all(here)
    state["notes"] += [*sentences, *unknown(list(here), given["method"])]
    put(given)


def follow_link(usual: Sequence[str] = ()) -> None:
    """Show only the parts that the address names, else those of `usual`, else all."""
    state, text = st.session_state, st.query_params.get("show")
    state["parts"], sentences = visible.chosen(text if text is not None or not usual else ",".join(usual))
    if state.get("link") != text:
        state["link"] = text
        state["notes"] += sentences


def _follow_class(log: RunLog) -> None:
    """Where the page follows a class, the run that its lecturer shows is shown."""
    state, place = st.session_state, classroom.following(log)
    if place is None or place.run == state.get("run"):
        return
    found = watch(log, place.run)
    state["run"], state["commands_seen"] = found.run.id if found else None, 0
    if found is not None:
        put(values_of(found.run.experiment, found.commands))
        state["pace"], state["stop_at"] = found.run.pace, found.run.stop_at


def put(given: Values) -> None:
    """Let the controls show these values, all of them."""
    held.put(st.session_state, given)


def tick(log: RunLog) -> Watched | None:
    """The run that is shown, up to date, between two full runs of the page."""
    state = st.session_state
    watched = watch(log, state.get("run"))
    if watched is None:
        return None
    if not watched.run.recorded:
        follow_commands(watched, between=True)
    if state.get("umap") and time.monotonic() - state.get("wished_at", 0) > WISH_EVERY:
        state["wished_at"] = time.monotonic()
        runs.want_layout(log, watched.run.id)
    return watched


def session_id() -> str:
    """The id of this browser tab's session on the server."""
    context = get_script_run_ctx()
    return context.session_id if context else ""


def waiting() -> bool:
    """Whether something beside the run is on its way: a layout, or the same experiment on other splits."""
    state = st.session_state
    return bool(state.get("umap")) or time.time() < state.get("repeats_until", 0)


def moved_on() -> bool:
    """Whether another run is to be shown than the page was drawn for, or another place of the class."""
    state = st.session_state
    return bool(state.get("run") != state.get("drawn_run") or state.get("redraw")) or classroom.moved_on()


def clamp_widgets() -> None:
    """Whatever a widget holds passes the same clamp as an address does."""
    sentences = held.settle(st.session_state)
    if sentences:
        st.session_state["notes"] = sentences


def follow_commands(watched: Watched, between: bool = False) -> None:
    """Another tab or viewer may have changed a knob: the sliders follow the run's last commands.

    between: between two full runs of the page, when what lies in widgets cannot be changed; then one is asked for.
    """
    state = st.session_state
    given = [command for command in watched.commands if command.kind in ("set", "pace", "stop_at")]
    if len(given) <= state.get("commands_seen", 0):
        return
    if not held.follow(state, watched, between):
        state["redraw"] = True
        return
    state["commands_seen"] = len(given)
    state["pace"], state["stop_at"] = watched.run.pace, watched.run.stop_at


def _write_address(watched: Watched | None) -> None:
    """The address leads to what is on screen: a run, or the values that differ from the default."""
    wanted = kept()
    if not classroom.waiting():
        wanted |= {"run": watched.run.id} if watched and not watched.run.recorded else address(values())
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    st.session_state["address"] = {name: value for name, value in wanted.items() if name not in PAGE}


def kept() -> dict[str, str]:
    """What the address says of the page."""
    return {name: value for name, value in st.query_params.to_dict().items() if name in PAGE}


def viewer() -> Viewer:
    """Who looks, for the snapshot."""
    state = st.session_state
    return Viewer(
        browser=state.get("browser", ""),
        values=values(),
        pace=state.get("pace", "watch"),
        stop_at=state.get("stop_at"),
        follow=state.get("follow"),
        umap=bool(state.get("umap")),
        notes=list(state.get("notes", [])),
        hidden=visible.hidden(state.get("parts", visible.PARTS)),
        present="present" in st.query_params,
        refused=None if state.get("given") else mending.refusal(values()),
    )


def know() -> None:
    """The browser has said which one it is."""
    key = st.session_state["board"].get("browser")
    if isinstance(key, str) and key:
        st.session_state["browser"] = key[:80]


def see(board: dict[str, Any]) -> None:
    """Remember what is on the board, in case the log fails."""
    st.session_state["seen"] = board


def last_seen(problem: str) -> dict[str, Any]:
    """The board as it was last seen, with what is wrong now."""
    board: dict[str, Any] = st.session_state.get("seen") or empty(viewer())
    return board | {"notes": [problem], "version": f"{board['version']}-{problem}"}


def act(log: RunLog, given: Any) -> None:
    """Do what the board asks for. What makes no sense is ignored; what may not be is said in a note."""
    try:
        _act(log, given)
    except runs.LogUnavailable as unavailable:
        st.session_state["notes"] = [str(unavailable)]


def _act(log: RunLog, given: Any) -> None:
    state = st.session_state
    counter = hands.heard(state, given)
    if counter is None:
        return
    watched = watch(log, state.get("run"))
    kind, value = given.get("do"), given.get("value")
    match kind:
        case "train" | "reset" | "new_seeds" | "copy":
            _start(log, watched, kind, counter)
        case "mend":
            _mend()
        case "repeat":
            hands.repeat(log, state, watched)
        case "follow":
            state["follow"] = value if isinstance(value, int) and not isinstance(value, bool) else None
        case "umap":
            state["umap"] = bool(value)
        case "set":
            hands.set_knob(log, state, watched, given.get("knob"), value, counter)
            if not state.get("given"):
                _write_address(watched)
        case "pace" | "stop_at" | "show" | "pause" | "resume" | "step" | "stop":
            hands.command(log, state, watched, kind, value, counter)


def _mend() -> None:
    """Set what would help where the wanted experiment cannot be."""
    refused = mending.refusal(values())
    if refused is not None and refused.helps:
        put(clamp_all(values() | refused.helps)[0])
        st.session_state["redraw"] = True


def _start(log: RunLog, watched: Watched | None, kind: str, counter: int) -> None:
    """Begin a new run, and look at it. The one before is stopped if it was ours and still going."""
    state = st.session_state
    if kind == "new_seeds":
        state["first_seed"] = clamp(BY_NAME["first_seed"], state["first_seed"] + state["seeds"])[0]
    experiment = watched.run.experiment if kind == "copy" and watched else _wanted(watched)
    if isinstance(experiment, list):
        state["notes"] = [f"This cannot be trained. {' '.join(experiment)}"]
        return
    if hands.may_command(state, watched) and watched is not None:
        log.command(watched.run.id, Command(kind="stop"), client=state["browser"], counter=counter)
    pace = state.get("pace", "watch")
    run_id = log.create(
        experiment,
        owner=state["browser"],
        pace=pace if pace in runs.PACES else "watch",
        stop_at=state.get("stop_at"),
        parent=watched.run.id if watched and kind == "copy" else None,
        commands=hands.planned(log, state, watched if kind == "copy" else None),
    )
    state["run"], state["commands_seen"] = run_id, 0
    if state.get("given") or (kind == "copy" and watched):
        put(values_of(experiment))
    classroom.leave()
    state["address"] = {"run": run_id}
    st.query_params.from_dict(kept() | state["address"])


def _wanted(watched: Watched | None) -> Experiment | list[str]:
    """What is given to be trained, with the knobs that were moved beforehand; else what the controls describe.

    Where they describe the run that is shown, it is exactly that run's experiment.
    """
    now, given = values(), st.session_state.get("given")
    if given is not None:
        return adjusted(given.experiment, now, given.moved)
    if watched is not None and now == values_of(watched.run.experiment):
        return watched.run.experiment
    return experiment_from(now)


def set_from_widget(name: str) -> None:
    """A knob that lives in a Streamlit widget was changed: a run that goes on hears of it."""
    log, state = store.open_log(), st.session_state
    control = find(str(state["method"]), name)
    if control is not None:
        new, _ = clamp(control, state[control.key])
        hands.tell(log, state, watch(log, state.get("run")), control, new, time.time_ns() // 1_000_000, " page")
