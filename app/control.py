"""One thing that a person can set: what it is called, which values it takes, where it stands."""

import math
from dataclasses import dataclass
from typing import Any, Literal

from app import method_list
from kdcore import datasets

Value = str | int | float | bool | list[int]
Values = dict[str, Any]
"""The canonical value of every control, by its name."""
Kind = Literal["choice", "network", "number", "whole", "amount", "classes", "switch"]

ALL = "all"
TABLE = "table"
"""The teacher whose answers are stored with the data."""
LIVE = ("temperature", "alpha", "learning_rate")
"""The controls of every method that act on a run while it goes on. So do numbers that are a method's own."""


@dataclass(frozen=True)
class Control:
    """One thing that can be set. `where`: first row, behind More, on the board, or in the address only.

    method: whose own it is, "" for those of every run. knob: what the engine calls it. log: its slider is logarithmic.
    """

    name: str
    label: str
    help: str
    kind: Kind
    default: Value
    where: Literal["first", "more", "board", "address"] = "more"
    low: float = -math.inf
    high: float = math.inf
    step: float = 1
    fixed: tuple[str, ...] = ()
    method: str = ""
    knob: str = ""
    log: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """What its list offers; data, methods and programmes are those that are there now, with people's own."""
        match self.name if not self.method else "":
            case "dataset":
                return tuple(datasets.names())
            case "method":
                return method_list.ordered()
            case "programme":
                return method_list.programmes()
        return self.fixed

    @property
    def key(self) -> str:
        """The key of its widget: methods have knobs of the same name with other bounds."""
        return f"{self.method}.{self.name}" if self.method else self.name

    @property
    def restarts(self) -> bool:
        """Whether a change of it takes a new run."""
        return self.name not in LIVE and not (self.method and self.kind == "number")
