"""All methods. A new one is a new file in this folder; everything else derives from its declaration."""

import importlib
import pkgutil

from kdcore.methods.declaration import Knob, Method, Range, Temperature, Terms, method, total

__all__ = ["Knob", "Method", "Range", "Temperature", "Terms", "get", "method", "names", "register", "total"]

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
    """The method of that name; KeyError naming those there are."""
    if name not in _methods:
        raise KeyError(f"there is no method {name!r}; there are {', '.join(names())}")
    return _methods[name]


for _module in pkgutil.iter_modules(__path__):
    for _value in list(vars(importlib.import_module(f"{__name__}.{_module.name}")).values()):
        if isinstance(_value, Method) and _value.name not in _methods:
            register(_value)
