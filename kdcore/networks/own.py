"""A person's own module as a network of the cohort."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from kdcore.signal import Signal


class Own(nn.Module):
    """Calls a module and says what it answers as a Signal; one that cannot be stacked is refused in a sentence."""

    takes_stacked_weights = False
    mask_widths: tuple[int, ...] = ()

    def __init__(self, name: str, module: nn.Module, input_shape: tuple[int, ...], classes: int) -> None:
        super().__init__()
        if not isinstance(module, nn.Module):
            raise ValueError(f"{name} must return a torch module; it returned {type(module).__name__}")
        self.module = module
        self._check(name)
        self._try(name, input_shape, classes)

    def forward(self, inputs: Tensor, masks: Sequence[Tensor] = ()) -> Signal:
        """Logits `[batch, class]`, and the features of a module that gives any."""
        answer = self.module(inputs)
        return answer if isinstance(answer, Signal) else Signal(answer)

    def _check(self, name: str) -> None:
        buffers = [place for place, _ in self.module.named_buffers()]
        if buffers:
            raise ValueError(
                f"{name} has buffers ({', '.join(buffers[:3])}), which students of one cohort cannot keep apart; "
                "use GroupNorm or LayerNorm in place of BatchNorm, and plain attributes for constants"
            )
        dropped = [place for place, part in self.module.named_modules() if isinstance(part, _DropoutNd) and part.p]
        if dropped:
            raise ValueError(
                f"{name} has dropout ({', '.join(dropped[:3])}), which would not be the same in all arms; "
                "leave it out, or use Network('mlp', dropout=...)"
            )
        if not any(True for _ in self.module.parameters()):
            raise ValueError(f"{name} has no weights to learn with")

    def _try(self, name: str, input_shape: tuple[int, ...], classes: int) -> None:
        shape = " x ".join(map(str, input_shape))
        try:
            with torch.no_grad():
                logits = self(torch.zeros(2, *input_shape)).logits
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise ValueError(f"{name} cannot be asked about examples of {shape} numbers: {error}") from error
        if not isinstance(logits, Tensor) or logits.shape != (2, classes):
            got = list(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise ValueError(f"{name} must answer two examples with logits [2, {classes}]; it answered {got}")
