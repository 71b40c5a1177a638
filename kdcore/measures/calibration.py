"""Calibration: how far confidence is from accuracy."""

import torch
from torch import Tensor

from kdcore.measures.accuracy import correct
from kdcore.signal import log_soft_labels

BINS = 15


def expected_calibration_error(logits: Tensor, labels: Tensor) -> Tensor:
    """Expected calibration error, 15 equal bins of confidence (Guo et al. 2017, arXiv:1706.04599, eq. 5), `[...]`."""
    confidence = log_soft_labels(logits).exp().amax(-1)
    # A bin holds its upper end, as in the paper; confidence 0 cannot occur.
    bins = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    gap = correct(logits, labels).to(logits.dtype) - confidence
    sums = torch.zeros(*gap.shape[:-1], BINS, dtype=gap.dtype).scatter_add(-1, bins, gap)
    return sums.abs().sum(-1) / gap.shape[-1]
