"""What a network says about a batch, and the one place where logits meet a temperature."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Signal:
    """The answers of one network, or of a whole cohort, to one batch.

    logits: `[..., batch, class]`; leading axes are students.
    features: named layers from input to output, each `[..., batch, unit]` or, for maps,
        `[..., batch, channel, height, width]`. A sequence is accepted and named "0", "1", ...
    input_gradient: gradient of the summed log-probability of the labels with respect to the inputs,
        `[..., batch, *input]`, or None where no method asked for it.
    """

    logits: Tensor
    features: Mapping[str, Tensor] = field(default_factory=dict)
    input_gradient: Tensor | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.features, Mapping):
            named = dict(zip(map(str, range(len(self.features))), self.features, strict=True))
            object.__setattr__(self, "features", named)

    @property
    def penultimate(self) -> Tensor:
        """The last named layer, by contract a vector: `[..., batch, unit]`."""
        if not self.features:
            raise ValueError("this signal carries no features; ask for them in the method's `needs`")
        return list(self.features.values())[-1]


def class_first(logits: Tensor) -> Tensor:
    """The same `[..., batch, class]` logits, laid out in memory with the class axis before the batch axis.

    A softmax over ten classes vectorises on the processor only over an axis that is not the last one in memory.
    """
    relaid: Tensor = logits.mT.contiguous().mT
    return relaid


def log_soft_labels(logits: Tensor, temperature: float | Tensor = 1.0) -> Tensor:
    """Log-probabilities at a temperature (Hinton et al. 2015, arXiv:1503.02531, eq. 1), shape of `logits`.

    temperature: a number, or a tensor that lines up with `[..., batch]`: one per student `[..., 1]`
        or one per example. The class axis is added here and nowhere else.
    """
    if isinstance(temperature, Tensor):
        logits = logits / temperature.unsqueeze(-1)
    elif temperature != 1.0:
        logits = logits / temperature
    return functional.log_softmax(logits.mT, -2).mT


def entropy(log_probabilities: Tensor) -> Tensor:
    """Entropy in nats of `[..., batch, class]` log-probabilities, shape `[..., batch]`."""
    # A probability of exactly zero has the log -inf; its share of the entropy is zero.
    return -(log_probabilities.exp() * log_probabilities.clamp_min(torch.finfo(log_probabilities.dtype).min)).sum(-1)


def kl_divergence(log_teacher: Tensor, log_student: Tensor) -> Tensor:
    """KL(teacher || student) in nats of two `[..., batch, class]` log-probabilities, shape `[..., batch]`."""
    return (log_teacher.exp() * (log_teacher - log_student)).sum(-1)


def standardised(signal: Signal) -> Signal:
    """The signal with each example's logits at mean 0 and deviation 1 (Sun et al. 2024, arXiv:2403.01427)."""
    centred = signal.logits - signal.logits.mean(-1, keepdim=True)
    # The guard of 1e-7 is that of the paper's own code; equal logits stay zero.
    return replace(signal, logits=centred / (signal.logits.std(-1, keepdim=True) + 1e-7))


def log_mixture(log_first: Tensor, log_second: Tensor, share: float | Tensor) -> Tensor:
    """Log of `share * first + (1 - share) * second` of two log-probabilities; share lines up with `[..., batch]`."""
    part = torch.as_tensor(share, dtype=log_first.dtype).unsqueeze(-1)
    return torch.logaddexp(log_first + part.log(), log_second + (-part).log1p())


def split_off_label(log_probabilities: Tensor, labels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Logs of the label's share `[..., batch]`, of all others together, and of each other among the others.

    The last has the shape of the input; its entry for the label is so low that its exp is zero, but finite.
    """
    classes = torch.arange(log_probabilities.shape[-1])
    is_label = classes == labels.clamp_min(0).unsqueeze(-1)
    others = log_probabilities.masked_fill(is_label, -torch.inf).logsumexp(-1)
    among = (log_probabilities - others.unsqueeze(-1)).masked_fill(is_label, torch.finfo(log_probabilities.dtype).min)
    return of_labels(log_probabilities, labels), others, among


def over_labelled(term: Tensor, labels: Tensor) -> Tensor:
    """Scale a per-example term so that its mean over the batch is its mean over the labelled examples.

    A label of -1 is withheld; its term counts nothing. Where no example of a batch is labelled the result is 0.
    """
    labelled = labels >= 0
    if labelled.all():
        return term
    share = labelled.sum(-1, keepdim=True, dtype=term.dtype).clamp_min(1) / labels.shape[-1]
    return torch.where(labelled, term, 0.0) / share


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy with hard labels, `[..., batch]`, its batch mean being the mean over the labelled examples."""
    return over_labelled(-of_labels(log_soft_labels(logits), labels), labels)


def of_labels(log_probabilities: Tensor, labels: Tensor) -> Tensor:
    """Each example's entry for its label, `[..., batch]`; that of class 0 where the label is withheld."""
    # Looked up with the class axis first, so that the gradient comes back laid out like the logits.
    index = labels.clamp_min(0).expand(log_probabilities.shape[:-1]).unsqueeze(-2)
    return log_probabilities.mT.gather(-2, index).squeeze(-2)


def pool(maps: Tensor) -> Tensor:
    """Average `[..., batch, channel, height, width]` over positions (torch's own pooling refuses five axes)."""
    return maps.mean((-1, -2))


def pairs(student_layers: Sequence[str], teacher_layers: Sequence[str]) -> list[tuple[str, str]]:
    """Pair layer names by relative depth, the last with the last; as many pairs as the shallower network has."""
    count = min(len(student_layers), len(teacher_layers))

    def spread(layers: Sequence[str]) -> list[str]:
        return [layers[(i + 1) * len(layers) // count - 1] for i in range(count)]

    return list(zip(spread(student_layers), spread(teacher_layers), strict=True))
