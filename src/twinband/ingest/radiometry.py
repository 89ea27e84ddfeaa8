"""A dataset's statement of what thermal counts mean, checked on each image that it is made of."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.ingest.notes import Notes

PLAUSIBLE_K = (180.0, 1000.0)  # a typical pixel: colder than any ground, hotter than most fires
Scale = Mapping[str, float]


def checked_scale(
    scale: Scale | None, pixels: NDArray[Any], path: str, notes: Notes
) -> Scale | None:
    """Return the scale if it may hold for an image; else None, and a note.

    Args:
        scale: ``kelvin_per_count`` and ``kelvin_at_zero`` as the dataset states them, if it does.
        pixels: ``H,W`` thermal counts.
        path: for the note.
    """
    if scale is None:
        return None
    if pixels.dtype == np.uint8:
        stated = f"{scale['kelvin_per_count']:g} K a count are stated"
        notes.add("radiometry_on_8_bits", f"{path}: 8 bits, which are for show; {stated}")
        return None
    typical = float(np.nanmedian(pixels)) * scale["kelvin_per_count"] + scale["kelvin_at_zero"]
    least, most = PLAUSIBLE_K
    if not least <= typical <= most:
        notes.add("radiometry_implausible", f"{path}: the median would be {typical:.4g} K")
        return None
    return scale
