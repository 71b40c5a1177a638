"""Gradient knowledge distillation (Wang, Li, Sun 2022, arXiv:2211.01071), section 3."""

from typing import Annotated

from torch import Tensor
from torch.nn import functional

from kdcore.layers import numbers
from kdcore.methods.declaration import Range, Temperature, Terms, method
from kdcore.signal import Signal, kl_divergence, log_soft_labels, over_labelled

SHORTEST = 1e-6
"""A gradient shorter than this keeps its length: of an example of which a network is quite sure little is asked."""


@method(
    needs=("logits", "labels", "input_gradient"),
    alpha=0.5,
    invariant=("zero at identity", "batch permutation", "batch duplication", "class permutation"),
)
def input_gradient(
    student: Signal,
    teacher: Signal,
    labels: Tensor,
    *,
    temperature: Temperature = 5.0,
    gradient_weight: Annotated[float, Range(0, 64)] = 1.0,
) -> Terms:
    """Besides the soft labels, which parts of the input make the right class more likely.

    Returns `soft [..., batch]`: T^2 KL(teacher_T || student_T), and `gradient`: squared distance of the two gradients
    of the label's log-probability with respect to the input, each at unit length, over labelled examples. The paper
    takes the likeliest class's probability and word embeddings. In a network of rectifiers the slopes of the logits are
    constant on pieces of the input space and jump between them; only the soft labels that mix them vary smoothly. So
    the gradient is told at the examples, and says little about what is between them.
    """
    assert student.input_gradient is not None and teacher.input_gradient is not None
    ours, theirs = (
        functional.normalize(numbers(gradient, signal), dim=-1, eps=SHORTEST)
        for gradient, signal in ((student.input_gradient, student), (teacher.input_gradient, teacher))
    )
    soft = kl_divergence(log_soft_labels(teacher.logits, temperature), log_soft_labels(student.logits, temperature))
    gap = (ours - theirs).square().sum(-1)
    return {"soft": temperature**2 * soft, "gradient": over_labelled(gradient_weight * gap, labels)}
