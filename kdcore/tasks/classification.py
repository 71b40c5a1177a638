"""Classification: one label for each example, -1 where it is withheld."""

from torch import Tensor

from kdcore.measures.accuracy import accuracy, per_class_accuracy, ties
from kdcore.signal import cross_entropy, of_labels

__all__ = ["accuracy", "per_class_accuracy", "supervised_loss", "ties"]

supervised_loss = cross_entropy


def label_score(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Log-probability of the labels, `[..., batch]`, 0 where withheld: what an input gradient is taken of."""
    return of_labels(log_probabilities, labels) * (labels >= 0)
