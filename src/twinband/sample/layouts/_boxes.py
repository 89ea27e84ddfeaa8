"""Boxes in whole pixels."""

import math

from twinband.sample.render import Box


def whole_pixels(box: Box) -> tuple[int, int, int, int]:
    """The least box of whole pixels around ``box``, 0-based and half-open."""
    x1, y1, x2, y2 = box.xyxy
    return math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2)
