"""Boxes as a label file holds them, and as they fit the images of their pair."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twinband.core.errors import BadSample
from twinband.ingest.notes import Notes

# Files count from 0 or from 1, which is seldom known: a box may leave the image by this.
SLACK_PX = 1
Size = tuple[float, float]  # width, height
Points = list[list[float]]


@dataclass(slots=True)
class Boxes:
    """Objects of one image, as written.

    Attributes:
        path: file that they stand in.
        objects: ``class``, ``xyxy`` and ``difficult``; of polygons and rotated boxes the envelope
            as ``xyxy``, and ``corners`` as a list of x and y.
        size: width and height that the file states of the image; None if it states none.
        unusable: what could not be read, in plain words.
        relative: coordinates are shares of width and height, of the RGB image.
    """

    path: str
    objects: list[dict[str, Any]] = field(default_factory=list)
    size: Size | None = None
    unusable: list[str] = field(default_factory=list)
    relative: bool = False


def described(name: str, xyxy: Sequence[float], difficult: bool) -> dict[str, Any]:
    """Describe an object as shards hold it."""
    return {"class": name, "xyxy": [float(value) for value in xyxy], "difficult": difficult}


def enclosed(name: str, points: Points, difficult: bool) -> dict[str, Any]:
    """Describe an object by the corners of its outline.

    Raises:
        ValueError: fewer than three corners, or one that is not finite.
    """
    if len(points) < 3 or not all(math.isfinite(value) for point in points for value in point):
        raise ValueError(f"the outline {points} of a {name} has no three finite corners")
    across, down = zip(*points, strict=True)
    envelope = (min(across), min(down), max(across), max(down))
    return {**described(name, envelope, difficult), "corners": points}


def turned(centre: Sequence[float], size: Size, angle_rad: float) -> Points:
    """Give the corners of a box turned about its centre, clockwise as seen."""
    cosine, sine = math.cos(angle_rad), math.sin(angle_rad)
    half = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))
    sides = [(a * size[0], b * size[1]) for a, b in half]
    return [
        [centre[0] + a * cosine - b * sine, centre[1] + a * sine + b * cosine] for a, b in sides
    ]


def fitted(boxes: Boxes, sizes: Sequence[Size], notes: Notes) -> list[dict[str, Any]]:
    """Clip boxes to their image, and leave out what has no area there; notes tell.

    Args:
        sizes: of the pair's images; the stated size says which of them the boxes are drawn on.

    Raises:
        BadSample: ``bad_label`` if labels are read strictly.
    """
    for why in boxes.unusable:
        notes.lose("boxes_dropped", _bad(boxes, why))
    kept = []
    limits = sizes[0] if boxes.relative else _limits(boxes, sizes, notes)
    ground = _ground(boxes.size, sizes)
    for item in boxes.objects:
        if boxes.relative:
            item = _scaled(item, limits)
        what = f"the box {item['xyxy']} of a {item['class']}"
        x1, y1, x2, y2 = item["xyxy"]
        if not (-math.inf < x1 < x2 < math.inf and -math.inf < y1 < y2 < math.inf):
            notes.lose("boxes_dropped", _bad(boxes, f"{what} has no area"))
            continue
        inside = _clipped(item["xyxy"], limits)
        if inside is None:
            notes.lose("boxes_dropped", _bad(boxes, f"{what} lies outside the image"))
            continue
        if inside != item["xyxy"]:
            notes.lose("boxes_clipped", _bad(boxes, f"{what} leaves the image"))
        kept.append({**item, "xyxy": inside, **ground})
    return kept


def _ground(stated: Size | None, sizes: Sequence[Size]) -> dict[str, list[int]]:
    """Keep the size that the file states of its image, if it tells on which of both boxes stand;
    ``register`` looks at it."""
    if stated is None or stated not in sizes or len(set(sizes)) == 1:
        return {}
    return {"image_size": [round(side) for side in stated]}


def _limits(boxes: Boxes, sizes: Sequence[Size], notes: Notes) -> Size:
    if boxes.size is not None and boxes.size in sizes:
        return boxes.size
    if boxes.size is not None:
        found = " and ".join(f"{width:g} x {height:g}" for width, height in dict.fromkeys(sizes))
        stated = "{:g} x {:g}".format(*boxes.size)
        notes.add("label_size_differs", f"{boxes.path}: states {stated} px, the images are {found}")
    widths, heights = zip(*sizes, strict=True)
    return max(widths), max(heights)


def _scaled(item: Mapping[str, Any], size: Size) -> dict[str, Any]:
    """Bring shares of the image's size to pixels."""
    x1, y1, x2, y2 = item["xyxy"]
    scaled = {**item, "xyxy": [x1 * size[0], y1 * size[1], x2 * size[0], y2 * size[1]]}
    if "corners" in item:
        scaled["corners"] = [[x * size[0], y * size[1]] for x, y in item["corners"]]
    return scaled


def _clipped(box: list[float], limits: Size) -> list[float] | None:
    """Clip a box that leaves the image by more than counting explains; None if nothing is left."""
    x1, y1, x2, y2 = box
    width, height = limits
    if min(x1, y1) < -SLACK_PX or x2 > width + SLACK_PX or y2 > height + SLACK_PX:
        x1, y1, x2, y2 = max(x1, 0.0), max(y1, 0.0), min(x2, width), min(y2, height)
    # Of a box that lies in the slack alone nothing is on the image either.
    within = max(x1, 0.0) < min(x2, width) and max(y1, 0.0) < min(y2, height)
    return [x1, y1, x2, y2] if within else None


def _bad(boxes: Boxes, why: str) -> BadSample:
    return BadSample("bad_label", f"{boxes.path}: {why}")
