"""Understanding and improving knowledge distillation (Tang et al. 2020, arXiv:2002.03532): its synthetic teachers."""

from typing import Annotated, Literal

import torch
from torch import Tensor

from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.methods.shuffled import shuffled, wrong_places
from kdcore.methods.tf_kd import tf_kd
from kdcore.signal import Signal, kl_divergence, log_soft_labels, over_labelled


def prepare(teacher: Signal, labels: Tensor) -> tuple[Tensor, Tensor]:
    """An order of classes for each example, and 10 times the cosines `[class, class]` of mean logits by choice."""
    choice = torch.where(labels >= 0, teacher.logits.argmax(-1), -1)
    members = (torch.arange(teacher.logits.shape[-1]) == choice.unsqueeze(-1)).to(teacher.logits.dtype)
    means = members.mT @ teacher.logits / members.sum(0).clamp_min(1).unsqueeze(-1)
    centred = means - means.mean(0)
    return wrong_places(teacher, labels), 10 * torch.cosine_similarity(centred.unsqueeze(1), centred, dim=-1)


# Not zero at identity: part of what the teacher says is left out. No class permutation: the shuffling is a fixed draw.
@method(needs=("logits", "labels"), alpha=0.9, prepare=prepare, invariant=("batch permutation", "batch duplication"))
def partial_teacher(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    ids: Tensor,
    prepared: tuple[Tensor, Tensor],
    part: Literal["top", "similarity", "instance", "universe", "shuffled"] = "top",
    temperature: Temperature = 4.0,
    top: Annotated[float, Range(1, 64)] = 3.0,
) -> Terms:
    """One part of the teacher at a time, to find which of them teaches.

    Returns `soft [..., batch]`: T^2 KL(part_T || student_T), over labelled examples. `top`: its first few classes, the
    others alike; `similarity`: how alike its classes are on average, for all examples of a class the same; `instance`:
    the label's share, the others alike; `universe`: 0.99 for the label; `shuffled`: wrong classes exchanged.
    """
    if part == "universe":
        return {"soft": temperature**2 * tf_kd(student, teacher, labels, temperature=temperature)["soft"]}
    if part == "shuffled":
        says = shuffled(student, teacher, labels, ids=ids, prepared=prepared[0], temperature=temperature)
        return {"soft": over_labelled(says["soft"], labels)}
    target, label = log_soft_labels(teacher.logits, temperature), labels.clamp_min(0).unsqueeze(-1)
    if part == "similarity":
        target = log_soft_labels(prepared[1][label.squeeze(-1)].to(target.dtype), temperature)
    else:
        order, classes = target.argsort(-1, descending=True).argsort(-1), torch.arange(target.shape[-1])
        kept = order < torch.as_tensor(top).unsqueeze(-1) if part == "top" else classes == label
        rest = target.masked_fill(kept, torch.finfo(target.dtype).min).logsumexp(-1, keepdim=True)
        target = torch.where(kept, target, rest - (~kept).sum(-1, keepdim=True).clamp_min(1).to(rest).log())
    soft = temperature**2 * kl_divergence(target, log_soft_labels(student.logits, temperature))
    return {"soft": over_labelled(soft, labels)}
