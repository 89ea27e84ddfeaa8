"""How well a pair fits under a transform that was not searched for here."""

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.registration.api import FINE_SIDE_PX, Registration
from twinband.registration.apply import resampled
from twinband.registration.fields import luminance, orientation_field, resized
from twinband.registration.quality import LEAST_OVERLAP, Status
from twinband.registration.search import as_complex
from twinband.registration.similarity import Frame, Matrix, corner_error_px, grid_change

BLUR_REACH_PX = 5  # how far into the image a field still feels the end of the data


def supplied(rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix) -> Registration:
    """A transform taken on trust: accepted whatever it scores, and scored."""
    return _described(rgb, thermal, matrix, "accepted", "")


def declared_aligned(rgb: NDArray[Any], thermal: NDArray[Any]) -> Registration:
    """A pair taken for aligned, apart from the sizes of its images, on trust; and scored."""
    return _described(
        rgb, thermal, grid_change(_frame(thermal), _frame(rgb)), "already_aligned", "declared"
    )


def of_rig(rgb: NDArray[Any], thermal: NDArray[Any], rig: Registration) -> Registration:
    """The rig's transform for one of its pairs, with the scores of this pair."""
    own = _described(rgb, thermal, rig.matrix, rig.status, rig.reason)
    return replace(rig, matrix=own.matrix, score=own.score, score_before=own.score_before)


def score(rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix) -> float:
    """Correlation of the orientation fields in -1..1 where thermal has data; 0 if hardly any."""
    target = _frame(rgb)
    moved, valid = resampled(luminance(thermal), matrix, target.width, target.height)
    zoom = min(1.0, FINE_SIDE_PX / max(target.width, target.height))
    width, height = (max(8, round(size * zoom)) for size in (target.width, target.height))
    fields = [orientation_field(resized(grey, width, height)) for grey in (luminance(rgb), moved)]
    inside = cv2.resize(valid.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(
        inside, np.ones((2 * BLUR_REACH_PX + 1,) * 2, np.uint8), borderValue=1
    ).astype(bool)
    if inside.mean() < LEAST_OVERLAP:
        return 0.0
    one, other = (as_complex(field)[inside].astype(np.complex128) for field in fields)
    norm = math.sqrt(float(np.square(np.abs(one)).sum() * np.square(np.abs(other)).sum()))
    return float((np.conj(one) * other).real.sum()) / norm if norm > 0 else 0.0


def _described(
    rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix, status: Status, reason: str
) -> Registration:
    target, source = _frame(rgb), _frame(thermal)
    still = grid_change(source, target)
    before = score(rgb, thermal, still)
    same = np.array_equal(matrix, still)
    return Registration(
        matrix=matrix,
        estimate=matrix,
        status=status,
        reason=reason,
        score=before if same else score(rgb, thermal, matrix),
        score_before=before,
        forward_backward_px=math.nan,
        motion_px=corner_error_px(matrix, still, source),
    )


def _frame(image: NDArray[Any]) -> Frame:
    return Frame(image.shape[1], image.shape[0])
