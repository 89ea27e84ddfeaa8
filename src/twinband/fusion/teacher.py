"""SAGE's teacher: fuses luma and infrared with the help of masked copies of both.

Semantic persistent attention (SPA): features of the masked copies attend to keys and values that
were computed from the unmasked images, the persistent repository, and what they find goes back into
the image's features. One set of SPA's weights serves five calls, at full, half, quarter, half and
full size.

Shapes: B batch, K masks, H and W multiples of 16, C width, N positions of a map.
Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 3).
"""

import itertools
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from twinband.fusion.persistent import Repository, SpatialTransformer
from twinband.fusion.student import SLOPE, check_pair

Kept = Literal["whole", "no_keys", "no_sources", "nothing"]
STRIDE = 16  # two halvings, then SPA's own quarter


class Fused(NamedTuple):
    """A fused image ``B,1,H,W``, unbounded, and the five features that a student is compared by, of
    the student's width."""

    image: Tensor
    features: list[Tensor]


class SageTeacher(nn.Module):
    """The network of SAGE that is guided by masks.

    Args:
        masks: masked copies of each image, K.
        width: channels, a multiple of 8; 64 as published (2,639,505 parameters, all of use).
        student_width: of the student that is compared with it.
        repository: content of the repository, see ``PersistentAttention``.
        compatible: own the one convolution that the published network has and never uses.

    Raises:
        ValueError: a width that cannot be divided so.
    """

    def __init__(
        self,
        masks: int = 4,
        width: int = 64,
        student_width: int = 32,
        repository: Kept = "whole",
        compatible: bool = False,
    ) -> None:
        super().__init__()
        if width % 8:
            raise ValueError(f"the teacher's width must be a multiple of 8, not {width}")
        self.masks = masks
        quarter, half = width // 4, width // 2
        self.stem = nn.Sequential(*_stack((2, quarter, half)))
        self.widen = nn.Sequential(*_stack((half, width)))
        self.infrared_stem = nn.Sequential(*_stack((masks, quarter, half, width)))
        # the last layer has no activation, as published
        self.visible_stem = nn.Sequential(*_stack((masks, quarter, half, width))[:-1])
        self.attention = PersistentAttention(width, repository)
        self.between = nn.ModuleList(_conv(4 * width, width) for _ in range(4))
        self.taps = nn.ModuleList(nn.Conv2d(4 * width, student_width, 1) for _ in range(5))
        self.decoder = nn.Sequential(*_stack((5 * width, 4 * width, 2 * width, width)))
        self.head = nn.Sequential(*_stack((width + half, width, half, quarter, 1)))
        if compatible:
            self.unused = _conv(4 * width, width)

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
    """One step of SPA (spec sage, 3.3).

    Args:
        width: channels, C.
        kept: content of the repository. ``whole`` is SAGE's: keys and values of the unmasked
            image, and its features as they come in, which are always part of the output. For
            comparison ``no_keys`` (patches meet the values by keys of their own), ``no_sources``
            (without those features) and ``nothing`` (patches attend to themselves alone).
    """

    def __init__(self, width: int = 64, kept: Kept = "whole") -> None:
        super().__init__()
        self.kept = kept
        self.image = SpatialTransformer(width)
        self.visible = SpatialTransformer(width)
        self.infrared = SpatialTransformer(width)
        self.masked = SpatialTransformer(width)
        self.returned = SpatialTransformer(width)
        self.merge_infrared = _conv(2 * width, width)
        self.merge_visible = _conv(2 * width, width)
        self.merge_patches = _conv(2 * width, width)
        self.merge_image = _conv(2 * width, width)

    def forward(
        self, image: Tensor, patches: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Attend.

        Args:
            image: ``B,C,h,w``.
            patches: features of the visible and of the infrared patches, like ``image``.

        Returns:
            ``B,4C,h,w``, and both patches' new features.
        """
        size = image.shape[2:]
        x0, p0, q0 = (F.max_pool2d(each, 4) for each in (image, *patches))
        x1, projected = self.image(x0)
        repository = self._kept(projected)
        p1, _ = self.visible(p0, repository)
        q1, _ = self.infrared(q0, repository)
        q2 = _merged(self.merge_infrared, q1, q0) + q1
        p2 = _merged(self.merge_visible, p1, p0) + p1
        both = _merged(self.merge_patches, q2, p2) + q2 + p2 + p1 + q1
        x2 = _merged(self.merge_image, x1, x0) + x1
        found, derived = self.masked(both, repository)
        x3, _ = self.returned(x2, self._kept(derived))
        source = x0 if self.kept in ("whole", "no_keys") else torch.zeros_like(x0)
        wide = _enlarged(torch.cat([x3, source, x2, found], 1), size)
        return wide, (_enlarged(p2, size), _enlarged(q2, size))

    def _kept(self, projected: Repository) -> Repository | None:
        if self.kept == "nothing":
            return None
        return projected._replace(keys=None) if self.kept == "no_keys" else projected


def _conv(inputs: int, outputs: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, 3, padding=1)


def _stack(widths: tuple[int, ...]) -> list[nn.Module]:
    """Make convolutions through these widths, each with its activation, the last one too."""
    layers: list[nn.Module] = []
    for inputs, outputs in itertools.pairwise(widths):
        layers += [_conv(inputs, outputs), nn.LeakyReLU(SLOPE)]
    return layers


def _merged(convolution: nn.Module, first: Tensor, second: Tensor) -> Tensor:
    return F.leaky_relu(convolution(torch.cat([first, second], 1)), SLOPE)


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)


def _enlarged(x: Tensor, size: torch.Size) -> Tensor:
    return F.interpolate(x, size, mode="bilinear", align_corners=False)
