"""What a comparison found: differences to the baseline, what they rest on, and the sentence that says it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.charts.common import Array
from app.comparison.entries import Entry
from app.comparison.looks import MEASURES, Measure
from kdcore import datasets, statistics
from kdcore.experiment import Teacher

EFFECT = 0.5
MOST_MORE = 32
USUAL_MORE = 8
PAIRED = "In pairs by seed."


@dataclass(frozen=True)
class Finding:
    """An entry against the baseline, in the unit of the measure's differences.

    difference: entry minus baseline, None where there can be none; `corrected` is p after Holm's correction over all
    entries, None where it is the only one; `why` says what it rests on, or why there is none; `spread` is the standard
    deviation of the differences between seeds, NaN without pairs; `resampled` is the bootstrap interval of the pairs,
    from 20 of them on.
    """

    entry: Entry
    difference: statistics.Difference | None
    why: str
    spread: float = math.nan
    corrected: float | None = None
    resampled: statistics.Estimate | None = None

    @property
    def p(self) -> float:
        """The p value that counts."""
        if self.corrected is not None:
            return self.corrected
        return self.difference.p if self.difference else math.nan

    @property
    def verdict(self) -> str:
        """above, below, same (cannot be told apart), few (n too small to say) or none."""
        found = self.difference
        if found is None or not math.isfinite(found.mean):
            return "none"
        if found.too_few or not math.isfinite(self.p):
            return "few"
        if self.p > statistics.LEVEL:
            return "same"
        return "above" if found.mean > 0 else "below"


def against(baseline: Entry, entries: Sequence[Entry], measure: str) -> list[Finding]:
    """Every other entry against the baseline, with Holm's correction where they are several.

    All entries take part, drawn or not: what is hidden changes nothing.
    """
    found = [_against(baseline, entry, measure) for entry in entries if entry.key != baseline.key]
    tested = [each for each in found if each.difference is not None and math.isfinite(each.difference.p)]
    if len(tested) < 2:
        return found
    corrected = statistics.holm([each.difference.p for each in tested if each.difference])
    by_key = {each.entry.key: p for each, p in zip(tested, corrected, strict=True)}
    return [replace(each, corrected=by_key.get(each.entry.key)) for each in found]


def _against(baseline: Entry, entry: Entry, measure: str) -> Finding:
    if refusal := unlike(baseline, entry):
        return Finding(entry, None, refusal)
    if (entry.live or baseline.live) and entry.step != baseline.step:
        steps = f"{baseline.letter} is at step {baseline.step}, {entry.letter} at step {entry.step}"
        return Finding(entry, None, f"{steps}: they are compared when both have ended.")
    scale = MEASURES[measure].scale
    ours, theirs = entry.last(measure) * scale, baseline.last(measure) * scale
    if not len(ours) or not len(theirs) or np.isnan(ours).all() or np.isnan(theirs).all():
        return Finding(entry, None, f"{MEASURES[measure].label} is not measured in both.")
    stopped = [each.letter for each, values in ((baseline, theirs), (entry, ours)) if np.isnan(values).any()]
    if stopped:
        return Finding(entry, None, f"Students of {' and '.join(stopped)} diverged, so there is no mean to compare.")
    lost = _pairing_lost(baseline, entry)
    common = sorted(set(entry.seeds) & set(baseline.seeds))
    if lost or len(common) < min(statistics.FEWEST_SEEDS, len(entry.seeds), len(baseline.seeds)) or not common:
        lost = lost or "they have not enough seeds in common"
        return Finding(entry, statistics.unpaired(ours, theirs), f"Not in pairs: {lost}.")
    ours, theirs = _of_seeds(entry, ours, common), _of_seeds(baseline, theirs, common)
    spread = float((ours - theirs).std(ddof=1)) if len(common) > 1 else math.nan
    beyond = len(set(entry.seeds) ^ set(baseline.seeds))
    why = f"In pairs by seed; {beyond} that only one of them has {'is' if beyond == 1 else 'are'} left out."
    many = len(common) >= statistics.FEWEST_TO_BOOTSTRAP
    resampled = statistics.bootstrap(ours, theirs) if many else None
    return Finding(entry, statistics.paired(ours, theirs), why if beyond else PAIRED, spread, resampled=resampled)


def _of_seeds(entry: Entry, values: Array, seeds: Sequence[int]) -> Array:
    return np.array([value for seed, value in zip(entry.seeds, values, strict=True) if seed in seeds])


def unlike(a: Entry, b: Entry) -> str:
    """Why a difference of these two would mean nothing; empty where it means something."""
    first, second = a.first.run.experiment, b.first.run.experiment
    if first.dataset != second.dataset:
        names = f"{datasets.title(first.dataset)} and {datasets.title(second.dataset)}"
        return f"{a.letter} and {b.letter} were tested on different data ({names}): a difference would mean nothing."
    if first.facts.classes != second.facts.classes:
        return f"{a.letter} and {b.letter} tell different classes apart: a difference would mean nothing."
    return ""


def _pairing_lost(a: Entry, b: Entry) -> str:
    """Why seeds of these two are no pairs, though their data are the same; empty where they are."""
    first, second = a.first.run.experiment, b.first.run.experiment
    if first.split != second.split:
        return (
            f"they saw different splits ({first.split} and {second.split}) with different teachers, and one split each "
            "says nothing about what another one would give"
        )
    heard = [_teacher(entry) for entry in (a, b)]
    if None not in heard and heard[0] != heard[1]:
        return "they had different teachers, and one teacher each says nothing about what another one would give"
    return ""


def _teacher(entry: Entry) -> Teacher | None:
    """The teacher that an entry's students hear, None where they hear none."""
    experiment = entry.first.run.experiment
    arm = next(arm for arm in experiment.arms if arm.name == entry.role.name)
    return (arm.teacher or experiment.teacher) if arm.hears_teacher else None


