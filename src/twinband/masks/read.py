"""Reading the product ``masks``: the masks that training asks for, decoded within a crop."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from twinband.core.errors import InputError
from twinband.labels.images import MODALITIES
from twinband.sam.rle import MOST_PIXELS, Crop, array_iou, decode_crop, nearest
from twinband.shards.product import read_manifest
from twinband.shards.read import Product

Masks = NDArray[np.bool_]
Size = tuple[int, int]
Pairing = Literal["index", "iou", "union"]
DUPLICATE_IOU = 0.7


@dataclass(frozen=True, slots=True)
class ImageMasks:
    """The masks of an image, largest first, and its size in pixels."""

    height: int
    width: int
    masks: list[dict[str, Any]]

    def __post_init__(self) -> None:
        if not isinstance(self.masks, list) or not all(
            type(side) is int and 0 < side <= MOST_PIXELS for side in (self.height, self.width)
        ):
            raise ValueError("no height, width and masks of an image")


class MaskReader:
    """Reads the masks of one dataset; can be sent to other processes.

    Args:
        folder: of the product, ``data/masks/D``.

    Raises:
        InputError: it is no finished product, or not one of masks.
    """

    def __init__(self, folder: str | Path) -> None:
        self._product = Product("masks", Path(folder))
        self._row_of = {key: row for row, key in enumerate(self._product.keys)}
        columns = {modality: f"masks_{modality}" for modality in MODALITIES}
        table = read_manifest(self._product.folder, list(columns.values()))
        # How many masks each image has; None if it counts as absent.
        self._numbers = {modality: table[name].to_pylist() for modality, name in columns.items()}

    def annotations(self, key: str, modality: str) -> list[dict[str, Any]]:
        """Read all entries of each mask of an image, largest first: segment_anything's keys
        (``area``, ``bbox``, ``predicted_iou``, ``point_coords``, ``stability_score``,
        ``crop_box``) and ``rle``. An image that counts as absent has none.

        Raises:
            InputError: the product has no such pair, or it is damaged.
        """
        return self._image(self._row(key), modality).masks

    def masks_for(
        self,
        key: str,
        modality: str,
        count: int,
        crop: tuple[int, int, int, int] | None = None,
        size: Size | None = None,
    ) -> Masks:
        """Read the ``count`` largest masks of an image or fewer, ``K,h,w``, largest first.

        Args:
            modality: ``rgb`` or ``thermal``.
            crop: top, left, height and width of the part that is wanted; only this is decoded.
                A mask that has no pixel in it is empty, and counts.
            size: height and width to which that is resized, by nearest pixel.

        Raises:
            InputError: the product has no such pair, or it is damaged.
            ValueError: the crop is not within the image.
        """
        row = self._row(key)
        return self._decoded(row, self._image(row, modality), count, crop, size)

    def paired_masks(
        self,
        key: str,
        count: int,
        how: Pairing = "index",
        crop: tuple[int, int, int, int] | None = None,
        size: Size | None = None,
        duplicate_iou: float = DUPLICATE_IOU,
    ) -> tuple[Masks, Masks]:
        """Read masks ``K,h,w`` of RGB and thermal of which the i-th belong together, ``count``
        or fewer. Masks without a pixel in the crop are passed over.

        Args:
            how: ``index`` puts the i-th largest of both together, as SAGE does, and passes over
                those of which either is empty; ``iou`` those that overlap most, one to one, best
                first; ``union`` gives both modalities all masks of both, largest first.
            crop, size: as for ``masks_for``.
            duplicate_iou: of two masks of the union with this IoU or more, the larger stays.

        Raises:
            InputError, ValueError: as ``masks_for``.
        """
        row = self._row(key)
        fields = self._product.fields(row)
        rgb, thermal = (
            self._decoded(row, self._parsed(row, fields, modality), None, crop, size)
            for modality in MODALITIES
        )
        if how == "index":
            return _by_index(rgb, thermal, count)
        if how == "iou":
            return _by_iou(rgb, thermal, count)
        both = _union(rgb, thermal, duplicate_iou)[:count]
        return both, both

    def _row(self, key: str) -> int:
        row = self._row_of.get(key)
        if row is None or not self._product.present[row]:
            raise InputError(f"{self._product.folder} has no masks of a pair {key}")
        return row

    def _image(self, row: int, modality: str) -> ImageMasks:
        return self._parsed(row, self._product.fields(row), modality)

    def _parsed(self, row: int, fields: Mapping[str, bytes], modality: str) -> ImageMasks:
        """Parse a sample's label of an image, which must have as many masks as the manifest says.

        One that counts as absent has the size of the other.
        """
        number = self._numbers[modality][row]
        with self._product.blamed(row):
            if (f"{modality}.json" in fields) != (number is not None):
                raise ValueError(f"the manifest says {number} masks of {modality}")
            label = json.loads(fields["rgb.json" if number is None else f"{modality}.json"])
            image = ImageMasks(label["height"], label["width"], label["masks"])
            if number is None:
                return replace(image, masks=[])
            if len(image.masks) != number:
                raise ValueError(f"{len(image.masks)} masks of {modality}, not {number}")
            return image

    def _decoded(
        self,
        row: int,
        image: ImageMasks,
        count: int | None,
        crop: Sequence[int] | None,
        size: Size | None,
    ) -> Masks:
        part = _part(image, crop)
        with self._product.blamed(row):
            counts = [mask["rle"]["counts"] for mask in image.masks[:count]]
            masks = decode_crop(counts, (image.height, image.width), part)
        return masks if size is None else nearest(masks, size)


def masked_images(image: NDArray[Any], masks: Masks, count: int) -> NDArray[np.float32]:
    """Black out all but a mask in each of ``count`` images, ``count,h,w`` in [0, 1]; where there
    are fewer masks, the rest are the image itself, as in SAGE.

    Args:
        image: ``h,w``, integers of any depth or floats in [0, 1].
        masks: ``K,h,w``.
    """
    grey = image.astype(np.float32)
    if np.issubdtype(image.dtype, np.integer):
        grey /= np.iinfo(image.dtype).max
    patches = np.repeat(grey[None], count, axis=0)
    used = masks[:count]
    patches[: len(used)] *= used
    return patches


def _part(image: ImageMasks, crop: Sequence[int] | None) -> Crop:
    height, width = image.height, image.width
    part = Crop(0, 0, height, width) if crop is None else Crop(*crop)
    if (
        min(part) < 0
        or 0 in part[2:]
        or part.top + part.height > height
        or part.left + part.width > width
    ):
        raise ValueError(f"{part} is not within an image of {height}x{width}")
    return part


def _by_index(rgb: Masks, thermal: Masks, count: int) -> tuple[Masks, Masks]:
    least = min(len(rgb), len(thermal))
    both = rgb[:least].any((1, 2)) & thermal[:least].any((1, 2))
    rows = np.flatnonzero(both)[:count]
    return rgb[rows], thermal[rows]


def _by_iou(rgb: Masks, thermal: Masks, count: int) -> tuple[Masks, Masks]:
    overlap = array_iou(rgb, thermal)
    rows, columns = linear_sum_assignment(overlap, maximize=True)
    best = overlap[rows, columns]
    order = np.argsort(-best, kind="stable")
    order = order[best[order] > 0][:count]
    return rgb[rows[order]], thermal[columns[order]]


def _union(rgb: Masks, thermal: Masks, duplicate_iou: float) -> Masks:
    masks = np.concatenate([rgb, thermal])
    areas = masks.sum((1, 2))
    masks = masks[np.argsort(-areas, kind="stable")][: np.count_nonzero(areas)]
    alike = array_iou(masks, masks) >= duplicate_iou
    kept: list[int] = []
    for row in range(len(masks)):
        if not alike[row, kept].any():
            kept.append(row)
    return masks[kept]
