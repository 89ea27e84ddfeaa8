"""SAGE's student: a small U-Net that fuses luma and infrared, without masks.

Shapes: B batch, H and W any of at least 4 pixels, C width.
Source: Wu et al., Every SAM Drop Counts, CVPR 2025 (spec sage, 4).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SLOPE = 0.01
LEAST_PX = 4  # two halvings


class SageStudent(nn.Module):
    """Five stages of three convolutions each, at full, half, quarter, half and full size.

    Args:
        width: channels of every stage; 32 as published (135,617 parameters).
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.stages = nn.ModuleList(_triple(2 if n == 0 else width, width) for n in range(5))
        self.merges = nn.ModuleList(_normalised(2 * width, width, 1) for _ in range(2))
        self.head = nn.Conv2d(width, 1, 3, padding=1)

    def features(self, visible: Tensor, infrared: Tensor) -> list[Tensor]:
        """Compute the outputs of the five stages, ``B,C,h,w`` each: what a teacher is compared by.

        Raises:
            ValueError: images of different sizes or of fewer than 4 pixels a side.
        """
        check_pair(visible, infrared, LEAST_PX)
        full = self.stages[0](torch.cat([visible, infrared], 1))
        half = self.stages[1](F.max_pool2d(full, 2))
        quarter = self.stages[2](F.max_pool2d(half, 2))
        up_half = self.stages[3](self.merges[0](beside(quarter, half)))
        up_full = self.stages[4](self.merges[1](beside(up_half, full)))
        return [full, half, quarter, up_half, up_full]

    def forward(self, visible: Tensor, infrared: Tensor) -> Tensor:
        """Fuse luma and infrared in [0, 1], ``B,1,H,W`` each; the result lies in [-1, 1]."""
        return self.fused(self.features(visible, infrared))

    def fused(self, features: list[Tensor]) -> Tensor:
        """Turn the stages' outputs into the fused image."""
        image: Tensor = self.head(features[-1]).tanh()
        return image


def check_pair(visible: Tensor, infrared: Tensor, least_px: int) -> None:
    """Check that two ``B,1,H,W`` images can be fused.

    Raises:
        ValueError: they cannot.
    """
    if visible.shape != infrared.shape or visible.ndim != 4 or visible.shape[1] != 1:
        raise ValueError(
            "visible and infrared must be B,1,H,W of one size, not"
            f" {tuple(visible.shape)} and {tuple(infrared.shape)}"
        )
    if min(visible.shape[2:]) < least_px:
        raise ValueError(f"images must have {least_px} pixels a side, not {visible.shape[2:]}")


def _normalised(inputs: int, outputs: int, size: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, padding=size // 2),
        nn.BatchNorm2d(outputs),
        nn.LeakyReLU(SLOPE, inplace=True),
    )


def _triple(inputs: int, width: int) -> nn.Sequential:
    return nn.Sequential(
        *_normalised(inputs, width, 3), *_normalised(width, width, 3), *_normalised(width, width, 3)
    )


def beside(small: Tensor, large: Tensor) -> Tensor:
    """Put the small features, enlarged, in front of the large ones."""
    size = large.shape[2:]
    enlarged = F.interpolate(small, size, mode="bilinear", align_corners=False)
    return torch.cat([enlarged, large], 1)
