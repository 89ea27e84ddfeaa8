"""Labels brought onto the grid of the registered pair."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.images import decode, encode_png
from twinband.registration.geometry import Matrix, moved_box, resampled, transformed
from twinband.registration.label_ground import IMAGE_SIZE, is_box, label_images


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
    then.
    """
    return {
        name: _moved(value, move) if stands_on[name] == move.modality else value
        for name, value in labels.items()
    }


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
