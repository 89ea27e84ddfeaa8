"""A pair as later stages want it: both images and all labels on one grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NOT_LABELS = frozenset({"rgb", "thermal", "json", "valid"})


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredPair:
    """One pair on one grid of ``H,W`` pixels.

    Attributes:
        rgb: ``H,W,3`` uint8.
        thermal: ``H,W`` uint8 or uint16; zeros if it counts as absent.
        valid: ``H,W``, where both images have data.
        thermal_present: False if registration failed and the dataset's policy is to go on
            without thermal.
        training: False if the pair must only be evaluated on.
        shift_tolerance_px: misalignment that training should expect.
        labels: label images (``H,W``) and JSON labels by name.
    """

    rgb: NDArray[np.uint8]
    thermal: NDArray[Any]
    valid: NDArray[np.bool_]
    thermal_present: bool
    training: bool
    shift_tolerance_px: float
    labels: Mapping[str, Any]


def registered_pair(sample: Mapping[str, Any]) -> RegisteredPair:
    """Lay what registration changed over the pair.

    Args:
        sample: of ``open_products({"pairs": …, "registered": …})``.
    """
    pair, changed = sample["pairs"], sample["registered"]
    images = {**pair, **changed}
    said = changed["json"]["registered"]
    label_images = {name: value for name, value in images.items() if name not in NOT_LABELS}
    present = said["thermal_present"]
    valid = changed.get("valid")
    return RegisteredPair(
        rgb=images["rgb"],
        thermal=images["thermal"] if present else np.zeros_like(images["thermal"]),
        valid=np.ones(images["rgb"].shape[:2], np.bool_) if valid is None else valid > 0,
        thermal_present=present,
        training=said["training"],
        shift_tolerance_px=said["shift_tolerance_px"],
        labels={**label_images, **changed["json"]["labels"]},
    )
