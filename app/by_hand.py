"""Another method is chosen: temperature, weights and knobs go to its usual values, or to those it had by hand."""

from typing import Any

from app import method_list
from app.controls import BY_NAME, OF_METHODS, Control, Values, applies, clamp, spoken, table

Memory = dict[str, Values]
"""What was set by hand in this tab, by method."""


def with_method(held: Values, before: str, memory: Memory) -> tuple[Values, list[str]]:
    """The values that are wanted where widgets hold these, and one quiet line where another method brought its own.

    before: the method for which they were set; what of them is not as that method has it is remembered.
    """
    method = str(clamp(BY_NAME["method"], held["method"])[0])
    if method == before:
        return held, []
    theirs = [control for control in table(before) if _is_of(control)]
    memory[before] = {c.name: held[c.name] for c in theirs if applies(c, before) and held[c.name] != c.default}
    rest = {name: value for name, value in held.items() if name not in {control.name for control in theirs}}
    ours = {control.name: control.default for control in table(method) if _is_of(control)}
    own = ours | memory.get(method, {})
    return rest | own, _line(method, before, held, own, set(memory.get(method, {})))


def _is_of(control: Control) -> bool:
    return bool(control.method) or control.name in OF_METHODS


def _line(method: str, before: str, held: Values, own: Values, by_hand: set[str]) -> list[str]:
    """What moved, in a line: "Temperature 1 and weight 1, as in its paper."; nothing where nothing did."""

    def moved(control: Control) -> bool:
        if control.name == "weight" or control.name in by_hand:
            return True
        was: Any = held[control.name] if control.name in OF_METHODS and applies(control, before) else None
        return control.name in OF_METHODS and applies(control, method) and own[control.name] != was

    usual = [control for control in table(method) if moved(control) and control.name not in by_hand]
    kept = [control for control in table(method) if moved(control) and control.name in by_hand]
    where = "as in its paper" if method_list.from_paper(method) else "as usual"
    parts = [f"{_said(usual, own)}, {where}"] if usual else []
    parts += [f"{_said(kept, own)}, as you had it"] if kept else []
    line = "; ".join(parts)
    return [f"{line[0].upper()}{line[1:]}."] if line else []


def _said(controls: list[Control], own: Values) -> str:
    words = [f"{control.label} {spoken(control, own[control.name])}" for control in controls]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
