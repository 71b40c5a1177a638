"""What the report of a comparison says: words and tables. The browser adds the figures."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from app import share
from app.comparison import differing, findings
from app.comparison.entries import Entry, gather
from app.comparison.findings import PAIRED, Finding
from app.comparison.looks import MEASURES, Look, look_of
from app.comparison.pairing import Unfit
from kdcore import statistics
from kdcore.runs import RunLog


def report(log: RunLog, given: Mapping[str, str]) -> dict[str, Any]:
    """Everything but figures, as plain JSON. `base` is the address under which the server was asked."""
    look, _ = look_of(given)
    gathered = gather(log, look)
    entries = gathered.entries
    if not entries:
        raise Unfit("There is nothing to report: none of these runs can be shown.")
    baseline = gathered.baseline(look)
    found = findings.against(baseline, entries, look.measure)
    by_key = {each.entry.key: each for each in found}
    names = differing.labels(entries)
    link = share.link("/compare", look.address(), given.get("base"))
    return {
        "title": findings.headline(baseline, found, look.measure),
        "sentences": _sentences(found, baseline, look),
        "results": [_head(look, baseline)]
        + [_row(entry, name, by_key.get(entry.key), look) for entry, name in zip(entries, names, strict=True)],
        "differing": _differing(entries),
        "common": [[name, differing.spoken(value)] for name, value in _common(entries)],
        "explained": explained(found),
        "runs": [[entry.letter, ", ".join(run.run.id for run in entry.runs), _when(entry)] for entry in entries],
        "link": link,
        "qr_url": share.qr_url(link),
        "when": f"Put together on {time.strftime('%d %B %Y')}.",
    }


def _sentences(found: list[Finding], baseline: Entry, look: Look) -> list[str]:
    sentences = [f"{findings.said(each, baseline, look.measure)}." for each in found if each.verdict != "none"]
    return [*sentences, *dict.fromkeys(f"{each.entry.letter}: {each.why}" for each in found if each.why != PAIRED)]


def _head(look: Look, baseline: Entry) -> list[str]:
    return ["", "", MEASURES[look.measure].label, "seeds", f"minus {baseline.letter}", "95 % interval", "p"]


def _row(entry: Entry, name: str, finding: Finding | None, look: Look) -> list[str]:
    measure = MEASURES[look.measure]
    values = entry.last(look.measure) * measure.scale
    mean = findings.number(statistics.interval(values).mean, measure) if len(values) else "–"
    row = [entry.letter, name, f"{mean} {measure.unit}".strip(), str(len(values))]
    if finding is None:
        return [*row, "baseline", "", ""]
    difference = finding.difference
    if difference is None or finding.verdict == "none":
        return [*row, "–", "", ""]
    ends = [findings.number(end, measure, sign=True) for end in (difference.low, difference.high)]
    p = "n too small" if finding.verdict == "few" else findings.p_text(finding.p)
    return [*row, findings.number(difference.mean, measure, sign=True), " to ".join(ends), p]


def _differing(entries: tuple[Entry, ...]) -> list[list[str]]:
    names, rows = differing.only_differing(entries)
    return [["", *(entry.letter for entry in entries)], *([name, *row] for name, row in zip(names, rows, strict=True))]


def _common(entries: tuple[Entry, ...]) -> list[tuple[str, Any]]:
    apart = set(differing.only_differing(entries)[0])
    known = differing.settings(entries[0]).items()
    return [(name, value) for name, value in known if name not in apart and differing.spoken(value) != differing.ABSENT]


def explained(found: Sequence[Finding]) -> list[str]:
    """A sentence for each statistic that stands in these findings."""
    kinds = ["interval"]
    kinds += ["paired"] if any(each.difference and each.difference.paired for each in found) else []
    kinds += ["unpaired"] if any(each.difference and not each.difference.paired for each in found) else []
    kinds += ["bootstrap"] if any(each.resampled for each in found) else []
    kinds += ["holm"] if any(each.corrected is not None for each in found) else ["p"]
    kinds += ["too_few"] if any(each.verdict == "few" for each in found) else []
    return [statistics.EXPLAINED[kind] for kind in kinds]


def _when(entry: Entry) -> str:
    run = entry.first.run
    day = time.strftime("%d %B %Y", time.localtime(run.created))
    return f"{'recorded' if run.recorded else 'trained'} on {day}, {run.state} at step {entry.step}"
