"""Null control: the teacher's own numbers, on the wrong wrong-classes."""

import torch
from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.methods.hinton import hinton
from kdcore.signal import Signal


def wrong_places(teacher: Signal, labels: Tensor) -> Tensor:
    """For each example a fixed random order of its wrong classes, the first choice staying: `[example, class]`."""
    first_choice = teacher.logits.argmax(-1, keepdim=True)
    generator = torch.Generator().manual_seed(20150309)
    order = torch.rand(teacher.logits.shape, generator=generator).scatter(-1, first_choice, -1.0).argsort(-1)
    places = torch.arange(teacher.logits.shape[-1]).expand_as(order).scatter(-1, first_choice, -1).sort(-1).values
    places[:, :1] = first_choice
    return torch.empty_like(order).scatter(-1, places, order)


# Not zero at identity, and no class permutation: which class gets whose number is a fixed draw.
@method(
    needs=("logits",),
    alpha=0.9,
    prepare=wrong_places,
    invariant=("batch permutation", "batch duplication"),
)
def shuffled(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    ids: Tensor,
    prepared: Tensor,
    temperature: Temperature = 4.0,
    t_squared: bool = True,
) -> Terms:
    """The same opinions in the wrong places: as soft as the teacher, and false.

    Returns `soft [..., batch]`, as `hinton` does, towards the teacher's logits with those of the wrong classes
    exchanged among each other, by an order drawn once for each example.
    """
    exchanged = Signal(teacher.logits.gather(-1, prepared[ids].expand(teacher.logits.shape)))
    return hinton(student, exchanged, labels, temperature=temperature, t_squared=t_squared)
