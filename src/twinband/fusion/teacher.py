"""SAGE's teacher: fuses luma and infrared with the help of masked copies of both.

Semantic persistent attention (SPA): features of the masked copies attend to keys and values that
were computed from the unmasked images, the persistent repository, and what they find goes back into
the image's features. One set of SPA's weights serves five calls, at full, half, quarter, half and
full size.

Shapes: B batch, K masks, H and W multiples of 16, C = 64 channels, N positions of a map.
Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 3).
"""

import itertools
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twinband.fusion.persistent import SpatialTransformer
from twinband.fusion.student import SLOPE, check_pair

WIDTH = 64
TAP_WIDTH = 32  # as the student's
STRIDE = 16  # two halvings, then SPA's own quarter


class Fused(NamedTuple):
    """A fused image ``B,1,H,W``, unbounded, and the five features that a student is compared by:
    ``B,32,h,w``."""

    image: Tensor
    features: list[Tensor]


class SageTeacher(nn.Module):
    """The network of SAGE that is guided by masks.

    Args:
        masks: masked copies of each image, K.
        compatible: own the one convolution that the published network has and never uses.
    """

    def __init__(self, masks: int = 4, compatible: bool = False) -> None:
        super().__init__()
        self.masks = masks
        self.stem = nn.Sequential(*_stack((2, 16, 32)))
        self.widen = nn.Sequential(*_stack((32, WIDTH)))
        self.infrared_stem = _patch_stem(masks, activated=True)
        self.visible_stem = _patch_stem(masks, activated=False)
        self.attention = PersistentAttention()
        self.between = nn.ModuleList(_conv(4 * WIDTH, WIDTH) for _ in range(4))
        self.taps = nn.ModuleList(nn.Conv2d(4 * WIDTH, TAP_WIDTH, 1) for _ in range(5))
        self.decoder = nn.Sequential(*_stack((5 * WIDTH, 256, 128, 64)))
        self.head = nn.Sequential(*_stack((64 + 32, 64, 32, 16, 1)))
        if compatible:
            self.unused = _conv(4 * WIDTH, WIDTH)

    def forward(
        self, visible: Tensor, infrared: Tensor, visible_patches: Tensor, infrared_patches: Tensor
    ) -> Fused:
        """Fuse.

        Args:
            visible, infrared: ``B,1,H,W`` in [0, 1].
            visible_patches, infrared_patches: ``B,K,H,W``: each image times its masks.

        Raises:
            ValueError: sizes that are no multiples of 16 or do not fit together.
        """
        self._check(visible, infrared, visible_patches, infrared_patches)
        early = self.stem(torch.cat([visible, infrared], 1))
        image = self.widen(early)
        patches = (self.visible_stem(visible_patches), self.infrared_stem(infrared_patches))
        x = image
        outputs: list[Tensor] = []
        for call in range(5):
            if call:
                x, patches = self._moved(call, outputs, patches)
            wide, patches = self.attention(x, patches)
            outputs.append(wide)
        features = [tap(wide) for tap, wide in zip(self.taps, outputs, strict=True)]
        decoded = self.decoder(torch.cat([outputs[4], image], 1))
        return Fused(self.head(torch.cat([decoded, early], 1)), features)

    def _moved(
        self, call: int, outputs: list[Tensor], patches: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Go to the next call's size: halves twice, then doubles twice with the outputs of before
        added."""
        convolution = self.between[call - 1]
        visible, infrared = patches
        if call < 3:
            x = F.leaky_relu(F.max_pool2d(convolution(outputs[-1]), 2), SLOPE)
            return x, (F.max_pool2d(visible, 2), F.max_pool2d(infrared, 2))
        beside = outputs[1] if call == 3 else outputs[0]
        x = F.leaky_relu(convolution(_doubled(outputs[-1]) + beside), SLOPE)
        return x, (_doubled(visible), _doubled(infrared))

    def _check(
        self, visible: Tensor, infrared: Tensor, visible_patches: Tensor, infrared_patches: Tensor
    ) -> None:
        check_pair(visible, infrared, STRIDE)
        size = visible.shape[2:]
        if size[0] % STRIDE or size[1] % STRIDE:
            raise ValueError(f"sides must be multiples of {STRIDE} px, not {tuple(size)}")
        expected = (len(visible), self.masks, *size)
        for patches in (visible_patches, infrared_patches):
            if patches.shape != expected:
                raise ValueError(f"patches must be {expected}, not {tuple(patches.shape)}")


class PersistentAttention(nn.Module):
    """One step of SPA (spec sage, 3.3)."""

    def __init__(self) -> None:
        super().__init__()
        self.image = SpatialTransformer(WIDTH)
        self.visible = SpatialTransformer(WIDTH)
        self.infrared = SpatialTransformer(WIDTH)
        self.masked = SpatialTransformer(WIDTH)
        self.returned = SpatialTransformer(WIDTH)
        self.merge_infrared = _conv(2 * WIDTH, WIDTH)
        self.merge_visible = _conv(2 * WIDTH, WIDTH)
        self.merge_patches = _conv(2 * WIDTH, WIDTH)
        self.merge_image = _conv(2 * WIDTH, WIDTH)

    def forward(
        self, image: Tensor, patches: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Attend.

        Args:
            image: ``B,64,h,w``.
            patches: features of the visible and of the infrared patches, like ``image``.

        Returns:
            ``B,256,h,w``, and both patches' new features.
        """
        size = image.shape[2:]
        x0, p0, q0 = (F.max_pool2d(each, 4) for each in (image, *patches))
        x1, repository = self.image(x0)
        p1, _ = self.visible(p0, repository)
        q1, _ = self.infrared(q0, repository)
        q2 = _merged(self.merge_infrared, q1, q0) + q1
        p2 = _merged(self.merge_visible, p1, p0) + p1
        both = _merged(self.merge_patches, q2, p2) + q2 + p2 + p1 + q1
        x2 = _merged(self.merge_image, x1, x0) + x1
        found, derived = self.masked(both, repository)
        x3, _ = self.returned(x2, derived)
        wide = _enlarged(torch.cat([x3, x0, x2, found], 1), size)
        return wide, (_enlarged(p2, size), _enlarged(q2, size))


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _stack(widths: tuple[int, ...]) -> list[nn.Module]:
    """Make convolutions through these widths, each with its activation, the last one too."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [_conv(inputs, outputs), nn.LeakyReLU(SLOPE)]
    return layers


def _patch_stem(masks: int, *, activated: bool) -> nn.Sequential:
    """Make the stem of patches; the visible ones' last layer has no activation, as published."""
    layers = _stack((masks, 16, 32, WIDTH))
    return nn.Sequential(*(layers if activated else layers[:-1]))


def _merged(convolution: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    return F.leaky_relu(convolution(torch.cat([first, second], 1)), SLOPE)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def _enlarged(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=False)
