"""Random draws of a step: target values from a scheduled mixture, and the patches nearest to them.

Numbers are drawn for the batch of all ranks, where image ``i`` of rank ``r`` is row
``i * ranks + r``, as samples are dealt to ranks: two ranks draw the numbers of one rank with twice
the batch.
"""

from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from twinband.masking.measure import rank_and_size

Scope = Literal["patch", "image_contiguous"]

FLOOR_MEAN, FLOOR_VARIANCE = 0.0, 0.01  # the table of variances begins here
LARGEST = 1e38  # finite values below this have finite differences in fp32


def uniform(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Draw this rank's uniform numbers in 0..1, ``[rows,columns]``, on the generator's device."""
    rank, size = rank_and_size()
    drawn = torch.rand(rows * size, columns, generator=generator, device=generator.device)
    return drawn[rank::size]


def normal(rows: int, columns: int, generator: torch.Generator) -> Tensor:
    """Draw this rank's standard normal numbers, ``[rows,columns]``, on the generator's device."""
    rank, size = rank_and_size()
    drawn = torch.randn(rows * size, columns, generator=generator, device=generator.device)
    return drawn[rank::size]


def interpolated_variance(at: Tensor, means: Tensor, variances: Tensor) -> Tensor:
    """Interpolate the variance at ``at``, linear between the components and constant beyond.

    A component of mean 0 and variance 0.01 is added to the table.

    Args:
        at: any shape.
        means: ``[K]``, in any order.
        variances: ``[K]``.
    """
    table_means = torch.cat([means.new_full((1,), FLOOR_MEAN), means])
    table_variances = torch.cat([variances.new_full((1,), FLOOR_VARIANCE), variances])
    table_means, order = table_means.sort(stable=True)
    table_variances = table_variances[order]
    right = torch.searchsorted(table_means, at.contiguous()).clamp(1, len(table_means) - 1)
    left = right - 1
    gap = (table_means[right] - table_means[left]).clamp_min(1e-12)
    share = ((at - table_means[left]) / gap).clamp(0, 1)
    return table_variances[left].lerp(table_variances[right], share)


def chosen_components(
    weights: Tensor, rows: int, columns: int, length: int, generator: torch.Generator, scope: Scope
) -> Tensor:
    """Choose the component of every target, ``[rows,columns]`` int64.

    Args:
        weights: ``[Q]``, any positive scale.
        rows: images on this rank.
        columns: targets an image.
        length: patches an image, over which ``image_contiguous`` divides the components.
        generator: source of random numbers for scope ``patch``.
        scope: ``patch``: every target draws its own; ``image_contiguous``: the batch of all ranks
            is filled component by component, so that most images have one component.
    """
    upto = (weights / weights.sum()).cumsum(0)[:-1]
    if scope == "patch":
        places = uniform(rows, columns, generator)
        return torch.searchsorted(upto.to(places.dtype), places, right=True)
    rank, size = rank_and_size()
    row = torch.arange(rows, device=weights.device) * size + rank
    place = row[:, None] * length + torch.arange(columns, device=weights.device)
    counts = (weights / weights.sum() * (rows * size * length)).floor()[:-1]
    return torch.searchsorted(counts.cumsum(0), place.to(counts.dtype), right=True)


@torch.no_grad()
def draw_targets(
    means: Tensor,
    variances: Tensor,
    weights: Tensor,
    centres: Tensor,
    *,
    rows: int,
    columns: int,
    length: int,
    generator: torch.Generator,
    bias: Tensor | float = 0.0,
    scope: Scope = "patch",
) -> Tensor:
    """Draw target CMSS values from Gaussians at the scheduled centres, in fp32.

    Component i is centred at ``centres[i] + bias``; its variance is the fitted mixture's there,
    interpolated; its weight is that of the fitted component with the i-th smallest mean. Values
    below 0 and above 1 are not clipped: they select the smallest and largest CMSS.

    Args:
        means: ``[K]`` means of the fitted mixture, in any order.
        variances: ``[K]``.
        weights: ``[K]``.
        centres: ``[Q]``, Q from 1 to K.
        rows: images on this rank.
        columns: targets an image; only these are drawn.
        length: patches an image.
        generator: on the device of the tensors.
        bias: added to the centres.
        scope: see ``chosen_components``.

    Returns:
        ``[rows,columns]``.

    Raises:
        ValueError: no centres or more than components, or an unknown ``scope``.
    """
    if not 0 < len(centres) <= len(means):
        raise ValueError(f"{len(centres)} centres for a mixture of {len(means)} components")
    if scope not in ("patch", "image_contiguous"):
        raise ValueError(f"mixture_scope must be patch or image_contiguous, not {scope!r}")
    smallest = means.argsort(stable=True)[: len(centres)]
    moved = (centres + bias).to(means.dtype)
    deviations = interpolated_variance(moved, means, variances).sqrt()
    component = chosen_components(weights[smallest], rows, columns, length, generator, scope)
    drawn = normal(rows, columns, generator)
    moved, deviations = moved.to(drawn.dtype), deviations.to(drawn.dtype)
    return moved[component] + deviations[component] * drawn


@torch.no_grad()
def nearest_without_replacement(
    cmss: Tensor, targets: Tensor, forbidden: Tensor | None = None
) -> Tensor:
    """Pick patches for the targets greedily, in the order of the targets.

    Target k of a row takes the free patch with the least ``|target - cmss|``, the lowest index
    among equals. A distance that is not finite (either number is NaN or infinite) counts as the
    largest finite one. On a GPU nothing waits for the device.

    Args:
        cmss: ``[B,L]``.
        targets: ``[B,K]``.
        forbidden: ``[B,F]`` int64 indices that are not free from the beginning.

    Returns:
        ``[B,K]`` int64, all different in a row and none forbidden.

    Raises:
        ValueError: shapes that do not fit, or more targets than free patches.
    """
    if cmss.ndim != 2 or targets.ndim != 2 or len(cmss) != len(targets):
        raise ValueError(
            "cmss must be [B,L] and targets [B,K]: they are "
            f"{list(cmss.shape)} and {list(targets.shape)}"
        )
    if forbidden is not None and (forbidden.ndim != 2 or len(forbidden) != len(cmss)):
        raise ValueError(f"forbidden must be [B,F] with B={len(cmss)}, not {list(forbidden.shape)}")
    taken = 0 if forbidden is None else forbidden.shape[1]
    if targets.shape[1] + taken > cmss.shape[1]:
        raise ValueError(
            f"{targets.shape[1]} targets and {taken} forbidden patches, "
            f"but there are only {cmss.shape[1]} patches"
        )
    dtype = torch.promote_types(torch.promote_types(cmss.dtype, targets.dtype), torch.float32)
    cmss, targets = cmss.detach().to(dtype), targets.detach().to(dtype)
    if cmss.device.type == "cpu" and _small(cmss.numpy()) and _small(targets.numpy()):
        return _row_by_row(cmss.numpy(), targets.numpy(), forbidden)
    return _by_table(cmss, targets, forbidden)


def _small(values: NDArray[Any]) -> bool:
    """Tell whether all are finite with finite differences."""
    return bool(np.abs(values).max(initial=0) < LARGEST)


def _row_by_row(cmss: NDArray[Any], targets: NDArray[Any], forbidden: Tensor | None) -> Tensor:
    """Pick on a CPU, from finite numbers; NumPy's argmin is several times as fast as PyTorch's."""
    free = cmss.copy()
    rows = np.arange(len(free))
    if forbidden is not None:
        free[rows[:, None], forbidden.numpy()] = np.inf
    distance = np.empty_like(free)
    kept = np.empty(targets.shape, np.int64)
    for column in range(targets.shape[1]):
        np.subtract(free, targets[:, column : column + 1], out=distance)
        np.abs(distance, out=distance)
        kept[:, column] = nearest = distance.argmin(1)
        free[rows, nearest] = np.inf
    return torch.from_numpy(kept)


def _by_table(cmss: Tensor, targets: Tensor, forbidden: Tensor | None) -> Tensor:
    """Pick on any device: all distances at once, then two operations a target."""
    largest = torch.finfo(cmss.dtype).max
    table = (targets[:, :, None] - cmss[:, None, :]).abs_()
    table.nan_to_num_(nan=largest, posinf=largest)
    batch, count, _ = table.shape
    if forbidden is not None:
        table.scatter_(2, forbidden[:, None].expand(-1, count, -1), torch.inf)
    kept = torch.empty(batch, count, dtype=torch.int64, device=cmss.device)
    for column in range(count):
        nearest = table[:, column].argmin(1, keepdim=True)
        kept[:, column : column + 1] = nearest
        table.scatter_(2, nearest[:, None].expand(-1, count, -1), torch.inf)
    return kept
