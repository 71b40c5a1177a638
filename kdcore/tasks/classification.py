"""Classification: one label for each example, -1 where it is withheld."""

from torch import Tensor

from kdcore.measures.accuracy import accuracy, per_class_accuracy, ties
from kdcore.signal import cross_entropy

__all__ = ["accuracy", "per_class_accuracy", "supervised_loss", "ties"]

supervised_loss = cross_entropy


def label_score(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Log-probability of the labels, `[..., batch]`, 0 where withheld: what an input gradient is taken of."""
    index = labels.clamp_min(0).expand(log_probabilities.shape[:-1]).unsqueeze(-1)
    return log_probabilities.gather(-1, index).squeeze(-1) * (labels >= 0)
