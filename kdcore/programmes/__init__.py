"""All programmes: who teaches whom, in which stages. A new one is a new file in this folder.

A programme adds arms to an experiment, so it is raced against plain distillation and the control in one run, on the
same seeds and batches; teachers that have to learn first do so as runs of their own. Where moving the knowledge takes
a method of its own, its file declares it, and it is registered here: `kdcore.methods` knows nothing of programmes.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdcore import methods
from kdcore.parts import Arm

if TYPE_CHECKING:
    from kdcore.experiment import Experiment

__all__ = ["Programme", "declare", "get", "names"]


@dataclass(frozen=True)
class Programme:
    """Who teaches whom.

    arms: the arms that it adds to an experiment, the plain one it is measured by among them; one that is there already
    by its name is not added again. It raises ValueError with a sentence where it cannot work with the experiment.
    """

    name: str
    arms: "Callable[[Experiment], tuple[Arm, ...]]"
    source: str

    @property
    def about(self) -> str:
        """The first line of what its arms say of themselves."""
        return (inspect.getdoc(self.arms) or "").split("\n", 1)[0]


_programmes: dict[str, Programme] = {}


def names() -> list[str]:
    """The names of all programmes, sorted."""
    return sorted(_programmes)


def get(name: str) -> Programme:
    """The programme of that name; KeyError naming those there are."""
    if name not in _programmes:
        raise KeyError(f"there is no programme {name!r}; there are {', '.join(names())}")
    return _programmes[name]


def declare(method: methods.Method) -> bool:
    """Whether a method stands in a programme's file, for it only makes sense there."""
    return method.function.__module__.startswith(f"{__name__}.")


for _found in pkgutil.iter_modules(__path__):
    _module = importlib.import_module(f"{__name__}.{_found.name}")
    for _value in vars(_module).values():
        if isinstance(_value, methods.Method) and inspect.getmodule(_value.function) is _module:
            methods.register(_value)
    if hasattr(_module, "arms"):
        _source = (inspect.getdoc(_module) or "").split("\n\n", 1)[0]
        _programmes[_found.name] = Programme(_found.name, _module.arms, _source)
