"""What one browser tab knows and does: its key, the run it looks at, and what its hands ask for."""

import time
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from app import store
from app.controls import BY_NAME, CONTROLS, LIVE, Values, address, clamp, clamp_all, defaults, unknown
from app.experiments import experiment_from, values_of
from app.snapshot import Viewer, empty
from app.watch import Watched, watch
from kdcore import runs
from kdcore.experiment import Command, Experiment
from kdcore.runs import RunLog

LIVE_COMMANDS = ("pause", "resume", "step", "stop")
REPEATS = 3
REPEATS_TAKE = 300.0
WISH_EVERY = 2.0


def values() -> Values:
    """The values of all controls, as they stand."""
    return {control.name: st.session_state[control.name] for control in CONTROLS}


def arrive(log: RunLog) -> Watched | None:
    """Follow the address where it is new: its run sets the controls, else its values do. The run that is shown."""
    state = st.session_state
    here = st.query_params.to_dict()
    if state.get("address") != here:
        state["notes"] = []
        _follow_address(log, here)
    _clamp_widgets()
    watched = watch(log, state["run"]) or watch(log, store.recorded_run(log))
    state["run"] = state["drawn_run"] = watched.run.id if watched else None
    if watched is not None and not watched.run.recorded:
        _follow_commands(watched)
    _write_address(watched)
    return watched


def _follow_address(log: RunLog, here: dict[str, str]) -> None:
    state = st.session_state
    asked = here.get("run", "")
    found = watch(log, asked) if asked else None
    state["run"] = found.run.id if found else None
    state["commands_seen"] = 0
    if asked and found is None:
        state["notes"].append(f"There is no run {asked[:20]!r} in this log (any more); the recorded run is shown.")
    if found is not None:
        _set(values_of(found.run.experiment, found.commands))
        state["pace"], state["stop_at"] = found.run.pace, found.run.stop_at
        return
    given, sentences = clamp_all(here)
    state["notes"] += [*sentences, *unknown(list(here))]
    _set(given)


def _set(given: Values) -> None:
    for name, value in given.items():
        st.session_state[name] = value


def tick(log: RunLog) -> Watched | None:
    """The run that is shown, up to date, between two full runs of the page."""
    state = st.session_state
    watched = watch(log, state.get("run"))
    if watched is None:
        return None
    if not watched.run.recorded:
        _follow_commands(watched)
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
    """Whether another run is to be shown than the page was drawn for."""
    return bool(st.session_state.get("run") != st.session_state.get("drawn_run"))


def _clamp_widgets() -> None:
    """Whatever a widget holds passes the same clamp as an address does."""
    state = st.session_state
    given, sentences = clamp_all({name: state.get(name, value) for name, value in defaults().items()})
    for name, value in given.items():
        if state.get(name) != value:
            state[name] = value
    if sentences:
        state["notes"] = sentences


def _follow_commands(watched: Watched) -> None:
    """Another tab or viewer may have changed a knob: the sliders follow the run's last commands."""
    state = st.session_state
    given = [command for command in watched.commands if command.kind in ("set", "pace", "stop_at")]
    if len(given) <= state.get("commands_seen", 0):
        return
    state["commands_seen"] = len(given)
    now = values_of(watched.run.experiment, watched.commands)
    state["temperature"], state["alpha"] = now["temperature"], now["alpha"]
    state["pace"], state["stop_at"] = watched.run.pace, watched.run.stop_at


def _write_address(watched: Watched | None) -> None:
    """The address leads to what is on screen: a run, or the values that differ from the default."""
    wanted = {"run": watched.run.id} if watched and not watched.run.recorded else address(values())
    if st.query_params.to_dict() != wanted:
        st.query_params.from_dict(wanted)
    st.session_state["address"] = wanted


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
    if not isinstance(given, dict) or not isinstance(given.get("browser"), str) or not given["browser"]:
        return
    counter = given.get("counter")
    if not isinstance(counter, int) or counter <= state.get("counter", 0):
        return
    state["browser"], state["counter"], state["notes"] = given["browser"][:80], counter, []
    watched = watch(log, state.get("run"))
    kind, value = given.get("do"), given.get("value")
    match kind:
        case "train" | "reset" | "new_seeds" | "copy":
            _start(log, watched, kind, counter)
        case "repeat":
            _repeat(log, watched)
        case "follow":
            state["follow"] = value if isinstance(value, int) and not isinstance(value, bool) else None
        case "umap":
            state["umap"] = bool(value)
        case "set":
            _set_knob(log, watched, given.get("knob"), value, counter)
        case "pace" | "stop_at" | "show" | "pause" | "resume" | "step" | "stop":
            _command(log, watched, kind, value, counter)


