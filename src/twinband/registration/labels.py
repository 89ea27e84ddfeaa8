"""Labels brought onto the grid of the registered pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.images import decode, encode_png
from twinband.registration.geometry import Matrix, moved_box, resampled, transformed
from twinband.registration.label_ground import IMAGE_SIZE, is_box, label_images

OWN_BOXES = {"rgb": "rgb_xyxy", "thermal": "thermal_xyxy"}


@dataclass(frozen=True, slots=True)
class Move:
    """Transform from the pixels of the modality that moves to a grid of ``width`` x ``height``."""

    modality: str
    matrix: Matrix
    width: int
    height: int

    @classmethod
    def onto(cls, grid: NDArray[Any], modality: str, matrix: Matrix) -> "Move":
        """Move to the pixels of the image ``grid``."""
        return cls(modality, matrix, grid.shape[1], grid.shape[0])

    def changes_nothing(self, image: NDArray[Any]) -> bool:
        """Tell if ``image`` stands on the grid already."""
        same = image.shape[:2] == (self.height, self.width)
        return same and np.array_equal(self.matrix, np.eye(3))


def moved_data(data: NDArray[np.bool_], move: Move) -> NDArray[np.bool_]:
    """Move the mask ``H,W`` of thermal's pixels with data; what a hole has a part in has none."""
    holes, _ = resampled((~data).astype(np.uint8) * 255, move.matrix, move.width, move.height)
    return holes == 0


def moved_label_images(
    fields: Mapping[str, bytes], move: Move, stands_on: Mapping[str, str]
) -> dict[str, bytes]:
    """Move PNG members (``semantics.png``, …) of the moved modality, by nearest pixel.

    Args:
        fields: all members of the pair.
        stands_on: the modality that each label was drawn on, by name.
    """
    moved = {}
    for name, data in label_images(fields):
        if stands_on[name] == move.modality:
            pixels = decode(data, name).pixels
            image, _ = resampled(pixels, move.matrix, move.width, move.height, labels=True)
            moved[f"{name}.png"] = encode_png(image)
    return moved


def moved_boxes(
    labels: Mapping[str, Any], move: Move, stands_on: Mapping[str, str]
) -> dict[str, Any]:
    """Move the boxes of the moved modality in a pair's JSON labels; all others stay.

    A box that lies outside the grid is gone; a target (``[x1, y1, x2, y2]`` by itself) is None
    then. Objects with a box of each modality (``ingest.matched_boxes``) are united anew, since
    only here both boxes are on one grid.
    """
    return {name: _placed(value, move, stands_on[name]) for name, value in labels.items()}


def _placed(value: Any, move: Move, ground: str) -> Any:
    if isinstance(value, list) and any(map(_has_own_boxes, value)):
        return [item for item in (_united(item, move) for item in value) if item is not None]
    return _moved(value, move) if ground == move.modality else value


def _has_own_boxes(item: Any) -> bool:
    """Tell if an object has a box of its own in either image, or in both."""
    return isinstance(item, Mapping) and any(key in item for key in OWN_BOXES.values())


def _united(item: Mapping[str, Any], move: Move) -> dict[str, Any] | None:
    """Move the box of one modality, and unite it with the other's, which stands on the grid; None
    if neither is on it."""
    own, outline = OWN_BOXES[move.modality], f"{move.modality}_corners"
    kept = {k: v for k, v in item.items() if k not in (own, outline, IMAGE_SIZE, "single")}
    if own in item:
        alone = {"xyxy": item[own], "corners": item.get(outline)}
        if (moved := _moved(alone, move)) is not None:
            kept |= {own: moved["xyxy"]} | ({outline: moved["corners"]} if outline in item else {})
    boxes = {modality: kept[key] for modality, key in OWN_BOXES.items() if key in kept}
    if not boxes:
        return None
    single = {} if len(boxes) == len(OWN_BOXES) else {"single": next(iter(boxes))}
    return {**kept, "xyxy": around([*boxes.values()]), **single}


def around(boxes: Sequence[Sequence[float]]) -> list[float]:
    """Give the box around boxes."""
    x1, y1, x2, y2 = zip(*boxes, strict=True)
    return [min(x1), min(y1), max(x2), max(y2)]


def _moved(value: Any, move: Move) -> Any:
    if is_box(value):
        return moved_box(value, move.matrix, move.width, move.height)
    if isinstance(value, list):
        return [item for item in (_moved(item, move) for item in value) if item is not None]
    if isinstance(value, Mapping) and is_box(value.get("xyxy")):
        box = moved_box(value["xyxy"], move.matrix, move.width, move.height)
        return None if box is None else {**value, "xyxy": box, **_outline(value, move)}
    return value


def _outline(value: Mapping[str, Any], move: Move) -> dict[str, Any]:
    """Move the corners of a turned box or polygon, and the size that its file stated."""
    changed: dict[str, Any] = {}
    if IMAGE_SIZE in value:
        changed[IMAGE_SIZE] = [move.width, move.height]
    if value.get("corners"):
        corners = np.asarray(value["corners"], np.float64).reshape(-1, 2)
        changed["corners"] = (transformed(move.matrix, corners - 0.5) + 0.5).tolist()
    return changed
