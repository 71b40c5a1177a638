"""Networks of one's own: torch modules by name, known in the process in which they were registered."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from typing import TYPE_CHECKING, Any

from kdcore.kinds import KINDS

if TYPE_CHECKING:
    from torch import nn

RESERVED = (*KINDS, "table", "linear")
_name = re.compile(r"[A-Za-z]\w{0,39}")
_known: dict[str, tuple[Callable[..., Any], int]] = {}
_revisions = count(1)


def register(factory: Callable[..., Any], name: str | None = None) -> str:
    """Make a factory known by its name, by default its own; one that was registered under it before is replaced.

    factory: called as `factory()`, or as `factory(input_shape, classes)` where it requires two arguments. It returns a
    new module each time, whose forward takes `[batch, *input]` and returns logits `[batch, class]` or a Signal.
    Raises ValueError for a name that cannot be.
    """
    chosen = str(name or getattr(factory, "__name__", ""))
    if not _name.fullmatch(chosen) or chosen.lower() in RESERVED:
        raise ValueError(
            f"a network needs a name of letters and digits, other than {', '.join(RESERVED)}; got {chosen!r}. "
            "Network.from_module(factory, name=...) gives it one"
        )
    if _required(factory) not in (0, 2):
        raise ValueError(f"{chosen} must be callable without arguments or with (input_shape, classes)")
    _known[chosen] = (factory, next(_revisions))
    return chosen


def names() -> list[str]:
    """The names of the networks registered in this process."""
    return sorted(_known)


def revision(name: str) -> int:
    """A number that changes when another factory is registered under the name; 0 for a name that is not known."""
    return _known[name][1] if name in _known else 0


def build(name: str, input_shape: tuple[int, ...], classes: int) -> nn.Module:
    """A new module as a network of the cohort, with the initial weights that torch's global generator gives.

    Raises ValueError where it cannot be trained in a cohort, or does not answer with logits `[batch, class]`.
    """
    from kdcore.networks.own import Own

    factory, _ = _known[name]
    module = factory(input_shape, classes) if _required(factory) == 2 else factory()
    return Own(name, module, input_shape, classes)


def parameters(name: str, input_shape: tuple[int, ...], classes: int) -> int:
    """How many weights it has for such data. Raises ValueError where it cannot be trained on them."""
    return _parameters(name, input_shape, classes, revision(name))


@lru_cache(maxsize=64)
def _parameters(name: str, input_shape: tuple[int, ...], classes: int, revision: int) -> int:
    import torch

    from kdcore.networks.stacked import Stacked

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        network = build(name, input_shape, classes)
        try:
            Stacked([network, network])(torch.zeros(2, *input_shape), shared=True)
        except RuntimeError as error:
            raise ValueError(f"{name} cannot be put under torch.func.vmap, as a cohort is: {error}") from error
    return sum(weight.numel() for weight in network.parameters())


def _required(factory: Callable[..., Any]) -> int:
    """How many arguments a factory cannot do without."""
    given = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(factory).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return len(needed) if all(p.kind in given for p in needed) else -1
