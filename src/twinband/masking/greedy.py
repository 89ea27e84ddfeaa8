"""For every target in turn the nearest patch that is still free."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

# Finite values below this have finite differences in fp32.
LARGEST = 1e38


@torch.no_grad()
def nearest_without_replacement(
    cmss: Tensor, targets: Tensor, forbidden: Tensor | None = None
) -> Tensor:
    """Indices of the patches that a greedy pass over the targets picks, in that order.

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
    """Whether all are finite with finite differences."""
    return bool(np.abs(values).max(initial=0) < LARGEST)


def _row_by_row(cmss: NDArray[Any], wanted: NDArray[Any], forbidden: Tensor | None) -> Tensor:
    """For finite numbers on a CPU; NumPy's argmin is several times as fast there as PyTorch's."""
    free = cmss.copy()
    rows = np.arange(len(free))
    if forbidden is not None:
        free[rows[:, None], forbidden.numpy()] = np.inf
    distance = np.empty_like(free)
    kept = np.empty(wanted.shape, np.int64)
    for column in range(wanted.shape[1]):
        np.subtract(free, wanted[:, column : column + 1], out=distance)
        np.abs(distance, out=distance)
        kept[:, column] = nearest = distance.argmin(1)
        free[rows, nearest] = np.inf
    return torch.from_numpy(kept)


def _by_table(cmss: Tensor, targets: Tensor, forbidden: Tensor | None) -> Tensor:
    """For any numbers on any device: all distances at once, then two operations a target."""
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
