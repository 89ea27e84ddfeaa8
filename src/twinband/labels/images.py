"""The image that an annotator is shown of a pair, and the name under which its label is kept."""

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.images import to_eight_bits
from twinband.registration.view import RegisteredPair

MODALITIES = ("rgb", "thermal")
RULES = ("both", "rgb", "thermal", "better")
DARK_LUMA = 80.0  # nights of LLVIP lie at 25 to 65, days of RoadScene above 100
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def image_of(pair: RegisteredPair, modality: str) -> NDArray[np.uint8] | None:
    """``H,W,3`` uint8 RGB on the pair's grid; of thermal three equal channels, 16 bits stretched
    by percentiles 1 and 99. None if the pair counts as having no thermal image."""
    if modality == "rgb":
        return pair.rgb
    if not pair.thermal_present:
        return None
    return grey_image(pair.thermal)


def grey_image(thermal: NDArray[Any]) -> NDArray[np.uint8]:
    """``H,W,3`` uint8 of a thermal image ``H,W`` of 8 or 16 bits."""
    return np.repeat(to_eight_bits(thermal)[..., None], 3, axis=2)


def modalities_of(pair: RegisteredPair, rule: str) -> tuple[str, ...]:
    """Which images of a pair are labelled.

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
    """SHA-256 of shape and pixels: equal images have equal labels, whatever file they come from."""
    digest = hashlib.sha256(repr(image.shape).encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()