def may_command(watched: Watched | None) -> bool:
    """A run obeys the browser that started it, while it lives."""
    return watched is not None and watched.live and watched.run.owner == st.session_state.get("browser")


def _start(log: RunLog, watched: Watched | None, kind: str, counter: int) -> None:
    """Begin a new run, and look at it. The one before is stopped if it was ours and still going."""
    state = st.session_state
    if kind == "new_seeds":
        state["first_seed"] = clamp(BY_NAME["first_seed"], state["first_seed"] + state["seeds"])[0]
    experiment = watched.run.experiment if kind == "copy" and watched else _wanted(watched)
    if isinstance(experiment, list):
        state["notes"] = [f"This cannot be trained. {' '.join(experiment)}"]
        return
    if may_command(watched) and watched is not None:
        log.command(watched.run.id, Command(kind="stop"), client=state["browser"], counter=counter)
    pace = state.get("pace", "watch")
    run_id = log.create(
        experiment,
        owner=state["browser"],
        pace=pace if pace in runs.PACES else "watch",
        stop_at=state.get("stop_at"),
        parent=watched.run.id if watched and kind == "copy" else None,
    )
    state["run"], state["commands_seen"] = run_id, 0
    if kind == "copy" and watched:
        _set(values_of(experiment))
    st.query_params.from_dict({"run": run_id})
    state["address"] = {"run": run_id}


def _wanted(watched: Watched | None) -> Experiment | list[str]:
    """What the controls describe; where they describe the run that is shown, exactly that run's experiment."""
    now = values()
    if watched is not None and now == values_of(watched.run.experiment):
        return watched.run.experiment
    return experiment_from(now)


def _repeat(log: RunLog, watched: Watched | None) -> None:
    """The same experiment on three other splits, each with a teacher of its own, beside the run that is shown."""
    state = st.session_state
    if watched is None:
        return
    experiment = watched.run.experiment
    group = watched.run.group or watched.run.id
    splits = [split for split in range(REPEATS + 1) if split != experiment.split][:REPEATS]
    for split in splits:
        other = experiment.model_copy(update={"split": split})
        log.create(other, owner=state["browser"], pace="full", group=group, parent=watched.run.id)
    state["repeats_until"] = time.time() + REPEATS_TAKE
    named = ", ".join(map(str, splits))
    state["notes"] = [f"The same experiment now runs on splits {named}; what they give will stand beside the headline."]


def _set_knob(log: RunLog, watched: Watched | None, knob: Any, value: Any, counter: int) -> None:
    """A knob of a run that goes on acts on it; otherwise it waits for the next run."""
    state = st.session_state
    if knob not in LIVE:
        return
    new, sentence = clamp(BY_NAME[knob], value)
    state["notes"] = [sentence] if sentence else []
    state[knob] = new
    if may_command(watched) and watched is not None and isinstance(new, float):
        log.command(watched.run.id, Command(kind="set", knob=knob, value=new), client=state["browser"], counter=counter)


def set_from_widget(name: str) -> None:
    """A knob that lives in a Streamlit widget was changed: a run that goes on hears of it."""
    log, state = store.open_log(), st.session_state
    watched = watch(log, state.get("run"))
    new, _ = clamp(BY_NAME[name], state[name])
    if may_command(watched) and watched is not None and isinstance(new, float):
        command = Command(kind="set", knob=name, value=new)
        log.command(watched.run.id, command, client=f"{state['browser']} page", counter=time.time_ns() // 1_000_000)


def _command(log: RunLog, watched: Watched | None, kind: Any, value: Any, counter: int) -> None:
    state = st.session_state
    if kind == "pace":
        if value not in runs.PACES:
            return
        state["pace"] = value
    if kind == "stop_at":
        value = None if value is None else int(float(str(clamp(BY_NAME["steps"], value)[0])))
        state["stop_at"] = value
    if kind == "show" and (
        not isinstance(value, int) or watched is None or value not in watched.run.experiment.seed_list
    ):
        return
    if may_command(watched) and watched is not None:
        given = value if kind in ("pace", "stop_at", "show") else None
        log.command(watched.run.id, Command(kind=kind, value=given), client=state["browser"], counter=counter)
    elif kind in (*LIVE_COMMANDS, "show"):
        over = watched is None or not watched.live
        why = "this run is over" if over else "only the browser that started this run can command it"
        state["notes"] = [f"Nothing was changed: {why}."]