def number(value: float, measure: Measure, *, sign: bool = False) -> str:
    """A difference in the measure's unit, without it: "1.2", "−0.4"."""
    digits = measure.digits
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", "−") if math.isfinite(value) else "–"


def p_text(p: float) -> str:
    """A p value as people write it."""
    return "–" if not math.isfinite(p) else "< 0.001" if p < 0.001 else f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def said(finding: Finding, baseline: Entry, measure: str) -> str:
    """One finding as a sentence with all it rests on."""
    kind, entry, found = MEASURES[measure], finding.entry, finding.difference
    if found is None or finding.verdict == "none":
        return finding.why
    unit = f" {kind.unit_of_difference}".rstrip()
    size = number(abs(found.mean), kind) + unit
    side = "above" if found.mean > 0 else "below"
    seeds = _basis(finding, baseline)
    if finding.verdict == "few":
        return f"{entry.letter} is {size} {side} {baseline.letter}; n is too small to say more ({seeds})"
    p = f"{'Holm-corrected p' if finding.corrected is not None else 'p'} {p_text(finding.p)}"
    apart = finding.verdict != "same"
    boot = f"; bootstrap {_ends(finding.resampled, kind, apart)}" if finding.resampled else ""
    basis = f"(95 % interval {_ends(found, kind, apart)}{boot}; {seeds}, {p})"
    if apart:
        return f"{entry.letter} is {size} {side} {baseline.letter} {basis}"
    return f"{entry.letter} cannot be told apart from {baseline.letter} {basis}"


def _ends(estimate: statistics.Estimate, kind: Measure, apart: bool) -> str:
    """Both ends in words: as sizes, smaller first, where the side is said; else with their signs."""
    low, high = estimate.low, estimate.high
    if apart and low * high > 0:
        low, high = sorted((abs(low), abs(high)))
    return f"{number(low, kind, sign=not apart)} to {number(high, kind, sign=not apart)}"


def _basis(finding: Finding, baseline: Entry) -> str:
    found = finding.difference
    assert found is not None
    if found.paired:
        return f"{found.n} seed{'' if found.n == 1 else 's'} in pairs"
    return f"{len(finding.entry.seeds)} and {len(baseline.seeds)} seeds, not in pairs"


def headline(baseline: Entry | None, findings: Sequence[Finding], measure: str) -> str:
    """The sentence of what was found: one finding in full, several in short."""
    if baseline is None:
        return "Choose a run to see it here"
    label = MEASURES[measure].label
    if not findings:
        return f"{baseline.letter} alone: nothing to compare it with yet"
    if len(findings) == 1:
        return f"{label[0].upper()}{label[1:]}: {said(findings[0], baseline, measure).rstrip('.')}"
    yet = " yet" if baseline.live or any(each.entry.live for each in findings) else ""
    kinds = {
        "above": f"above {baseline.letter}",
        "below": f"below {baseline.letter}",
        "same": f"cannot be told apart from {baseline.letter}",
        "few": "with too few seeds to say",
        "none": f"cannot be compared with {baseline.letter}{yet}",
    }
    parts = []
    for verdict, words in kinds.items():
        which = [each for each in findings if each.verdict == verdict]
        if not which:
            continue
        letters = _listed([_sized(each, measure) for each in which])
        verb = "" if verdict in ("same", "none") else "is " if len(which) == 1 else "are "
        parts.append(f"{letters} {verb}{words}")
    return f"{label[0].upper()}{label[1:]}: {'; '.join(parts)}"


def _sized(finding: Finding, measure: str) -> str:
    if finding.verdict not in ("above", "below") or finding.difference is None:
        return finding.entry.letter
    return f"{finding.entry.letter} ({number(finding.difference.mean, MEASURES[measure], sign=True)})"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def power(findings: Sequence[Finding], measure: str) -> dict[str, Any] | None:
    """How many seeds a small difference would take, from the largest measured spread; None where nothing tells it."""
    if MEASURES[measure].unit_of_difference != "points":
        return None
    known = [each for each in findings if each.verdict not in ("none", "few") and math.isfinite(each.spread)]
    if not known:
        return None
    widest = max(known, key=lambda each: each.spread)
    have = widest.difference.n if widest.difference else 0
    needed = statistics.seeds_needed(widest.spread, EFFECT)
    text = f"To see {EFFECT:g} points you need about {needed} seeds in pairs; there are {have}."
    more = min(max(needed - have, 1), MOST_MORE) if needed > have else USUAL_MORE
    return {"text": text, "more": more}
