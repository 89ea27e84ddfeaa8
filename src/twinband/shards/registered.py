"""The registered pair: both images and all labels on one grid, and the objects they show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import MALFORMED, InputError
from twinband.core.thermal import AS_STORED, Levels

NOT_LABELS = frozenset({"rgb", "thermal", "json", "valid"})
LABEL_IMAGES = ("semantics", "saliency")  # 0 is background
BOXES, TARGET = "boxes", "target_rgb"


@dataclass(frozen=True, slots=True, eq=False)
class RegisteredPair:
    """One pair on one grid of ``H,W`` pixels.

    Attributes:
        rgb: ``H,W,3`` uint8.
        thermal: ``H,W`` uint8, grey levels by the dataset's choice (``core.thermal``), hot is
            bright; zeros if it counts as absent.
        counts: ``H,W`` uint8 or uint16, thermal as it was measured; zeros if it counts as absent.
        valid: ``H,W``, where both images have data.
        thermal_present: False if registration failed and the dataset's policy is to go on
            without thermal.
        training: False if the pair must only be evaluated on.
        shift_tolerance_px: misalignment that training should expect.
        labels: label images (``H,W``) and JSON labels by name.
    """

    rgb: NDArray[np.uint8]
    thermal: NDArray[np.uint8]
    counts: NDArray[Any]
    valid: NDArray[np.bool_]
    thermal_present: bool
    training: bool
    shift_tolerance_px: float
    labels: Mapping[str, Any]


def registered_pair(sample: Mapping[str, Any]) -> RegisteredPair:
    """Lay what registration changed over the pair.

    Args:
        sample: of ``open_products({"pairs": …, "registered": …})``.

    Raises:
        InputError: images or registration are not there, or not what they should be.
    """
    try:
        return _laid_over(sample["pairs"], sample["registered"])
    except MALFORMED as error:
        raise InputError(
            f"the pair {sample.get('key')} or its registration is not what it should be "
            f"({error!r}): `twinband verify` says more"
        ) from None


def _laid_over(pair: Mapping[str, Any], changed: Mapping[str, Any]) -> RegisteredPair:
    images = {**pair, **changed}
    registration = changed["json"]["registered"]
    label_images = {name: value for name, value in images.items() if name not in NOT_LABELS}
    present = registration["thermal_present"]
    shape = images["rgb"].shape[:2]
    counts = images["thermal"] if present else np.zeros(shape, np.uint8)
    levels = Levels(**registration["thermal_levels"]) if present else AS_STORED
    valid = changed.get("valid")
    valid = np.ones(shape, np.bool_) if valid is None else valid > 0
    thermal = levels.grey(counts)
    if levels.inverted:
        thermal[~valid & (counts == 0)] = 0  # where there are no data is not hot
    return RegisteredPair(
        rgb=images["rgb"],
        thermal=thermal,
        counts=counts,
        valid=valid,
        thermal_present=present,
        training=registration["training"],
        shift_tolerance_px=registration["shift_tolerance_px"],
        labels={**label_images, **changed["json"]["labels"]},
    )


def object_mask(labels: Mapping[str, Any], shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Mark the pixels ``H,W`` that any label of the pair calls an object, boxes filled.

    None if nothing of the kind was labelled, which differs from labels that show no object.

    Args:
        labels: of a registered pair.
        shape: height and width of its grid.
    """
    images = [labels[name] for name in LABEL_IMAGES if name in labels]
    boxes = [box["xyxy"] for box in labels.get(BOXES, [])]
    if labels.get(TARGET) is not None:
        boxes.append(labels[TARGET])
    if not images and BOXES not in labels and TARGET not in labels:
        return None
    mask = np.zeros(shape, np.bool_)
    for image in images:
        mask |= image > 0
    for left, top, right, bottom in boxes:
        rows = slice(max(0, round(top)), max(0, round(bottom)))
        mask[rows, max(0, round(left)) : max(0, round(right))] = True
    return mask


def pixels_of_patches(mask: NDArray[np.bool_], grid: tuple[int, int]) -> NDArray[np.int64]:
    """Count the pixels of ``mask`` in the patches (``L``) of a ``grid`` laid over it.

    A pixel belongs to the patch that its centre lies in, so it counts exactly once even if
    the patches do not divide the image evenly.

    Args:
        mask: ``H,W``.
        grid: rows and columns of patches.
    """
    rows, columns = (
        (2 * np.arange(size) + 1) * parts // (2 * size)
        for size, parts in zip(mask.shape, grid, strict=True)
    )
    places = rows[:, None] * grid[1] + columns
    return np.bincount(places[mask], minlength=grid[0] * grid[1]).astype(np.int64, copy=False)
