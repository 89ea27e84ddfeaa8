"""Formats that several layouts share: boxes in PASCAL VOC XML."""

import math
from typing import Any
from xml.etree import ElementTree

from twinband.core.errors import BadSample

# VOC files count from 0 or from 1, which is seldom known: a box may leave the image by this.
SLACK_PX = 1
CORNERS = ("xmin", "ymin", "xmax", "ymax")


def read_boxes(data: bytes, path: str, one_based: bool) -> list[dict[str, Any]]:
    """Read the objects of one annotation file: ``class``, ``xyxy`` and ``difficult``.

    Args:
        data: the file's bytes.
        path: for messages.
        one_based: corners count from 1 and are inclusive; otherwise they are kept as written.

    Returns:
        Boxes in pixels as float ``[x1, y1, x2, y2]``.

    Raises:
        BadSample: ``bad_label`` for malformed XML, or a box that is inverted or outside.
    """
    try:
        annotation = ElementTree.fromstring(data)  # expat itself stops entities that multiply
        if annotation.tag != "annotation":
            raise ValueError(f"the top element is <{annotation.tag}>, not <annotation>")
        width = float(annotation.findtext("size/width", "0"))
        height = float(annotation.findtext("size/height", "0"))
        if not (0 <= width < math.inf and 0 <= height < math.inf):
            raise ValueError(f"the <size> is {width} x {height}")
        limits = (width or math.inf, height or math.inf)
        return [_box(item, limits, one_based) for item in annotation.iter("object")]
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the last: an encoding
        raise BadSample("bad_label", f"{path}: {error}") from None


def _box(item: ElementTree.Element, limits: tuple[float, float], one_based: bool) -> dict[str, Any]:
    name = item.findtext("name", "").strip()
    if not name:
        raise ValueError("an <object> has no <name>")
    corners = [item.findtext(f"bndbox/{corner}") for corner in CORNERS]
    if None in corners:
        raise ValueError(f"the <bndbox> of a {name} lacks one of {', '.join(CORNERS)}")
    x1, y1, x2, y2 = (float(corner or "") for corner in corners)
    if one_based:
        x1, y1 = x1 - 1, y1 - 1
    if not (-math.inf < x1 < x2 < math.inf and -math.inf < y1 < y2 < math.inf):
        raise ValueError(f"the box {[x1, y1, x2, y2]} of a {name} has no area")
    width, height = limits
    if min(x1, y1) < -SLACK_PX or x2 > width + SLACK_PX or y2 > height + SLACK_PX:
        raise ValueError(f"the box {[x1, y1, x2, y2]} of a {name} leaves the image")
    difficult = item.findtext("difficult", "0").strip() == "1"
    return {"class": name, "xyxy": [x1, y1, x2, y2], "difficult": difficult}
