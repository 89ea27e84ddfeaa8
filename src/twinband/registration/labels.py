"""Labels brought onto the grid of the registered pair."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.images import decode, encode_png
from twinband.registration.geometry import Matrix, moved_box, resampled

IMAGES = frozenset({"rgb", "thermal"})


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


def moved_label_images(fields: Mapping[str, bytes], move: Move, labels_on: str) -> dict[str, bytes]:
    """Move PNG members (``semantics.png``, …) of the moved modality, by nearest pixel.

    Args:
        fields: all members of the pair.
        labels_on: where labels were drawn whose name ends in neither modality.
    """
    moved = {}
    for field, data in fields.items():
        name, _, suffix = field.rpartition(".")
        if suffix == "png" and name not in IMAGES and _modality(name, labels_on) == move.modality:
            pixels = decode(data, field).pixels
            image, _ = resampled(pixels, move.matrix, move.width, move.height, labels=True)
            moved[field] = encode_png(image)
    return moved


def moved_boxes(labels: Mapping[str, Any], move: Move, labels_on: str) -> dict[str, Any]:
    """Move the boxes of the moved modality in a pair's JSON labels; all others stay.

    A box that lies outside the grid is gone; a target (``[x1, y1, x2, y2]`` by itself) is None
    then.
    """
    return {
        name: _moved(value, move) if _modality(name, labels_on) == move.modality else value
        for name, value in labels.items()
    }


def _moved(value: Any, move: Move) -> Any:
    if _is_box(value):
        return moved_box(value, move.matrix, move.width, move.height)
    if isinstance(value, list):
        return [item for item in (_moved(item, move) for item in value) if item is not None]
    if isinstance(value, Mapping) and _is_box(value.get("xyxy")):
        box = moved_box(value["xyxy"], move.matrix, move.width, move.height)
        return None if box is None else {**value, "xyxy": box}
    return value


def _is_box(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 4
        and all(isinstance(x, int | float) for x in value)
    )


def _modality(name: str, labels_on: str) -> str:
    """Tell the modality by the name's ending (``target_thermal``), else by the dataset."""
    ending = name.rpartition("_")[2]
    return ending if ending in IMAGES else labels_on
