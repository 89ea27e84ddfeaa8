"""Standardisation of depth maps, whatever their unit and range (spec multimae, 1.2)."""

import torch
from torch import Tensor

TRIMMED = 0.1  # share of the values at either end that mean and variance leave out
VARIANCE_EPS = 1e-6


def standardised_depth(depth: Tensor) -> Tensor:
    """Standardise each map by mean and unbiased variance of its middle values.

    Of n finite values those of ranks ``[int(0.1 n), int(0.9 n))`` count; others are not clipped. A
    map ``a d + b`` with a > 0 gives the same as ``d``; a constant one gives 0.

    Args:
        depth: ``B,1,H,W``, in any unit; NaN where there is none, which stays NaN.

    Returns:
        Like ``depth``, float32.
    """
    flat = depth.float().flatten(1)
    ordered = flat.sort(dim=1).values  # NaN is sorted last
    count = flat.isfinite().sum(1, keepdim=True)
    rank = torch.arange(flat.shape[1], device=flat.device)
    first, end = (count.double() * share for share in (TRIMMED, 1 - TRIMMED))
    inside = (rank >= first.long()) & (rank < end.long())
    kept = inside.sum(1, keepdim=True)
    middle = ordered.where(inside, 0.0)
    mean = middle.sum(1, keepdim=True) / kept.clamp_min(1)
    squares = (ordered - mean).where(inside, 0.0).square().sum(1, keepdim=True)
    deviation = (squares / (kept - 1).clamp_min(1) + VARIANCE_EPS).sqrt()
    return ((flat - mean) / deviation).view_as(depth)
