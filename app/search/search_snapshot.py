"""What the component of the search is told: small, made of what its runs tell now."""

import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.charts import search as charts
from app.search import search_words as words
from kdcore.proposals import FEWEST_FOR_IMPORTANCE
from kdcore.runs import ENDED, Run, RunLog, Study, searches
from kdcore.searching import Search, Trial, best

KEPT = 32
_importance: dict[str, tuple[int, dict[str, float] | None]] = {}
_importance_lock = threading.Lock()


@dataclass(frozen=True)
class Looked:
    """A search as the log tells it now."""

    study: Study
    search: Search
    runs: Sequence[Run]
    trials: Sequence[Trial]

    @property
    def live(self) -> bool:
        """Whether it may still move."""
        return self.study.state == "running" or any(run.state not in ENDED for run in self.runs[-1:])


@dataclass(frozen=True)
class View:
    """How one person looks at a search; chosen: "search 7" or "random 7", None for the best."""

    chosen: str | None = None
    browser: str = ""
    notes: tuple[str, ...] = ()
    cannot: tuple[str, ...] = ()
    present: bool = False


def look(log: RunLog, study_id: str | None) -> Looked | None:
    """The search of that id; None where there is none, or where this version cannot read it."""
    study = log.study(study_id) if study_id else None
    if study is None or study.kind != "search":
        return None
    try:
        search = searches.search_of(study)
    except ValueError:
        return None
    runs = searches.runs_of(log, study.id)
    return Looked(study, search, runs, searches.trials(log, study, runs))


def snapshot(looked: Looked | None, view: View) -> dict[str, Any]:
    """Everything the component is told."""
    told: dict[str, Any] = {"study": None, "notes": list(view.notes), "cannot": " ".join(view.cannot)}
    if looked is not None:
        told |= _of_search(looked, view)
    return told | {"present": view.present, "version": f"{zlib.crc32(repr(told).encode()):08x}"}


def chosen_of(looked: Looked, name: str | None) -> int | None:
    """The place of the chosen trial, else of the best one."""
    named = [place for place, trial in enumerate(looked.trials) if trial.arm == name]
    top = best(looked.trials)
    return named[0] if named else looked.trials.index(top) if top is not None else None


def _of_search(looked: Looked, view: View) -> dict[str, Any]:
    study, search, trials = looked.study, looked.search, looked.trials
    place = chosen_of(looked, view.chosen)
    trial = trials[place] if place is not None else None
    revision = study.id
    budget = None if search.students is None else search.students / len(search.sides)
    shares = shares_of(looked)
    return {
        "study": study.id,
        "state": study.state,
        "says_state": words.state(study, looked.runs, trials),
        "live": looked.live,
        "mine": study.owner == view.browser,
        "reason": study.reason,
        "headline": words.headline(search, trials),
        "detail": words.made_of(search),
        "doubt": words.doubt(trials),
        "counted": words.counted(trials),
        "left_out": words.left_out(trials),
        "budget": _budget(looked),
        "best": charts.best_figure(trials, budget=budget, revision=revision, chosen=place),
        "slices": [
            {"title": charts.spoken(d.knob), "figure": charts.slice_figure(trials, d, revision=revision, chosen=place)}
            for d in search.space
        ],
        "importance": charts.importance_figure(shares, revision=revision),
        "says_importance": _says_importance(shares),
        "trial": None if trial is None else {"name": trial.arm, "numbers": words.numbers(trial)},
        "trials": len(trials),
        "rows": words.table(search, trials),
    }


def _budget(looked: Looked) -> dict[str, Any]:
    """What is spent of what, and how much more is offered where it is continued."""
    search = looked.search
    if search.students is not None:
        spent = sum(trial.students_cost for trial in looked.trials)
        more = max(search.students // 2, len(search.experiment.seed_list) * search.batch)
        return {"spent": f"{spent:,.0f}", "of": f"{search.students:,} students", "unit": "students", "more": more}
    seconds = searches.seconds_spent(looked.runs)
    more = max(10, round((search.seconds or 0) / 2))
    return {"spent": f"{seconds:,.0f}", "of": f"{search.seconds:g} seconds", "unit": "seconds", "more": more}


def _says_importance(shares: dict[str, float] | None) -> str:
    if not shares:
        return f"Said from {FEWEST_FOR_IMPORTANCE} finished trials on."
    first = max(shares, key=lambda knob: shares[knob])
    return f"{charts.spoken(first)} accounts for {shares[first] * 100:.0f} % of the variation among these trials."


def shares_of(looked: Looked) -> dict[str, float] | None:
    """How much each knob matters: worked out once for all who look, anew when more trials are done."""
    done = [trial for trial in looked.trials if trial.value is not None]
    with _importance_lock:
        count, shares = _importance.get(looked.study.id, (-1, None))
        if count != len(done):
            shares = searches.importance(looked.search, done)
            while len(_importance) >= KEPT:
                del _importance[next(iter(_importance))]
            _importance[looked.study.id] = len(done), shares
        return shares
