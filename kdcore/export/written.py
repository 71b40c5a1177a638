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
    terms = {name}(Signal(student_logits), Signal(teacher_logits), labels{knobs})
    soft = sum(term.mean() for term in terms.values())
"""


def written(arm: Arm) -> tuple[str, str]:
    """The functions that an arm's loss needs, and the lines that call them.

    Raises ValueError for a method that asks for more than logits and labels.
    """
    method = get(arm.method)
    ours = method.function.__module__.startswith("kdcore.")
    if not ours or not set(method.needs) <= {"logits", "labels"} or method.supplied or method.prepare or method.side:
        raise ValueError(f"{arm.method} is not written down as plain torch yet")
    sources: dict[str, str] = {}
    _collect(method.function, sources)
    knobs = "".join(f", {name}={value!r}" for name, value in arm.knobs.items() if name != "standardise")
    functions = SIGNAL + "".join(f"\n\n{source}" for source in sources.values())
    return functions, SOFT.format(name=method.function.__name__, knobs=knobs)


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
