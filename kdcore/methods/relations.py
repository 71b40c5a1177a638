"""What methods share that compare the examples of a batch with each other: lengths and directions that have a slope."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from kdcore.methods.declaration import Shapes


def lengths(vectors: Tensor) -> Tensor:
    """Length of `[..., unit]` vectors, `[...]`; torch's norm, whose gradient at zero is zero rather than undefined."""
    far: Tensor = torch.linalg.vector_norm(vectors, dim=-1)
    return far


def directions(vectors: Tensor) -> Tensor:
    """`[..., unit]` vectors at length one; one that is zero stays zero and has no gradient."""
    far = lengths(vectors)
    return vectors * torch.where(far == 0, torch.inf, far).reciprocal().unsqueeze(-1)


def huber(said: Tensor, taught: Tensor) -> Tensor:
    """Half the square of a gap up to one, a straight line beyond, entry by entry; `taught` may lack leading axes."""
    return functional.smooth_l1_loss(said, taught.expand_as(said), reduction="none")


class Embedding(nn.Module):
    """Brings both networks' last layers to one width; both ways are learnt."""

    def __init__(self, student: Shapes, teacher: Shapes, width: int) -> None:
        super().__init__()
        ours, theirs = (math.prod(next(iter(shapes.values()))) for shapes in (student, teacher))
        self.ours, self.theirs = nn.Linear(ours, width), nn.Linear(theirs, width)

    def forward(self, student: Tensor, teacher: Tensor) -> tuple[Tensor, Tensor]:
        """`[batch, unit]` each, to `[batch, width]` each."""
        return self.ours(student), self.theirs(teacher)
