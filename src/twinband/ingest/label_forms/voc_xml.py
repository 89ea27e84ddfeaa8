"""Boxes in PASCAL VOC XML, and its relatives with polygons and rotated boxes.

DroneVehicle has ``<polygon>`` with x1, y1 to x4, y4; roLabelImg has ``<robndbox>`` with cx, cy, w,
h and an angle in radians; KAIST's XML, made from videos' annotations, has x, y, w, h in a
``<bndbox>``, and ``<occlusion>``.
"""

import math
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from twinband.core.errors import MALFORMED, BadSample
from twinband.ingest.label_forms.boxes import Boxes, Points, Size, described, enclosed, turned
from twinband.ingest.label_forms.text import decoded_text, without_declaration

CORNERS = ("xmin", "ymin", "xmax", "ymax")
SIDES = ("x", "y", "w", "h")
ROTATED = ("cx", "cy", "w", "h", "angle")


def read_voc(data: bytes, path: str, one_based: bool) -> Boxes:
    """Read the objects of one annotation file; one without a box is told and left out.

    Args:
        data: the file's bytes.
        path: for messages.
        one_based: corners count from 1 and are inclusive; otherwise they are kept as written.

    Raises:
        BadSample: ``bad_label`` for what is no annotation.
    """
    annotation = _parsed(data, path)
    boxes = Boxes(path, size=_stated_size(annotation))
    for item in annotation.iter("object"):
        name = (item.findtext("name") or "").strip()
        try:
            if not name:
                raise ValueError("an <object> has no <name>")
            boxes.objects.append({**_object(item, name, one_based), **_hidden(item)})
        except MALFORMED as error:
            boxes.unusable.append(str(error))
    return boxes


def _parsed(data: bytes, path: str) -> Element:
    text = without_declaration(decoded_text(data)).strip()
    try:
        if not text:
            raise ValueError("the file is empty")
        if "<!ENTITY" in text:
            raise ValueError("it defines entities of its own, which are not read")
        annotation = ElementTree.fromstring(text)
        if annotation.tag != "annotation":
            raise ValueError(f"the top element is <{annotation.tag}>, not <annotation>")
    except (ElementTree.ParseError, *MALFORMED) as error:
        raise BadSample("bad_label", f"{path}: {error or type(error).__name__}") from None
    return annotation


def _stated_size(annotation: Element) -> Size | None:
    """Read width and height of the image; labelling tools write 0 or nothing if not known."""
    try:
        width = float(annotation.findtext("size/width") or 0)
        height = float(annotation.findtext("size/height") or 0)
    except ValueError:
        return None
    known = 0 < width < math.inf and 0 < height < math.inf
    return (width, height) if known else None


def _object(item: Element, name: str, one_based: bool) -> dict[str, object]:
    difficult = (item.findtext("difficult") or "").strip() == "1"
    corners = [item.findtext(f"bndbox/{corner}") for corner in CORNERS]
    sides = [item.findtext(f"bndbox/{side}") for side in SIDES]
    if None in corners and None not in sides:
        x, y, width, height = (_number(side, name) for side in sides)
        if one_based:
            x, y = x - 1, y - 1
        return described(name, (x, y, x + width, y + height), difficult)
    if None not in corners:
        x1, y1, x2, y2 = (_number(corner, name) for corner in corners)
        if one_based:
            x1, y1 = x1 - 1, y1 - 1
        return described(name, (x1, y1, x2, y2), difficult)
    points = _outline(item, name)
    if points is None:
        raise ValueError(
            f"a {name} lacks one of {', '.join(CORNERS)} in its <bndbox>, and has no <polygon> "
            "or <robndbox>"
        )
    if one_based:
        points = [[x - 1, y - 1] for x, y in points]
    return enclosed(name, points, difficult)


def _hidden(item: Element) -> dict[str, int]:
    """Read how much of an object is hidden: 0 nothing, 1 a part, 2 most."""
    stated = (item.findtext("occlusion") or "").strip()
    return {"occlusion": int(stated)} if stated in ("0", "1", "2") else {}


def _outline(item: Element, name: str) -> Points | None:
    """Read the corners of a polygon or a rotated box; None if there is neither."""
    polygon = item.find("polygon")
    if polygon is not None:
        return _polygon(polygon, name)
    values = [item.findtext(f"robndbox/{part}") for part in ROTATED]
    if None in values:
        return None
    x, y, width, height, angle = (_number(value, name) for value in values)
    return turned((x, y), (width, height), angle)


def _polygon(polygon: Element, name: str) -> Points:
    """Read x1, y1, x2, y2, …, or the older ``<pt><x/><y/></pt>``."""
    points = [[point.findtext("x"), point.findtext("y")] for point in polygon.iter("pt")]
    number = 1
    while polygon.findtext(f"x{number}") not in (None, ""):
        points.append([polygon.findtext(f"x{number}"), polygon.findtext(f"y{number}")])
        number += 1
    return [[_number(x, name), _number(y, name)] for x, y in points]


def _number(text: str | None, name: str) -> float:
    try:
        return float((text or "").strip())
    except ValueError:
        raise ValueError(f"{text!r} in the box of a {name} is no number") from None
