"""A method as plain torch: its own source with that of what it calls, so that a new method can be copied at once."""

import inspect
from collections.abc import Callable, Iterator
from types import CodeType, FunctionType
from typing import Any

from kdcore.experiment import Arm
from kdcore.methods import Method, get

# Annotations of knobs name types that are only of use in this program: they are never evaluated.
IMPORTS = """\
from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
"""
SIGNAL = '''

@dataclass
class Signal:
    """What one network says about a batch."""

    logits: Tensor
'''
SOFT = """\
    terms = {name}(Signal(student_logits), Signal(teacher_logits), labels{inputs})
    soft = sum(term.mean() for term in terms.values())
"""
PARTS = {
    "view": "it changes the data that its students see",
    "trains": "it lets only some blocks of the student learn at a time",
    "side": "pieces beside the student are trained with it",
    "prepare": "it first works out constants from what the teacher says about all examples",
}
"""What a declaration may have that no function of one batch's logits can hold, in words for people."""
INPUTS = {
    "base": "it compares with what both networks said before they learnt",
    "members": "it hears each member of an ensemble of teachers",
    "inputs": "it reads the inputs themselves",
    "generator": "it draws random numbers of its own at every step",
    "ids": "it must know which examples the batch holds",
}


def obstacle(method: Method) -> str | None:
    """Why a method cannot be copied as a function of logits, labels and progress, for the reader; None where it can."""
    reasons = [said for part, said in PARTS.items() if getattr(method, part)]
    if set(method.needs) - {"logits", "labels"}:
        reasons.append("it reads more of both networks than their logits")
    reasons += [said for name, said in INPUTS.items() if name in method.supplied]
    if reasons:
        return f"{method.name} cannot be copied as a function of logits and labels: {' and '.join(reasons[:2])}."
    if not method.function.__module__.startswith("kdcore."):
        return f"{method.name} is not written down as plain torch: it is not a method of this program."
    return None


def written(arm: Arm) -> tuple[str, str]:
    """The functions that an arm's loss needs, and the lines that call them.

    Raises ValueError with the sentence of `obstacle` for a method that asks for more than logits, labels and progress.
    """
    method = get(arm.method)
    reason = obstacle(method)
    if reason:
        raise ValueError(reason)
    sources: dict[str, str] = {}
    _collect(method.function, sources)
    inputs = ", progress=progress" if "progress" in method.supplied else ""
    inputs += "".join(f", {name}={value!r}" for name, value in arm.knobs.items() if name != "standardise")
    functions = SIGNAL + "".join(f"\n\n{source}" for source in sources.values())
    return functions, SOFT.format(name=method.function.__name__, inputs=inputs)


def _collect(function: Callable[..., Any], sources: dict[str, str]) -> None:
    """Put a function's source, without decorators, behind those of the functions of this program that it calls."""
    assert isinstance(function, FunctionType)
    for name in _names(function.__code__):
        used = function.__globals__.get(name)
        used = used.function if isinstance(used, Method) else used
        if isinstance(used, FunctionType) and used.__module__.startswith("kdcore.") and name not in sources:
            _collect(used, sources)
    lines = inspect.getsource(function).splitlines(keepends=True)
    begins = next(number for number, line in enumerate(lines) if line.startswith("def "))
    sources[function.__name__] = "".join(lines[begins:])


def _names(code: CodeType) -> Iterator[str]:
    """All names that a piece of code uses, in its inner expressions too."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
