"""Which classes look alike to a network."""

import torch
from torch import Tensor

from kdcore.signal import log_soft_labels

TEMPERATURE = 4.0
"""The temperature at which similarity is read: at 1 nearly all of it would be too small to see."""


def class_similarity(logits: Tensor, labels: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Mean soft label of each class's examples, `[..., true class, class]`; rows sum to 1, NaN without examples."""
    soft_labels = log_soft_labels(logits, temperature).exp()
    members = torch.nn.functional.one_hot(labels, logits.shape[-1]).to(soft_labels.dtype)
    return members.mT @ soft_labels / members.sum(-2).unsqueeze(-1)
