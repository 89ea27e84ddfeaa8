"""CMSS, the cross-modality structural sparsity of M-SpecGene, and reductions of it over ranks.

CMSS is large where both images are alike and smooth (background), small where they differ or have
structure. From the tokens (patch plus position embedding) of one patch in both modalities:
``sqrt((cos(thermal, rgb) + 1) / 2) / (var(thermal) * var(rgb))``, divided by a common maximum.
"""

import math
from typing import Literal

import torch
from torch import Tensor, distributed, nn

Variance = Literal["product", "first_squared"]
Norm = Literal["batch_max", "quantile", "running_max"]

LEAST_NORM = 1e-12
LEAST_VARIANCE = 1e-6
NORM_QUANTILE = 0.999
# So many rows of both inputs fit into a processor's cache for the five reductions over them.
CHUNK_ROWS = 1024


class RunningMaximum(nn.Module):
    """Maximum so far, with decay: the state of ``norm="running_max"``.

    Args:
        decay: factor on the earlier maximum at every batch; 1 never forgets.
    """

    maximum: Tensor

    def __init__(self, decay: float = 0.999) -> None:
        super().__init__()
        if not 0 < decay <= 1:
            raise ValueError(f"decay must be above 0 and at most 1, not {decay}")
        self.decay = decay
        self.register_buffer("maximum", torch.zeros(()))

    def forward(self, value: Tensor) -> Tensor:
        """Return the maximum including ``value``; remembered only in training mode."""
        maximum = torch.maximum(self.maximum * self.decay, value)
        if self.training:
            self.maximum.copy_(maximum)
        return maximum


@torch.no_grad()
def cmss_raw(
    rgb_tokens: Tensor, thermal_tokens: Tensor, *, variance: Variance = "product"
) -> Tensor:
    """Compute CMSS before normalisation, in 0..1e12; fp32, detached.

    Variances are over features, unbiased and at least 1e-6, so a flat patch is very large;
    an all-zero token has cosine 0. A patch whose tokens are not all finite (or overflow) is 0.

    Args:
        rgb_tokens: ``[B,L,D]``, patch plus position embedding, D at least 2.
        thermal_tokens: ``[B,L,D]``.
        variance: ``product`` of both modalities' variances, or ``first_squared``: that of thermal
            squared, as the published code computes it.

    Returns:
        ``[B,L]``.

    Raises:
        ValueError: tokens of wrong or different shapes; an unknown ``variance``.
    """
    if rgb_tokens.ndim != 3 or rgb_tokens.shape != thermal_tokens.shape:
        raise ValueError(
            "rgb_tokens and thermal_tokens must both be [B,L,D]: they are "
            f"{list(rgb_tokens.shape)} and {list(thermal_tokens.shape)}"
        )
    batch, length, features = rgb_tokens.shape
    if features < 2:
        raise ValueError(f"tokens must have at least 2 features for a variance, not {features}")
    if variance not in ("product", "first_squared"):
        raise ValueError(f"variance must be 'product' or 'first_squared', not {variance!r}")
    thermal_norm, thermal_sum, rgb_norm, rgb_sum, dot = _reductions(
        thermal_tokens.reshape(-1, features), rgb_tokens.reshape(-1, features)
    )
    cosine = dot / thermal_norm.clamp_min(LEAST_NORM) / rgb_norm.clamp_min(LEAST_NORM)
    similarity = ((cosine.clamp(-1, 1) + 1) / 2).sqrt()
    thermal_variance = _variance(thermal_norm, thermal_sum, features)
    rgb_variance = _variance(rgb_norm, rgb_sum, features)
    other = rgb_variance if variance == "product" else thermal_variance
    raw = similarity / (thermal_variance * other)
    return raw.nan_to_num(nan=0.0, posinf=0.0).view(batch, length)


