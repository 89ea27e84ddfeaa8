"""CMSS, the cross-modality structural sparsity of M-SpecGene, and reductions of it over ranks.

CMSS is large where both images are alike and smooth (background), small where they differ or have
structure. From the tokens (patch plus position embedding) of one patch in both modalities:
``sqrt((cos(thermal, rgb) + 1) / 2) / (var(thermal) * var(rgb))``, divided by a common maximum.
"""

import math
from typing import Literal

import torch
from torch import Tensor, distributed, nn

Modality = Literal["thermal", "rgb"]
Variance = Literal["product", "first_squared"]
Norm = Literal["batch_max", "quantile", "running_max"]

LEAST_NORM = 1e-12
LEAST_VARIANCE = 1e-6
NORM_QUANTILE = 0.999
# Where a mean is more than twice the standard deviation, sums of squares about 0 lose digits.
FAR = 4.0
CORE_ROWS = 128  # so many rows of both inputs, and copies of them, fit into a core's cache
DEVICE_ROWS = 2**15  # bounds the memory of the copies on other devices


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
    rgb_tokens: Tensor,
    thermal_tokens: Tensor,
    *,
    variance: Variance = "product",
    first: Modality = "thermal",
) -> Tensor:
    """Compute CMSS before normalisation, in 0..1e12; fp32, detached.

    Variances are over features, unbiased and at least 1e-6, so a flat patch is very large;
    an all-zero token has cosine 0. A patch whose tokens are not all finite (or overflow) is 0.
    Tokens far from 0, and cosines near -1, lose no precision: sums are about the tokens' means.

    Args:
        rgb_tokens: ``[B,L,D]``, patch plus position embedding, D at least 2.
        thermal_tokens: ``[B,L,D]``.
        variance: ``product`` of both modalities' variances, or ``first_squared``: that of the
            first modality squared, as the published code computes it.
        first: the modality that ``first_squared`` means.

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
    one, other = rgb_tokens.reshape(-1, features), thermal_tokens.reshape(-1, features)
    if first == "thermal":
        one, other = other, one
    means, squares, inner = _moments(one, other).split([2, 2, 1])
    lengths = (features * means.square() + squares).sqrt().clamp_min(LEAST_NORM).prod(0)
    # 1 + cosine, where neither term has lost what the sum needs if the cosine is near -1.
    similarity = (lengths + features * means.prod(0) + inner[0]) / (2 * lengths)
    variances = (squares / (features - 1)).clamp_min(LEAST_VARIANCE)
    divisor = variances.prod(0) if variance == "product" else variances[0].square()
    raw = (similarity.clamp(0, 1).sqrt() / divisor).float()
    return raw.nan_to_num(nan=0.0, posinf=0.0).view(batch, length)


def rows_at_a_time(device: torch.device) -> int:
    """Return how many tokens to compute with at once, so that memory is read once and copies of
    them stay small."""
    return CORE_ROWS * torch.get_num_threads() if device.type == "cpu" else DEVICE_ROWS


def _moments(one: Tensor, other: Tensor) -> Tensor:
    """Compute moments of the rows of two ``[N,D]``, as ``[5,N]`` fp64.

    They are both means, both sums of squares about the means, and the sum of products about them.
    On a CPU they follow from sums about 0 wherever these are exact enough: that is quicker.
    """
    features, rows = one.shape[1], rows_at_a_time(one.device)
    if one.device.type != "cpu":
        parts = zip(one.split(rows), other.split(rows), strict=True)
        return torch.cat([_about_means(*pair) for pair in parts], 1)
    totals, squares, product = _about_zero(one, other, rows).double().split([2, 2, 1])
    means = totals / features
    squares = squares.square_() - features * means.square()
    moments = torch.cat([means, squares, product - features * means.prod(0)])
    far = (features * means.square() > FAR * squares).any(0).nonzero()[:, 0]
    for some in far.split(rows):
        moments[:, some] = _about_means(one[some], other[some])
    return moments


def _about_zero(one: Tensor, other: Tensor, rows: int) -> Tensor:
    """Compute ``[5,N]``: sums of both, norms of both, and inner product.

    Some rows at a time, so that memory is read once.
    """
    reductions = torch.empty(5, len(one))
    parts = zip(one.split(rows), other.split(rows), reductions.split(rows, 1), strict=True)
    with torch.autocast("cpu", enabled=False):
        for *pair, out in parts:
            first, second = (tokens.float() for tokens in pair)
            torch.sum(first, -1, out=out[0])
            torch.linalg.vector_norm(first, dim=-1, out=out[2])
            torch.sum(second, -1, out=out[1])
            torch.linalg.vector_norm(second, dim=-1, out=out[3])
            torch.linalg.vecdot(first, second, out=out[4])
    return reductions


def _about_means(one: Tensor, other: Tensor) -> Tensor:
    """Compute the moments of ``_moments`` from copies of the rows about their means."""
    with torch.autocast(one.device.type, enabled=False):
        first, second = one.float(), other.float()
        means = torch.stack([first.mean(-1), second.mean(-1)])
        first, second = first - means[0, :, None], second - means[1, :, None]
        norms = [torch.linalg.vector_norm(centred, dim=-1) for centred in (first, second)]
        product = first.mul_(second).sum(-1)
    return torch.cat([means.double(), torch.stack(norms).double().square(), product.double()[None]])


@torch.no_grad()
def cmss(
    rgb_tokens: Tensor,
    thermal_tokens: Tensor,
    *,
    variance: Variance = "product",
    first: Modality = "thermal",
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
        first: as for ``cmss_raw``.
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
    raw = cmss_raw(rgb_tokens, thermal_tokens, variance=variance, first=first)
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
