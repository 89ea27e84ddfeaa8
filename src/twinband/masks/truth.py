"""Masks against the objects of a known truth."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import BadSample, InputError
from twinband.core.images import decode
from twinband.labels.images import image_of, shows
from twinband.metrics.masks import best_ious, large_objects
from twinband.sam.rle import Crop, decode_crop
from twinband.shards.product import read_manifest
from twinband.shards.registered import RegisteredPair

SCORED, NO_TRUTH, OTHER_GRID = "scored", "no_truth", "other_grid"


@dataclass(frozen=True, slots=True)
class Truth:
    """What is known of a pair.

    Attributes:
        status: ``scored``; ``no_truth`` if there is no file; ``other_grid`` if the pair lies on
            thermal's pixels, the truth on RGB's.
        path: the image of instances, if the pair can be scored.
    """

    status: str
    path: Path | None = None


def truths_of(pairs: Path, registered: Path, folder: Path, keys: Iterable[str]) -> dict[str, Truth]:
    """What ``folder/instances/NAME.png`` says of each pair, by key."""
    asked = set(keys)
    names = read_manifest(pairs, ["key", "name"]).to_pylist()
    name_of = {row["key"]: row["name"] for row in names if row["key"] in asked}
    grids = read_manifest(registered, ["key", "grid"]).to_pylist()
    grid_of = {row["key"]: row["grid"] for row in grids}
    found = {}
    for key in sorted(asked):
        path = folder / "instances" / f"{name_of[key]}.png"
        if not path.is_file():
            found[key] = Truth(NO_TRUTH)
        elif grid_of[key] != "rgb":
            found[key] = Truth(OTHER_GRID)
        else:
            found[key] = Truth(SCORED, path)
    return found


def object_ious(
    path: Path, pair: RegisteredPair, found: Mapping[str, Mapping[str, Any]], least_px: int
) -> dict[str, list[float]]:
    """By modality the best IoU of every object of ``least_px`` and more that the image shows.

    Args:
        path: image of the pair's instances.
        found: by modality what the labeller said.

    Raises:
        InputError: the image cannot be read, or is of another size.
    """
    objects = large_objects(_instances(path, pair.rgb.shape[:2]), least_px)
    ious = {}
    for modality, said in found.items():
        image = image_of(pair, modality)
        assert image is not None  # it was labelled
        shown = [each for each in objects if shows(image, each)]
        size = said["height"], said["width"]
        counts = [mask["rle"]["counts"] for mask in said["masks"]]
        masks = decode_crop(counts, size, Crop(0, 0, *size))
        ious[modality] = best_ious(masks, shown).tolist()
    return ious


def _instances(path: Path, shape: tuple[int, ...]) -> NDArray[np.int64]:
    try:
        pixels = decode(path.read_bytes(), str(path)).pixels
    except (OSError, BadSample) as error:
        raise InputError(f"{path}: the true instances cannot be read: {error}") from None
    if pixels.shape != shape or not np.issubdtype(pixels.dtype, np.integer):
        raise InputError(
            f"{path}: instances of the shape {pixels.shape}, but the pair's RGB image has"
            f" {tuple(shape)}; the truth must lie on the grid of the RGB image"
        )
    return pixels.astype(np.int64)
