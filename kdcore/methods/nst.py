"""Like what you like: neuron selectivity transfer, NST (Huang, Wang 2017, arXiv:1707.01219), section 4, (x y)^2."""

from torch import Tensor
from torch.nn import functional

from kdcore.layers import matched, one_position
from kdcore.methods.declaration import Terms, method
from kdcore.signal import Signal


def alike(first: Tensor, second: Tensor) -> Tensor:
    """Mean kernel between the channels of two layers `[..., batch, channel, position]`: `[..., batch]`."""
    return (first @ second.mT).square().mean((-1, -2))


@method(
    needs=("maps",),
    weight=50.0,
    fits=one_position,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def nst(student: Signal, teacher: Signal, labels: Tensor) -> Terms:
    """What patterns over positions the channels prefer, as a distribution: which channel has which does not matter.

    Returns `selectivity [..., batch]`, summed over pairs of layers: squared maximum mean discrepancy between the
    student's and the teacher's channels of an example, each channel at unit length, with a quadratic kernel.
    """
    terms = []
    for pair in matched(student, teacher):
        ours, theirs = (functional.normalize(maps.flatten(-2), dim=-1) for maps in pair)
        terms.append(alike(theirs, theirs) + alike(ours, ours) - 2 * alike(ours, theirs))
    return {"selectivity": sum(terms[1:], start=terms[0])}
