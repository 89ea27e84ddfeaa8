"""Residual misalignment: local shifts between RGB and registered thermal, in blocks.

Objects nearer than the scene that the transform fits are displaced by parallax. The map tells how
far, for the quality report and for choosing how much training must tolerate.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.registration.fields import Field, luminance, orientation_field, resized
from twinband.registration.working import FINE_SIDE_PX

BLOCK_PX = 48
STEP_PX = 24
REACH_PX = 8
LEAST_CONFIDENCE = 0.3  # correlation of a block's fields; wrong matches stay below
LEAST_STRENGTH = 0.35  # mean field strength of a block that holds edges at all


@dataclass(frozen=True, slots=True, eq=False)
class Residuals:
    """Blocks in which the shift could be measured.

    Attributes:
        centres_px: ``N,2`` middle of each block (x, y).
        shifts_px: ``N,2`` how far thermal still has to move to meet RGB (x, y).
        confidence: ``N`` correlation of the block's orientation fields there, 0..1.
    """

    centres_px: NDArray[np.float64]
    shifts_px: NDArray[np.float64]
    confidence: NDArray[np.float64]

    @property
    def lengths_px(self) -> NDArray[np.float64]:
        """``N`` lengths of the shifts."""
        return np.hypot(self.shifts_px[:, 0], self.shifts_px[:, 1])


def residual_shifts(
    rgb: NDArray[Any], thermal: NDArray[Any], valid: NDArray[np.bool_]
) -> Residuals:
    """Measure the local shifts of ``thermal`` against ``rgb``, both ``H,W`` of one grid.

    Every block of ``BLOCK_PX`` is looked for in thermal within ``REACH_PX``; blocks without edges,
    without data, or whose best place is at the border of the reach or doubtful, are left out.
    Images longer than ``FINE_SIDE_PX`` are reduced to it first.

    Args:
        valid: ``H,W``, where thermal has data.
    """
    zoom = min(1.0, FINE_SIDE_PX / max(valid.shape))
    height, width = (max(1, round(side * zoom)) for side in valid.shape)
    fixed, moving = (
        orientation_field(resized(luminance(image), width, height), tensor_sigma_px=0.0)
        for image in (rgb, thermal)
    )
    valid = cv2.resize(valid.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    rows = []
    margin = BLOCK_PX + 2 * REACH_PX
    for top in range(0, height - margin + 1, STEP_PX):
        for left in range(0, width - margin + 1, STEP_PX):
            around = (slice(top, top + margin), slice(left, left + margin))
            inner = slice(REACH_PX, REACH_PX + BLOCK_PX)
            if not valid[around].all():
                continue
            match = _match(fixed[around][inner, inner], moving[around])
            if match is not None:
                centre = (left + margin / 2 - 0.5, top + margin / 2 - 0.5)
                rows.append((*centre, *match))
    table = np.array(rows, np.float64).reshape(-1, 5)
    return Residuals((table[:, :2] + 0.5) / zoom - 0.5, table[:, 2:4] / zoom, table[:, 4])


def _match(block: Field, around: Field) -> tuple[float, float, float] | None:
    """Find shift (x, y) and confidence of the best place of ``block``, if it is a clear one."""
    if min(_strength(block), _strength(around)) < LEAST_STRENGTH:
        return None
    surface = cv2.matchTemplate(around, block, cv2.TM_CCORR_NORMED)
    down, across = (int(i) for i in np.unravel_index(int(surface.argmax()), surface.shape))
    peak = float(surface[down, across])
    if peak < LEAST_CONFIDENCE or min(down, across) == 0 or max(down, across) == 2 * REACH_PX:
        return None
    x = across + _vertex(*surface[down, across - 1 : across + 2])
    y = down + _vertex(*surface[down - 1 : down + 2, across])
    return REACH_PX - x, REACH_PX - y, min(peak, 1.0)


def _strength(field: Field) -> float:
    return float(np.hypot(field[..., 0], field[..., 1]).mean(dtype=np.float64))


def _vertex(before: float, peak: float, after: float) -> float:
    """Find the top of the parabola through three values, from the middle one."""
    curvature = float(before) - 2 * float(peak) + float(after)
    return 0.0 if curvature >= 0 else 0.5 * (float(before) - float(after)) / curvature