def _reductions(thermal: Tensor, rgb: Tensor) -> Tensor:
    """Compute ``[5,N]``: norm and sum of thermal, norm and sum of RGB, and their inner product.

    On a CPU a chunk of rows at a time, so that memory is read once.
    """
    rows = len(thermal)
    reductions = torch.empty(5, rows, device=thermal.device)
    chunk = CHUNK_ROWS if thermal.device.type == "cpu" else max(rows, 1)
    with torch.autocast(thermal.device.type, enabled=False):
        for one, other, out in zip(
            thermal.split(chunk), rgb.split(chunk), reductions.split(chunk, 1), strict=True
        ):
            one, other = one.float(), other.float()
            torch.linalg.vector_norm(one, dim=-1, out=out[0])
            torch.sum(one, -1, out=out[1])
            torch.linalg.vector_norm(other, dim=-1, out=out[2])
            torch.sum(other, -1, out=out[3])
            torch.linalg.vecdot(other, one, out=out[4])
    return reductions


def _variance(norm: Tensor, total: Tensor, features: int) -> Tensor:
    """Compute unbiased variances from norms and sums of rows, at least ``LEAST_VARIANCE``."""
    squares = norm.square() - total.square() / features
    return (squares / (features - 1)).clamp_min(LEAST_VARIANCE)


@torch.no_grad()
def cmss(
    rgb_tokens: Tensor,
    thermal_tokens: Tensor,
    *,
    variance: Variance = "product",
    norm: Norm = "batch_max",
    state: RunningMaximum | None = None,
    synchronised: bool = True,
) -> Tensor:
    """Compute CMSS of every patch, in 0..1; fp32, detached.

    Patches that ``cmss_raw`` sets to 0 (broken tokens) stay 0 and never set the maximum; if all
    are, all are 0. One flat patch is 1 and presses the others towards 0 under ``batch_max``.

    Args:
        rgb_tokens: ``[B,L,D]``, patch plus position embedding.
        thermal_tokens: ``[B,L,D]``.
        variance: as for ``cmss_raw``.
        norm: the divisor. ``batch_max``: the greatest value of the batch, which becomes 1;
            ``quantile``: its 0.999 quantile, larger values become 1; ``running_max``: the greatest
            that ``state`` remembers.
        state: for ``running_max`` only.
        synchronised: use one divisor on all ranks, all of which must then call this.

    Returns:
        ``[B,L]``.

    Raises:
        ValueError: as ``cmss_raw``; an unknown ``norm``; ``running_max`` without ``state``.
    """
    raw = cmss_raw(rgb_tokens, thermal_tokens, variance=variance)
    if raw.numel() == 0:
        return raw
    if norm == "quantile":
        values = gathered(raw.flatten()) if synchronised else raw.flatten()
        top = values.kthvalue(math.ceil(NORM_QUANTILE * len(values))).values
    elif norm in ("batch_max", "running_max"):
        top = greatest(raw.max()) if synchronised else raw.max()
    else:
        raise ValueError(f"norm must be batch_max, quantile or running_max, not {norm!r}")
    if norm == "running_max":
        if state is None:
            raise ValueError("norm='running_max' needs state, a RunningMaximum")
        top = state(top)
    return (raw / top.clamp_min(torch.finfo(torch.float32).tiny)).clamp_max(1)


def rank_and_size() -> tuple[int, int]:
    """Return this process's rank and the number of ranks; 0 and 1 outside a distributed run."""
    if distributed.is_available() and distributed.is_initialized():
        return distributed.get_rank(), distributed.get_world_size()
    return 0, 1


def summed(tensor: Tensor) -> Tensor:
    """Sum a tensor over ranks."""
    return _reduced(tensor, distributed.ReduceOp.SUM)


def greatest(tensor: Tensor) -> Tensor:
    """Take the maximum of a tensor over ranks."""
    return _reduced(tensor, distributed.ReduceOp.MAX)


def gathered(tensor: Tensor) -> Tensor:
    """Concatenate the tensors of all ranks, equal in shape, along the first axis."""
    _, size = rank_and_size()
    if size == 1:
        return tensor
    parts = [torch.empty_like(tensor) for _ in range(size)]
    distributed.all_gather(parts, tensor.contiguous())
    return torch.cat(parts)


def _reduced(tensor: Tensor, operation: "distributed.ReduceOp.RedOpType") -> Tensor:
    if rank_and_size()[1] == 1:
        return tensor
    result = tensor.clone()
    distributed.all_reduce(result, operation)
    return result
