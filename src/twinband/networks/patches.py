"""Patches of images, those that are kept, and the loss on those that are not.

Shapes: B batch, L patches of an image, K kept ones, P values of a patch (row in the patch, then
column, then channel), D width of a token.
"""

import torch
from torch import Tensor

from twinband.networks.layers import Grid

VARIANCE_EPS = 1e-6


def patchify(images: Tensor, patch_px: int) -> Tensor:
    """Cut ``B,C,H,W`` images, of whole patches, into ``B,L,P``."""
    rows, columns = images.shape[2] // patch_px, images.shape[3] // patch_px
    cells = images.unflatten(3, (columns, patch_px)).unflatten(2, (rows, patch_px))
    return cells.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)


def unpatchify(patches: Tensor, grid: Grid, patch_px: int) -> Tensor:
    """Put patches back together: ``B,C,H,W`` images with ``grid`` patches."""
    cells = patches.unflatten(1, grid).unflatten(3, (patch_px, patch_px, -1))
    return cells.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)


def standardise(patches: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Subtract each patch's mean and divide by its deviation; returns also both, ``B,L,1``.

    The variance is the unbiased one, plus 1e-6 so that a flat patch becomes all 0.
    """
    mean = patches.mean(-1, keepdim=True)
    deviation = (patches.var(-1, keepdim=True) + VARIANCE_EPS).sqrt()
    return (patches - mean) / deviation, mean, deviation


def keep_tokens(tokens_BLD: Tensor, kept_BK: Tensor) -> Tensor:
    """Gather the tokens at ``kept_BK``, in that order: ``B,K,D``."""
    return tokens_BLD.gather(1, _each_channel(kept_BK, tokens_BLD.shape[2]))


def restore_tokens(visible_BKD: Tensor, mask_token: Tensor, kept_BK: Tensor, count: int) -> Tensor:
    """Put visible tokens back at their places among ``count``, and ``mask_token`` at all others."""
    batch, _, width = visible_BKD.shape
    everywhere = mask_token.to(visible_BKD.dtype).expand(batch, count, width)
    return everywhere.scatter(1, _each_channel(kept_BK, width), visible_BKD)


def visible_places(visible_BL: Tensor) -> Tensor:
    """List the visible places of each row, rising: ``B,K`` int64.

    Raises:
        ValueError: no booleans ``B,L``, or rows with different numbers of visible places.
    """
    if visible_BL.ndim != 2 or visible_BL.dtype != torch.bool:
        raise ValueError(
            f"visible must be booleans B,L, not {visible_BL.dtype} {tuple(visible_BL.shape)}"
        )
    counts = visible_BL.sum(1)
    if (counts != counts[0]).any():
        raise ValueError(
            "every row must have as many visible patches as the next, not "
            f"{int(counts.min())} to {int(counts.max())}"
        )
    return visible_BL.nonzero()[:, 1].view(len(visible_BL), -1)


def masked_places(kept_BK: Tensor, count: int) -> Tensor:
    """Mark the patches that are not kept, ``B,count`` booleans."""
    everywhere = torch.ones(len(kept_BK), count, dtype=torch.bool, device=kept_BK.device)
    return everywhere.scatter(1, kept_BK, False)


def masked_loss(prediction_BLP: Tensor, images: Tensor, kept_BK: Tensor, patch_px: int) -> Tensor:
    """Compute the mean squared error on the standardised patches that were not kept, in float32.

    All masked patches of the batch weigh the same.

    Raises:
        ValueError: every patch is kept, so there is nothing to predict.
    """
    count = prediction_BLP.shape[1]
    if kept_BK.shape[1] >= count:
        raise ValueError(f"all {count} patches are kept: there is nothing left to predict")
    target, _, _ = standardise(patchify(images.float(), patch_px))
    error = (prediction_BLP.float() - target).square().mean(-1)
    masked = masked_places(kept_BK, count)
    return (error * masked).sum() / masked.sum()


def restored_image(
    prediction_BLP: Tensor, images: Tensor, kept_BK: Tensor, patch_px: int
) -> Tensor:
    """Fill the image's masked patches as predicted, in the true mean and contrast of each."""
    patches = patchify(images.float(), patch_px)
    _, mean, deviation = standardise(patches)
    masked = masked_places(kept_BK, patches.shape[1])[..., None]
    filled = torch.where(masked, prediction_BLP.float() * deviation + mean, patches)
    return unpatchify(filled, _grid(images, patch_px), patch_px)


def _grid(images: Tensor, patch_px: int) -> Grid:
    return images.shape[2] // patch_px, images.shape[3] // patch_px


def _each_channel(kept_BK: Tensor, width: int) -> Tensor:
    return kept_BK[:, :, None].expand(-1, -1, width)
