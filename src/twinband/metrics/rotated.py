"""Exact overlaps of rotated boxes, for AP50 as of DroneVehicle.

Boxes are convex polygons of four corners; their intersection is clipped edge by edge, without a
raster. With `twinband.metrics.voc` they make the rotated AP50. Source: spec/benchmarks.md B.1.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def corners(boxes: Floats) -> Floats:
    """Turn boxes ``n,5`` (centre x, centre y, width, height in px, angle in radians from x to y)
    into their corners ``n,8``."""
    centre, half, angle = boxes[:, None, :2], boxes[:, 2:4] / 2, boxes[:, 4]
    along = np.stack([np.cos(angle), np.sin(angle)], -1)
    across = np.stack([-np.sin(angle), np.cos(angle)], -1)
    signs = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float64)
    offsets = signs[:, :1] * (half[:, :1] * along)[:, None]
    offsets = offsets + signs[:, 1:] * (half[:, 1:] * across)[:, None]
    return np.asarray((centre + offsets).reshape(-1, 8))


def rotated_iou(first: Floats, second: Floats) -> Floats:
    """Compute the IoU ``n,m`` of convex quadrangles ``n,8`` and ``m,8`` (x1, y1, … x4, y4 in px,
    around the box in either direction); 0 for one without area."""
    result = np.zeros((len(first), len(second)))
    ours, theirs = _turned(first), _turned(second)
    areas = [np.array([_area(p) for p in polygons]) for polygons in (ours, theirs)]
    low = [polygons.min(1) for polygons in (ours, theirs)]
    high = [polygons.max(1) for polygons in (ours, theirs)]
    near = (np.minimum(high[0][:, None], high[1]) > np.maximum(low[0][:, None], low[1])).all(-1)
    for row, column in np.argwhere(near & (areas[0][:, None] > 0) & (areas[1] > 0)):
        shared = _area(_clipped(ours[row], theirs[column]))
        result[row, column] = shared / (areas[0][row] + areas[1][column] - shared)
    return result


def is_convex(quadrangle: Floats) -> bool:
    """Tell whether corners ``8`` go around a convex polygon, in either direction."""
    points = quadrangle.reshape(4, 2)
    edges = np.roll(points, -1, 0) - points
    turns = _cross(edges, np.roll(edges, -1, 0))
    # A star turns in one direction too, but more than once around.
    return bool((turns >= 0).all() or (turns <= 0).all()) and not _crosses(points)


def _crosses(points: Floats) -> bool:
    """Tell whether two opposite edges cut each other."""
    for a, b, c, d in (points, np.roll(points, 1, 0)):
        sides = _cross(b - a, c - a) * _cross(b - a, d - a)
        others = _cross(d - c, a - c) * _cross(d - c, b - c)
        if sides < 0 and others < 0:
            return True
    return False


def _turned(boxes: Floats) -> Floats:
    """Arrange corners ``n,4,2`` so that the signed area is positive."""
    polygons = boxes.reshape(-1, 4, 2)
    backwards = np.array([_signed_area(polygon) < 0 for polygon in polygons], np.bool_)
    return np.where(backwards[:, None, None], polygons[:, ::-1], polygons)


def _clipped(polygon: Floats, window: Floats) -> Floats:
    """Cut a polygon ``k,2`` by the half planes of a convex window ``4,2`` (Sutherland, Hodgman)."""
    for start, end in zip(window, np.roll(window, -1, 0), strict=True):
        if len(polygon) == 0:
            break
        sides = _cross(end - start, polygon - start)
        following, next_sides = np.roll(polygon, -1, 0), np.roll(sides, -1)
        kept: list[Floats] = []
        for point, side, after, after_side in zip(
            polygon, sides, following, next_sides, strict=True
        ):
            if side >= 0:
                kept.append(point)
            if (side > 0 > after_side) or (side < 0 < after_side):
                kept.append(point + (after - point) * (side / (side - after_side)))
        polygon = np.array(kept).reshape(-1, 2)
    return polygon


def _area(polygon: Floats) -> float:
    return abs(_signed_area(polygon))


def _signed_area(polygon: Floats) -> float:
    if len(polygon) < 3:
        return 0.0
    centred = polygon - polygon[0]  # far from the origin, products would swallow small areas
    return float(_cross(centred, np.roll(centred, -1, 0)).sum() / 2)


def _cross(first: Floats, second: Floats) -> Floats:
    return np.asarray(first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0])
