"""The modalities of MultiMAE, one row each: what goes in, what comes out, and by which loss.

Shapes: B batch, L patches of an image, N patches of any images, P values of a patch (channel, then
row in the patch, then column: the published order), C classes, D width of the encoder.

A modality more is a row in ``MODALITIES``, one in ``OUTPUTS``, and an adapter if neither serves.
Source: Bachmann et al., MultiMAE, ECCV 2022 (spec multimae, 2.1 and 2.5).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twinband.methods.multimae.depth import standardised_depth
from twinband.networks.layers import Grid
from twinband.networks.patches import standardise

VOID = 255  # class id of pixels that nobody labelled
CLASS_STRIDE = 4  # classes come at a quarter of the image's height and width
CLASS_WIDTH = 64


@dataclass(frozen=True, slots=True)
class Modality:
    """One modality.

    Attributes:
        channels: of an image; 0 for an image of classes.
        stride: pixels of the image to one of its own.
        prepared: maps what is given to what adapter and losses see.
    """

    channels: int
    stride: int = 1
    prepared: Callable[[Tensor], Tensor] = torch.Tensor.float

    def side(self, patch_px: int) -> int:
        """Tell the side of a patch in the modality's own pixels."""
        return max(1, patch_px // self.stride)


MODALITIES: Mapping[str, Modality] = {
    "rgb": Modality(3),
    "thermal": Modality(1),
    "depth": Modality(1, prepared=standardised_depth),
    "semseg": Modality(0, CLASS_STRIDE, prepared=torch.Tensor.long),
}


@dataclass(frozen=True, slots=True)
class Output:
    """One prediction.

    Attributes:
        modality: that is predicted.
        errors: of predicted patches ``N,P`` against true ones: ``N,P`` errors.
        standardised: the true patches are standardised, each by itself.
    """

    modality: str
    errors: Callable[[Tensor, Tensor], Tensor]
    standardised: bool = False

    def targets(self, patches_NP: Tensor) -> Tensor:
        """Return what patches ``N,P`` are predicted as."""
        return standardise(patches_NP)[0] if self.standardised else patches_NP


def squared(prediction_NP: Tensor, target_NP: Tensor) -> Tensor:
    """Compute squared errors."""
    return (prediction_NP - target_NP).square()


def absolute(prediction_NP: Tensor, target_NP: Tensor) -> Tensor:
    """Compute absolute errors."""
    return (prediction_NP - target_NP).abs()


def cross_entropy(logits_NCP: Tensor, classes_NP: Tensor) -> Tensor:
    """Compute cross-entropies; 0 where the class is ``VOID``."""
    return F.cross_entropy(logits_NCP, classes_NP, ignore_index=VOID, reduction="none")


# In the published order, heads in fp32 last (spec multimae, 11).
OUTPUTS: Mapping[str, Output] = {
    "rgb": Output("rgb", squared),
    "thermal": Output("thermal", squared),
    "depth": Output("depth", absolute),
    "norm_rgb": Output("rgb", squared, standardised=True),
    "norm_thermal": Output("thermal", squared, standardised=True),
    "semseg": Output("semseg", cross_entropy),
}
DEFAULT_OUTPUTS = ("rgb", "thermal", "depth", "norm_rgb", "semseg")


def cut(images: Tensor, side: int) -> Tensor:
    """Cut ``B,C,H,W`` images, or ``B,H,W`` of classes, into patches ``B,L,P``."""
    if images.ndim == 3:
        images = images[:, None]
    cells = images.unflatten(3, (-1, side)).unflatten(2, (-1, side))  # B,C,rows,side,columns,side
    return cells.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


def folded(patches_BLP: Tensor, grid: Grid, channels: int) -> Tensor:
    """Put patches back together: ``B,channels,H,W``."""
    side = round((patches_BLP.shape[2] // channels) ** 0.5)
    cells = patches_BLP.unflatten(2, (channels, side, side)).unflatten(1, grid)
    return cells.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


def known(patches_NP: Tensor) -> Tensor:
    """Mark the values that are there: finite, and no void class."""
    return patches_NP.isfinite() if patches_NP.is_floating_point() else patches_NP != VOID


class ImageAdapter(nn.Module):
    """A linear map of every patch, kept as the convolution that it is in published weights.

    Its bias keeps PyTorch's start, U(+-1/sqrt(fan-in)): biases are the only modality embedding that
    the encoder sees (spec multimae, 11).
    """

    def __init__(self, channels: int, side: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, side, stride=side)
        nn.init.xavier_uniform_(self.proj.weight.flatten(1))

    def forward(self, patches_NP: Tensor) -> Tensor:
        """Embed ``N,P`` patches as ``N,D``; values that are not there count as 0."""
        values = patches_NP.nan_to_num(nan=0.0)
        return F.linear(values, self.proj.weight.flatten(1), self.proj.bias)


class ClassAdapter(nn.Module):
    """An embedding of every class id, then a linear map of every patch."""

    def __init__(self, classes: int, side: int, width: int) -> None:
        super().__init__()
        self.classes = nn.Embedding(classes, CLASS_WIDTH)
        nn.init.trunc_normal_(self.classes.weight, std=0.02)
        self.proj = nn.Conv2d(CLASS_WIDTH, width, side, stride=side)
        nn.init.xavier_uniform_(self.proj.weight.flatten(1))

    def forward(self, patches_NP: Tensor) -> Tensor:
        """Embed ``N,P`` class ids as ``N,D``; void counts as 0."""
        there = known(patches_NP)
        embedded = self.classes(patches_NP.where(there, 0)) * there[..., None]
        return F.linear(
            embedded.transpose(1, 2).flatten(1), self.proj.weight.flatten(1), self.proj.bias
        )


def adapter(modality: str, patch_px: int, width: int, classes: int) -> nn.Module:
    """Make the input adapter of a modality."""
    row = MODALITIES[modality]
    side = row.side(patch_px)
    if row.channels:
        return ImageAdapter(row.channels, side, width)
    return ClassAdapter(classes, side, width)
