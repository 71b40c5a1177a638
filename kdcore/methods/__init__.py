"""All methods. A new one is a new file in this folder; everything else derives from its declaration."""

import difflib
import importlib
import pkgutil

from kdcore.methods.declaration import Knob, Method, Range, Temperature, Terms, method, total

__all__ = ["Knob", "Method", "Range", "Temperature", "Terms", "get", "method", "names", "register", "total"]

SPINE = ("answers", "hard", "hinton", "label_smoothing", "shuffled", "smoothed")
"""Labels, opinions, and what opinions are compared with."""
_methods: dict[str, Method] = {}


def register(declared: Method) -> Method:
    """Make a method known by its name; ValueError where another one has it."""
    if _methods.setdefault(declared.name, declared) is not declared:
        raise ValueError(f"there is a method called {declared.name!r} already")
    return declared


def names() -> list[str]:
    """The names of all methods, sorted."""
    return sorted(_methods)


def get(name: str) -> Method:
    """The method of that name; KeyError naming the first to know and those whose names come nearest."""
    if name not in _methods:
        near = difflib.get_close_matches(name, names(), n=5, cutoff=0)
        raise KeyError(
            f"there is no method {name!r}; there are {', '.join(SPINE)} and {len(_methods) - len(SPINE)} others, "
            f"by name nearest are {', '.join(near)}"
        )
    return _methods[name]


for _module in pkgutil.iter_modules(__path__):
    for _value in list(vars(importlib.import_module(f"{__name__}.{_module.name}")).values()):
        if isinstance(_value, Method) and _value.name not in _methods:
            register(_value)
