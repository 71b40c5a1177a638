"""Paying more attention to attention (Zagoruyko, Komodakis, ICLR 2017, arXiv:1612.03928), section 3.1, eq. 2."""

from typing import Annotated, Literal

from torch import Tensor
from torch.nn import functional

from kdcore.layers import along, matched, one_position
from kdcore.methods.declaration import Range, Terms, method
from kdcore.signal import Signal


def looks(maps: Tensor, power: float | Tensor) -> Tensor:
    """Where a layer is active, as a vector of length 1 over positions: `[..., batch, position]`."""
    size = maps.abs() if isinstance(power, Tensor) or power != 2 else maps
    return functional.normalize(size.pow(along(power, 3)).mean(-3).flatten(-2), dim=-1)


@method(
    needs=("maps",),
    weight=1000.0,
    fits=one_position,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def attention(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    power: Annotated[float, Range(1, 4)] = 2.0,
    variant: Literal["released code", "paper"] = "released code",
) -> Terms:
    """The student is to be active where the teacher is, whatever its channels say there.

    Returns `attention [..., batch]`, summed over pairs of layers: mean over positions of the squared difference between
    the two maps of attention, each the mean over channels of |activity|^power at unit length. The paper writes the
    length of the difference instead, which `variant="paper"` gives, halved as there. Larger maps are averaged down.
    """
    gaps = [looks(ours, power) - looks(theirs, power) for ours, theirs in matched(student, teacher)]
    if variant == "paper":
        return {"attention": sum((gap.norm(dim=-1) / 2 for gap in gaps[1:]), start=gaps[0].norm(dim=-1) / 2)}
    return {"attention": sum((gap.square().mean(-1) for gap in gaps[1:]), start=gaps[0].square().mean(-1))}
