"""Reading the product ``masks``: the masks that training asks for, decoded within a crop."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from twinband.core.errors import InputError
from twinband.labels.images import MODALITIES
from twinband.sam.rle import Crop, array_iou, decode_crop, nearest
from twinband.shards.read import Product

Masks = NDArray[np.bool_]
Size = tuple[int, int]
Pairing = Literal["index", "iou", "union"]
DUPLICATE_IOU = 0.7


class MaskReader:
    """Reads the masks of one dataset; can be sent to other processes.

    Args:
        folder: of the product, ``data/masks/D``.

    Raises:
        InputError: it is no finished product.
    """

    def __init__(self, folder: str | Path) -> None:
        self._product = Product("masks", Path(folder))
        self._row_of = {key: row for row, key in enumerate(self._product.keys)}

    def annotations(self, key: str, modality: str) -> list[dict[str, Any]]:
        """Read all entries of each mask of an image, largest first: segment_anything's keys
        (``area``, ``bbox``, ``predicted_iou``, ``point_coords``, ``stability_score``,
        ``crop_box``) and ``rle``. An image that counts as absent has none.

        Raises:
            InputError: the product has no such pair.
        """
        masks: list[dict[str, Any]] = self._image(key, modality)["masks"]
        return masks

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
            InputError: the product has no such pair.
            ValueError: the crop is not within the image.
        """
        return _decoded(self._image(key, modality), count, crop, size)

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
        fields = self._fields(key)
        rgb, thermal = (
            _decoded(_parsed(fields, modality), None, crop, size) for modality in MODALITIES
        )
        if how == "index":
            return _by_index(rgb, thermal, count)
        if how == "iou":
            return _by_iou(rgb, thermal, count)
        both = _union(rgb, thermal, duplicate_iou)[:count]
        return both, both

    def _image(self, key: str, modality: str) -> Mapping[str, Any]:
        return _parsed(self._fields(key), modality)

    def _fields(self, key: str) -> Mapping[str, bytes]:
        row = self._row_of.get(key)
        if row is None or not self._product.present[row]:
            raise InputError(f"{self._product.folder} has no masks of a pair {key}")
        return self._product.fields(row)


def _parsed(fields: Mapping[str, bytes], modality: str) -> Mapping[str, Any]:
    """Parse a sample's label of an image. One that counts as absent has the size of the other."""
    absent = f"{modality}.json" not in fields
    label: dict[str, Any] = json.loads(fields["rgb.json" if absent else f"{modality}.json"])
    return {**label, "masks": []} if absent else label


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


def _decoded(
    image: Mapping[str, Any],
    count: int | None,
    crop: Sequence[int] | None,
    size: Size | None,
) -> Masks:
    height, width = image["height"], image["width"]
    part = Crop(0, 0, height, width) if crop is None else Crop(*crop)
    if (
        min(part) < 0
        or 0 in part[2:]
        or part.top + part.height > height
        or part.left + part.width > width
    ):
        raise ValueError(f"{part} is not within an image of {height}x{width}")
    counts = [mask["rle"]["counts"] for mask in image["masks"][:count]]
    masks = decode_crop(counts, (height, width), part)
    return masks if size is None else nearest(masks, size)


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
