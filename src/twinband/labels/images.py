"""Images as annotators see them: modality, cache key, and contrast of objects."""

import hashlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinband.core.thermal import to_eight_bits
from twinband.shards.registered import RegisteredPair

MODALITIES = ("rgb", "thermal")
DARK_LUMA = 80.0  # nights of LLVIP lie at 25 to 65, days of RoadScene above 100
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
# An image shows an object if in some channel its mean grey level differs by at least
# LEAST_CONTRAST of 255 from that of the ring of RING_PX around it: at night RGB may not show a
# person, and thermal does not show a cold sign.
RING_PX = 4
LEAST_CONTRAST = 8.0
DISC = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING_PX + 1, 2 * RING_PX + 1))


def image_of(pair: RegisteredPair, modality: str) -> NDArray[np.uint8] | None:
    """Render one image of a pair as ``H,W,3`` uint8 RGB on the pair's grid.

    Thermal becomes three equal channels. None if the pair counts as having no thermal image.
    """
    if modality == "rgb":
        return pair.rgb
    if not pair.thermal_present:
        return None
    return grey_image(pair.thermal)


def grey_image(thermal: NDArray[Any]) -> NDArray[np.uint8]:
    """Convert a thermal image ``H,W`` of 8 or 16 bits to ``H,W,3`` uint8."""
    return np.repeat(to_eight_bits(thermal)[..., None], 3, axis=2)


def modalities_of(pair: RegisteredPair, rule: str) -> tuple[str, ...]:
    """Choose the images of a pair to label.

    Args:
        rule: ``rgb``, ``thermal`` or ``both``; ``better`` is thermal where the RGB image is dark
            (its mean luma is below ``DARK_LUMA`` of 255) and there is a thermal image, else RGB.
    """
    if rule == "both":
        return MODALITIES if pair.thermal_present else ("rgb",)
    if rule == "better":
        dark = float((pair.rgb.mean((0, 1)) * LUMA).sum()) < DARK_LUMA
        return ("thermal",) if dark and pair.thermal_present else ("rgb",)
    return (rule,) if rule == "rgb" or pair.thermal_present else ()


def pixels_sha256(image: NDArray[np.uint8]) -> str:
    """Hash shape and pixels: equal images have equal labels, from any file."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def contrast(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> float:
    """Measure the greatest difference over the channels between a mask's mean and that of its ring.

    Args:
        image: ``H,W,3`` uint8.
        mask: ``H,W``, of the object.

    Returns:
        Grey levels, in [0, 255]; 0 if the mask is empty or has no surroundings.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return 0.0
    part = (
        slice(max(rows[0] - RING_PX, 0), rows[-1] + RING_PX + 1),
        slice(max(columns[0] - RING_PX, 0), columns[-1] + RING_PX + 1),
    )
    inside = mask[part]
    ring = cv2.dilate(inside.astype(np.uint8), DISC).astype(bool) & ~inside
    if not ring.any():
        return 0.0
    pixels = image[part]
    return float(np.abs(pixels[inside].mean(0) - pixels[ring].mean(0)).max())


def shows(image: NDArray[np.uint8], mask: NDArray[np.bool_]) -> bool:
    """Tell if ``image`` (``H,W,3`` uint8) shows the object that ``mask`` (``H,W``) covers."""
    return contrast(image, mask) >= LEAST_CONTRAST
