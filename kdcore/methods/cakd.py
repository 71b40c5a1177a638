"""CAKD: correlation-aware distillation by decoupling the divergence (Zhang et al. 2024, arXiv:2410.14741)."""

from typing import Annotated

import torch
from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.dkd import dkd
from kdcore.signal import Signal, log_soft_labels, over_labelled, split_off_label


@method(
    needs=("logits", "labels"),
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def cakd(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 4.0,
    strong: Annotated[float, Range(1, 64)] = 3.0,
    strong_weight: Annotated[float, Range(0, 64)] = 8.0,
    weak_weight: Annotated[float, Range(0, 64)] = 1.0,
) -> Terms:
    """The wrong classes in which the teacher believes most are weighed apart from all the others.

    Returns over labelled examples, each `[..., batch]`: `target`, T^2 KL of right against not right; `strong`, T^2 KL
    among the teacher's first `strong` wrong classes, all others together counting as one; `weak`, among those others.
    """
    p, q = (split_off_label(log_soft_labels(s.logits, temperature), labels)[-1] for s in (teacher, student))
    lowest, order = torch.finfo(p.dtype).min, p.argsort(-1, descending=True).argsort(-1)
    is_weak = (p > lowest) & (order >= torch.as_tensor(strong).unsqueeze(-1))
    p_rest, q_rest = (among.masked_fill(~is_weak, lowest).logsumexp(-1, keepdim=True) for among in (p, q))
    near = torch.where(is_weak, 0.0, p.exp() * (p - q)).sum(-1) + (p_rest.exp() * (p_rest - q_rest)).squeeze(-1)
    far = (torch.where(is_weak, p - p_rest, lowest).exp() * (p - q - p_rest + q_rest)).sum(-1)
    target = {"target": dkd(student, teacher, labels, temperature=temperature)["target"]}
    terms = {"strong": strong_weight * temperature**2 * near, "weak": weak_weight * temperature**2 * far}
    return target | {name: over_labelled(term, labels) for name, term in terms.items()}
