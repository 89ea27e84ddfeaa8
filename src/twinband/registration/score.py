"""Score of a transform that nothing was searched for: supplied, declared, or a whole rig's."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.registration.fields import luminance, orientation_field, resized
from twinband.registration.geometry import Frame, Matrix, resampled
from twinband.registration.quality import cosine
from twinband.registration.search import as_complex
from twinband.registration.working import fine_side_px, size_at

BLUR_REACH_PX = 5  # how far into the image a field still feels the end of the data
LEAST_COVER = 0.05  # of the RGB image: thermal lenses may see a small part of it


def score(rgb: NDArray[Any], thermal: NDArray[Any], matrix: Matrix) -> float:
    """Correlate the orientation fields, -1..1, where thermal has data; 0 if hardly any."""
    target = Frame.of(rgb)
    moved, valid = resampled(luminance(thermal), matrix, target.width, target.height)
    width, height = size_at(target, fine_side_px(target, Frame.of(thermal)))
    fields = [orientation_field(resized(grey, width, height)) for grey in (luminance(rgb), moved)]
    inside = cv2.resize(valid.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    inside = cv2.erode(
        inside, np.ones((2 * BLUR_REACH_PX + 1,) * 2, np.uint8), borderValue=1
    ).astype(bool)
    if inside.mean() < LEAST_COVER:
        return 0.0
    return cosine(*(as_complex(field)[inside].astype(np.complex128) for field in fields))
