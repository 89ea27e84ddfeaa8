"""Truth of pairs that are annotated twice, once on RGB and once on thermal: their union.

Boxes of the same object are matched one to one; the union holds the box that encloses both, and
every box that only one modality has. A detection is right if it overlaps either box enough. This
union is the project's own, no benchmark's. Source: spec/benchmarks.md B.3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from twinband.metrics.voc import box_iou

Floats = NDArray[np.float64]
NEAR = 0.5  # of the wider box: centres nearer than this match without any overlap


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """Objects of one pair and one class, matched ones first, then those of RGB, then of thermal.

    Attributes:
        boxes: ``n,4``, x1, y1, x2, y2 in px, enclosing the boxes of both modalities.
        rgb: ``n,4``, the boxes on RGB; NaN where there is none.
        thermal: ``n,4``, the boxes on thermal; NaN where there is none.
    """

    boxes: Floats
    rgb: Floats
    thermal: Floats

    @property
    def single(self) -> NDArray[np.bool_]:
        """Tell which objects only one modality has."""
        return np.asarray(np.isnan(self.rgb + self.thermal).any(1))


def match(rgb: Floats, thermal: Floats) -> list[tuple[int, int]]:
    """Match boxes ``n,4`` and ``m,4`` one to one, so that the sum of overlaps is greatest.

    Two boxes may match if they overlap, or if their centres are nearer than half of the width of
    the wider one. As many as can are matched.
    """
    overlap = box_iou(rgb, thermal)
    centres = [(boxes[:, :2] + boxes[:, 2:]) / 2 for boxes in (rgb, thermal)]
    distance = np.linalg.norm(centres[0][:, None] - centres[1], axis=-1)
    widths = [boxes[:, 2] - boxes[:, 0] for boxes in (rgb, thermal)]
    reach = NEAR * np.maximum(widths[0][:, None], widths[1])
    allowed = (overlap > 0) | (distance < reach)
    # More matches first, then overlap, then (far below it) nearness.
    nearness = 1e-6 / (1 + distance)
    gain = np.where(allowed, 2 * max(1, min(overlap.shape)) + overlap + nearness, 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in pairs if allowed[row, column]]


def union(rgb: Floats, thermal: Floats) -> Union:
    """Unite the boxes ``n,4`` and ``m,4`` (x1, y1, x2, y2 in px) of one pair and one class."""
    pairs = match(rgb, thermal)
    rows, columns = [row for row, _ in pairs], [column for _, column in pairs]
    left_rgb = rgb[[row for row in range(len(rgb)) if row not in set(rows)]]
    left_thermal = thermal[[c for c in range(len(thermal)) if c not in set(columns)]]
    first, second = rgb[rows].reshape(-1, 4), thermal[columns].reshape(-1, 4)
    enclosing = np.hstack(
        [np.minimum(first[:, :2], second[:, :2]), np.maximum(first[:, 2:], second[:, 2:])]
    )
    return Union(
        np.vstack([enclosing, left_rgb, left_thermal]),
        np.vstack([first, left_rgb, np.full_like(left_thermal, np.nan)]),
        np.vstack([second, np.full_like(left_rgb, np.nan), left_thermal]),
    )


def either_iou(found: Floats, objects: Floats) -> Floats:
    """Compute the greater IoU ``n,m`` of boxes ``n,4`` with either box of objects ``m,8``, which
    hold the box on RGB and then that on thermal; a box that is not there (NaN) has none."""
    tables = [box_iou(found, np.nan_to_num(part)) for part in np.split(objects, 2, axis=1)]
    return np.asarray(np.maximum(*tables))
