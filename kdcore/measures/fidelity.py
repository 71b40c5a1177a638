"""Fidelity: how far the student says what the teacher says, beside being right (Stanton et al., arXiv:2106.05945)."""

import torch
from torch import Tensor


def agreement(logits: Tensor, teacher_logits: Tensor) -> Tensor:
    """Share of examples on which both choose the same class, `[...]`."""
    return (logits.argmax(-1) == teacher_logits.argmax(-1)).float().mean(-1)


def wrong_class_agreement(logits: Tensor, teacher_logits: Tensor, labels: Tensor) -> Tensor:
    """Agreement about the wrong classes, in [-1, 1], `[...]`: dark knowledge itself, measured.

    Mean over examples of Spearman's rank correlation between the two networks' logits for the classes that are not
    the true one. Equal logits are ranked in the order of the classes. NaN with fewer than three classes.
    """
    classes = logits.shape[-1]
    others = torch.arange(classes - 1) + (torch.arange(classes - 1) >= labels.unsqueeze(-1))
    difference = _ranks(logits, others) - _ranks(teacher_logits, others)
    count = classes - 1
    if count < 2:
        return torch.full(logits.shape[:-2], float("nan"))
    return (1 - 6 * difference.square().sum(-1) / (count * (count**2 - 1))).mean(-1)


def _ranks(logits: Tensor, columns: Tensor) -> Tensor:
    chosen = logits.gather(-1, columns.expand(*logits.shape[:-1], -1))
    return chosen.argsort(dim=-1, stable=True).argsort(-1).float()
