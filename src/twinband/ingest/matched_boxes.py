"""Two lists of boxes of one pair, one a modality, as one list: their union.

Boxes of one class are matched one to one where they overlap, or where their centres are closer
than half a width. The union holds the box around every matched couple, and every box that has no
counterpart, flagged. This union is the project's own (no benchmark defines one): scores against it
are not those of papers, which use the boxes of one modality; these are kept beside it.

Lists in one order, as KAIST-paired's are, are matched by it, but only while they are equally long:
an object that one modality does not show is missing from that one's list alone.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from twinband.ingest.label_forms.boxes import Boxes, Size, fitted
from twinband.ingest.notes import Notes

Object = dict[str, Any]
Couples = list[tuple[int, int]]
PLACE = "place"  # in its list, while lists are matched
NEAR_WIDTHS = 0.5
# Overlap decides; among boxes that overlap alike, or not at all, the closer one.
OF_CLOSENESS = 1e-3


@dataclass(frozen=True, slots=True)
class TwoLists:
    """Boxes of a pair, each modality's in the pixels of its own image.

    Attributes:
        rgb, thermal: None where there is no list, so that no object of it is known.
        in_order: both name their objects in one order.
    """

    rgb: Boxes | None
    thermal: Boxes | None
    in_order: bool = False


def two_lists(
    read: Callable[[str], Boxes], rgb: str | None, thermal: str | None, in_order: bool = False
) -> TwoLists:
    """Read the lists of a pair from their files, of which one may be missing.

    Raises:
        BadSample: one of them cannot be used; the other by itself would call every object single.
    """
    return TwoLists(read(rgb) if rgb else None, read(thermal) if thermal else None, in_order)


def union_of(lists: TwoLists, sizes: Sequence[Size], notes: Notes) -> list[Object]:
    """Fit both lists to their images and match them.

    An object has ``rgb_xyxy`` and ``thermal_xyxy``, each in pixels of its image, and, if one of
    them is missing, ``single`` with the name of the other; corners of outlines likewise. Its
    ``xyxy`` is in pixels of the RGB image; where both images differ in size, thermal boxes are
    taken there by the ratio of the sizes, and ``register`` knows better.

    Args:
        sizes: width and height of the RGB and the thermal image.

    Raises:
        BadSample: ``bad_label`` if labels are read strictly.
    """
    by_place = lists.in_order and _are_alike(lists)
    rgb, thermal = (
        fitted(_numbered(own), [size], notes) if own is not None else []
        for own, size in zip((lists.rgb, lists.thermal), sizes, strict=True)
    )
    (rgb_width, rgb_height), (width, height) = sizes
    scale = (rgb_width / width, rgb_height / height)
    seen = [[value * scale[side % 2] for side, value in enumerate(o["xyxy"])] for o in thermal]
    couples = _by_place(rgb, thermal, seen) if by_place else None
    if couples is None:
        couples = _by_overlap(rgb, thermal, seen)
    # Where sizes differ, `register` learns from this on which image `xyxy` stands.
    ground = {} if sizes[0] == sizes[1] else {"image_size": [round(side) for side in sizes[0]]}
    return [{**item, **ground} for item in _united(rgb, thermal, seen, couples)]


def _numbered(boxes: Boxes) -> Boxes:
    return replace(boxes, objects=[{**o, PLACE: i} for i, o in enumerate(boxes.objects)])


def _are_alike(lists: TwoLists) -> bool:
    """Tell if both lists have as many objects, of the same classes, in order."""
    if lists.rgb is None or lists.thermal is None or lists.rgb.unusable or lists.thermal.unusable:
        return False
    classes = [[item["class"] for item in own.objects] for own in (lists.rgb, lists.thermal)]
    return classes[0] == classes[1]


def _by_place(
    rgb: Sequence[Object], thermal: Sequence[Object], seen: Sequence[list[float]]
) -> Couples | None:
    """Match by the place in the list; None if two of one place cannot be one object."""
    at = {item[PLACE]: number for number, item in enumerate(thermal)}
    couples = [(i, at[item[PLACE]]) for i, item in enumerate(rgb) if item[PLACE] in at]
    fit = all(_gain(rgb[i]["xyxy"], seen[j]) > 0 for i, j in couples)
    return couples if fit else None


def _by_overlap(
    rgb: Sequence[Object], thermal: Sequence[Object], seen: Sequence[list[float]]
) -> Couples:
    couples: Couples = []
    for name in dict.fromkeys(item["class"] for item in rgb):
        rows = [i for i, item in enumerate(rgb) if item["class"] == name]
        columns = [j for j, item in enumerate(thermal) if item["class"] == name]
        gains = _gains([rgb[i]["xyxy"] for i in rows], [seen[j] for j in columns])
        chosen = zip(*linear_sum_assignment(gains, maximize=True), strict=True)
        couples += [(rows[i], columns[j]) for i, j in chosen if gains[i, j] > 0]
    return couples


def _gains(rgb: Sequence[list[float]], thermal: Sequence[list[float]]) -> NDArray[np.float64]:
    gains = np.zeros((len(rgb), len(thermal)))
    for row, one in enumerate(rgb):
        for column, other in enumerate(thermal):
            gains[row, column] = _gain(one, other)
    return gains


def _gain(one: Sequence[float], other: Sequence[float]) -> float:
    """Rate two boxes as one object: IoU and, a little, closeness; 0 if they cannot be one."""
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(across, 0.0) * max(down, 0.0)
    iou = shared / (_area(one) + _area(other) - shared)
    apart = math.hypot(
        (one[0] + one[2] - other[0] - other[2]) / 2, (one[1] + one[3] - other[1] - other[3]) / 2
    )
    width = max(one[2] - one[0], other[2] - other[0])
    if iou <= 0 and apart >= NEAR_WIDTHS * width:
        return 0.0
    return iou + OF_CLOSENESS * width / (width + apart)


def _area(box: Sequence[float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _united(
    rgb: Sequence[Object],
    thermal: Sequence[Object],
    seen: Sequence[list[float]],
    couples: Couples,
) -> Iterator[Object]:
    """List the objects of the RGB list in its order, then those of thermal alone."""
    counterpart = dict(couples)
    for i, item in enumerate(rgb):
        if (j := counterpart.get(i)) is None:
            yield {**_own(item, "rgb"), "xyxy": item["xyxy"], "single": "rgb"}
            continue
        other = thermal[j]
        both = {**_own(other, "thermal"), **_own(item, "rgb"), **_judged(item, other)}
        yield {**both, "xyxy": _around(item["xyxy"], seen[j])}
    matched = set(counterpart.values())
    for j, item in enumerate(thermal):
        if j not in matched:
            yield {**_own(item, "thermal"), "xyxy": seen[j], "single": "thermal"}


def _own(item: Object, modality: str) -> Object:
    """Give an object's own box and corners names of its modality's."""
    kept = {key: value for key, value in item.items() if key not in (PLACE, "xyxy", "corners")}
    named = {f"{modality}_{key}": item[key] for key in ("xyxy", "corners") if key in item}
    return {**kept, **named}


def _judged(one: Object, other: Object) -> Object:
    """An object counts for the union as it is seen where it is seen best."""
    judged: Object = {"difficult": one["difficult"] and other["difficult"]}
    if "occlusion" in one and "occlusion" in other:
        judged["occlusion"] = min(one["occlusion"], other["occlusion"])
    return judged


def _around(one: Sequence[float], other: Sequence[float]) -> list[float]:
    return [
        *(min(a, b) for a, b in zip(one[:2], other[:2], strict=True)),
        *(max(a, b) for a, b in zip(one[2:], other[2:], strict=True)),
    ]
