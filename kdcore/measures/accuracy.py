"""Accuracy. A row that is not finite is wrong; a tie is decided by the lower class and reported beside."""

import torch
from torch import Tensor


def correct(logits: Tensor, labels: Tensor) -> Tensor:
    """Whether each answer is right, `[..., example]` bool."""
    return (logits.argmax(-1) == labels) & logits.sum(-1).isfinite()


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Share of labelled examples that are answered rightly, `[...]`; labels of -1 are left out, NaN if none is left."""
    labelled = labels >= 0
    return (correct(logits, labels) & labelled).sum(-1) / labelled.sum(-1)


def per_class_accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    """Share of each class's examples that are answered rightly, `[..., class]`; NaN for a class without examples."""
    members = torch.nn.functional.one_hot(labels, logits.shape[-1]).to(logits.dtype)
    return correct(logits, labels).to(logits.dtype) @ members / members.sum(-2)


def ties(logits: Tensor) -> Tensor:
    """Share of examples whose two highest logits are equal, `[...]`."""
    highest = logits.topk(2, -1).values
    return (highest[..., 0] == highest[..., 1]).to(logits.dtype).mean(-1)
