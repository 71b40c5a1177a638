"""What a run says to a claim and to a prediction, in sentences."""

import math

from app.lessons import Question
from kdcore.claims import Claim, Measured


def compared(question: Question, predicted: str | float | None, right: str | float | None) -> str:
    """A prediction beside what this run says; `predicted` None: there was none."""
    if right is None:
        return "This run cannot answer the question: not every student came to the end."
    if isinstance(right, str):
        if predicted is None:
            return f"This run says: **{right}**."
        return f"You said **{predicted}**. " + (
            "So does this run." if predicted == right else f"This run says **{right}**."
        )
    measured = f"this run measured **{_number(right, question)}**"
    if not isinstance(predicted, int | float):
        return f"{measured[0].upper()}{measured[1:]}."
    apart = f"{_number(abs(right - predicted), question)} apart"
    return f"You said **{_number(predicted, question)}**; {measured}, {apart}."


def verdict(claim: Claim, measured: Measured) -> str:
    """One line: what was measured, on what it rests, and whether the claim holds in this run."""
    if measured.holds is None:
        return f"*Not measured:* {claim.text} Not every student came to the end, or too little of this run is kept."
    held = "**Holds.**" if measured.holds else "**Does not hold in this run.**"
    return f"{held} {claim.text} Measured: {spoken(claim, measured)}."


def spoken(claim: Claim, measured: Measured) -> str:
    """The value with its interval and what they rest on: "+9.9 points (95 % interval 8.1 to 11.7; 8 seeds)"."""
    signed = claim.other is not None and claim.statistic == "mean"
    unit = " %" if measured.unit == "points" and not signed and claim.statistic == "mean" else _unit(measured.unit)
    digits = {"": 2, "nats": 2, "% of seeds": 0}.get(measured.unit, 1)
    value = f"{measured.value:{'+' if signed else ''}.{digits}f}".replace("-", "−")
    seeds = "1 seed" if measured.n == 1 else f"{measured.n} seeds"
    if not math.isfinite(measured.low):
        return f"{value}{unit} ({seeds}, so no interval)"
    low, high = (f"{bound:.{digits}f}".replace("-", "−") for bound in (measured.low, measured.high))
    return f"{value}{unit} (95 % interval {low} to {high}; {seeds})"


def _number(value: float, question: Question) -> str:
    digits = 1 if question.unit else 2
    return f"{value:.{digits}f}".removesuffix(".0").replace("-", "−") + _unit(question.unit)


def _unit(unit: str) -> str:
    return f" {unit}" if unit else ""
