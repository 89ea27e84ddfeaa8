"""A deliberate misalignment of the thermal camera, as a homography known exactly."""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Image = TypeVar("Image", NDArray[np.uint8], NDArray[np.uint16])
MAX_DEGREES = 1.2
MAX_SCALE = 0.025
MAX_SHIFT = 0.03  # of the width
MAX_PERSPECTIVE = 0.01  # change of scale across the image


def sample_homography(rng: np.random.Generator, width: int, height: int) -> NDArray[np.float64]:
    """A homography from thermal pixels to RGB pixels (pixel centres at integers).

    A similarity about the image's middle with a slight perspective; corners move by 3 to 12 px
    on average at 256x192, in proportion at other sizes.
    """
    angle = np.deg2rad(rng.uniform(-MAX_DEGREES, MAX_DEGREES))
    scale = 1 + rng.uniform(-MAX_SCALE, MAX_SCALE)
    way = rng.uniform(0, 2 * np.pi)
    shift = rng.uniform(0.4, 1.0) * MAX_SHIFT * width
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    tilt = rng.uniform(-MAX_PERSPECTIVE, MAX_PERSPECTIVE, 2) / width
    moved = np.array(
        [[cos, -sin, shift * np.cos(way)], [sin, cos, shift * np.sin(way)], [tilt[0], tilt[1], 1]]
    )
    to_middle = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1]])
    homography = np.linalg.inv(to_middle) @ moved @ to_middle
    normalised: NDArray[np.float64] = homography / homography[2, 2]
    return normalised


def warp_thermal(thermal: Image, homography: NDArray[np.float64]) -> Image:
    """What the misaligned camera sees: its pixel ``p`` shows the aligned image at ``H p``.

    The border is repeated, since a real camera goes on seeing beyond the aligned one's frame.
    """
    size = (thermal.shape[1], thermal.shape[0])
    warped: Image = cv2.warpPerspective(
        thermal, homography, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return warped
