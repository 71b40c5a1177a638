"""What one browser tab looks at on the page Tune, as its address says it."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from app import present
from app.controls import BY_NAME, text
from app.plane import plane_measures, tuned, tuning_controls, wanted_plane
from app.plane.tuned import RECORDED, Tuned
from app.plane.tuning_snapshot import Cell, View, snapshot
from app.plane.wanted_plane import SHOWN
from kdcore import conventions
from kdcore.runs import RunLog

OWN = ("plane", "before", "cell", "measure", "convention", "yours")


@dataclass(frozen=True)
class Looking:
    """What is on screen, as the address says it. before: the plane whose region stays as a ghost."""

    plane: str = RECORDED
    before: str | None = None
    cell: Cell | None = None
    measure: str = plane_measures.VALIDATION.name
    convention: str = "ours"
    yours: tuple[float, float] | None = None

    def address(self) -> dict[str, str]:
        """The parameters that lead here; what is as usual is left out."""
        usual = Looking()
        said = {
            "plane": self.plane,
            "before": self.before or "",
            "cell": f"{self.cell[0]},{self.cell[1]}" if self.cell else "",
            "measure": self.measure,
            "convention": self.convention,
            "yours": f"{self.yours[0]:g},{self.yours[1]:g}" if self.yours else "",
        }
        return {name: value for name, value in said.items() if value and value != getattr(usual, name)}


def looking() -> Looking:
    """What this tab looks at."""
    found: Looking = st.session_state.setdefault("tuning", Looking())
    return found


def arrive(log: RunLog) -> Tuned | None:
    """Follow the address where it is new; the plane that is shown."""
    state = st.session_state
    given = {name: value for name, value in st.query_params.to_dict().items() if name in (*OWN, *SHOWN)}
    if state.get("tuning_address") != given:
        state["tuning_notes"] = []
        if given or "tuning" not in state:
            _follow_address(log, given)
    state["tuning_notes"] = state.get("tuning_notes", []) + tuning_controls.settle()
    shown = now(log)
    state["tuning_drawn"] = looking().plane, looking().cell
    write_address(shown)
    return shown


def turn_to(log: RunLog, plane_id: str) -> None:
    """Look at another plane."""
    _follow_address(log, {"plane": plane_id})
    write_address(now(log))


def _follow_address(log: RunLog, given: dict[str, str]) -> None:
    state = st.session_state
    state.setdefault("tuning_notes", [])
    plane_id = given.get("plane", RECORDED)[:40]
    found = tuned.look(log, plane_id)
    if found is None:
        if plane_id != RECORDED:
            state["tuning_notes"].append(f"There is no plane {plane_id[:20]!r} in this log (any more).")
        plane_id, found = RECORDED, tuned.look(log, RECORDED)
    cell, yours = _pair(given.get("cell"), int), _pair(given.get("yours"), float)
    state["tuning"] = Looking(
        plane=plane_id,
        before=given["before"] if tuned.look(log, given.get("before", "")[:40]) else None,
        cell=cell if cell and inside(found, cell) else None,
        measure=given["measure"] if given.get("measure") in plane_measures.BY_NAME else Looking.measure,
        convention=given["convention"] if given.get("convention") in conventions.BY_NAME else "ours",
        yours=yours if yours and possible(*yours) else None,
    )
    if found is not None:
        tuning_controls.put(found.plane)
    values = {name: value for name, value in given.items() if name in SHOWN}
    if values and plane_id == RECORDED:
        state["tuning_notes"] += tuning_controls.put_values(values)


def _pair(given: str | None, kind: type) -> Any:
    """Two numbers with a comma between them; None where they are none."""
    try:
        first, second = (kind(part) for part in (given or "").split(","))
    except ValueError:
        return None
    return first, second


def inside(shown: Tuned | None, cell: Cell) -> bool:
    """Whether the plane has such a cell."""
    return shown is not None and 0 <= cell[0] < shown.shape[1] and 0 <= cell[1] < shown.shape[0]


def possible(alpha: float, temperature: float) -> bool:
    """Whether a loss can have these numbers."""
    return 0 <= alpha <= 1 and 0 < temperature < 1e6


def now(log: RunLog) -> Tuned | None:
    """The plane that is shown, up to date."""
    return tuned.look(log, looking().plane)


def moved_on() -> bool:
    """Whether the page must be drawn anew: another plane, or another page."""
    state = st.session_state
    return "tuning_go" in state or state.get("tuning_drawn") != (looking().plane, looking().cell)


def go() -> None:
    """Leave for the page that was asked for, if one was."""
    wanted = st.session_state.pop("tuning_go", None)
    if wanted is not None:
        page, query = wanted
        st.switch_page(f"screens/{page}.py", query_params=query)


def view(shown: Tuned | None) -> View:
    """How this tab looks at it, for the snapshot."""
    state, here = st.session_state, looking()
    wanted = tuning_controls.wanted()
    return View(
        cell=here.cell,
        measure=here.measure,
        convention=here.convention,
        yours=here.yours,
        browser=state.get("browser", ""),
        notes=tuple(dict.fromkeys(state.get("tuning_notes", []))),
        cannot=tuple(wanted) if isinstance(wanted, list) else (),
        changed=tuple(wanted_plane.changes(wanted, shown.plane)) if shown else (),
        present=present.on(),
    )


def picture(log: RunLog) -> dict[str, Any]:
    """What the component is told now."""
    shown, before = now(log), looking().before
    return snapshot(shown, view(shown), tuned.look(log, before) if before else None)


def know(browser: Any) -> None:
    """The browser has said which one it is."""
    if isinstance(browser, str) and browser:
        st.session_state["browser"] = browser[:80]


def write_address(shown: Tuned | None) -> None:
    """The address leads to what is on screen; what other parts of the page say there stays."""
    wanted = looking().address()
    if shown is None or shown.study is None:
        values, usual = tuning_controls.values(), wanted_plane.usual_values()
        wanted |= {name: text(BY_NAME[name], values[name]) for name in SHOWN if values[name] != usual[name]}
    has = st.query_params.to_dict()
    for name in (*OWN, *SHOWN):
        if name in has and name not in wanted:
            del st.query_params[name]
    for name, value in wanted.items():
        if has.get(name) != value:
            st.query_params[name] = value
    st.session_state["tuning_address"] = wanted
