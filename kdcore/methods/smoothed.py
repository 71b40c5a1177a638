"""Null control: as soft as the teacher, without an opinion about the wrong classes."""

import functools

import torch
from torch import Tensor

from kdcore.methods.declaration import Temperature, Terms, method
from kdcore.signal import Signal, entropy, kl_divergence, log_soft_labels


@functools.lru_cache(maxsize=8)
def _entropy_table(classes: int) -> tuple[Tensor, Tensor]:
    """Entropies, rising, and the log-odds of the first class at which a one-against-uniform-rest law has them."""
    log_odds = torch.linspace(60, 0, 4096, dtype=torch.float64)
    logits = torch.zeros(4096, classes, dtype=torch.float64)
    logits[:, 0] = log_odds
    return entropy(torch.log_softmax(logits, -1)).contiguous(), log_odds


def uniform_rest(log_probabilities: Tensor) -> Tensor:
    """Logits with the same first choice and the same entropy, all wrong classes alike: shape `[..., batch, class]`.

    The size of the one logit that is not zero is read from a table of 4096 entropies; the entropy is met to 1e-4 nats.
    """
    entropies, log_odds = _entropy_table(log_probabilities.shape[-1])
    wanted = entropy(log_probabilities).to(entropies.dtype)
    right = torch.searchsorted(entropies, wanted.contiguous()).clamp(1, len(entropies) - 1)
    below, above = entropies[right - 1], entropies[right]
    share = ((wanted - below) / (above - below).clamp_min(1e-300)).clamp(0, 1)
    height = torch.lerp(log_odds[right - 1], log_odds[right], share).to(log_probabilities.dtype)
    first_choice = log_probabilities.argmax(-1, keepdim=True)
    return torch.zeros_like(log_probabilities).scatter(-1, first_choice, height.unsqueeze(-1))


# Not zero at identity: unless the network itself treats all wrong classes alike.
@method(
    needs=("logits",),
    alpha=0.9,
    invariant=("batch permutation", "batch duplication", "class permutation"),
)
def smoothed(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    t_squared: bool = True,
) -> Terms:
    """Softness without opinions: per example the teacher's first choice and entropy, all wrong classes alike.

    Returns `soft [..., batch]`: T^2 KL(smoothed teacher_T || student_T) in nats per example.
    """
    target = log_soft_labels(uniform_rest(log_soft_labels(teacher.logits, temperature)))
    divergence = kl_divergence(target, log_soft_labels(student.logits, temperature))
    return {"soft": divergence * temperature**2 if t_squared else divergence}
