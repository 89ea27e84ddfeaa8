"""Masks against the objects of a known truth: their IoU, and scores by modality and hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import BadSample, InputError
from twinband.core.images import decode
from twinband.drawing import by_hour_and_overall
from twinband.labels.images import MODALITIES, image_of, shows
from twinband.masks.facts import BOTH, NO_TRUTH, OTHER_GRID, SCORED, ObjectFacts
from twinband.metrics.masks import ObjectScores, best_ious, large_objects
from twinband.sam.rle import Crop, decode_crop
from twinband.shards.product import read_manifest
from twinband.shards.registered import RegisteredPair

Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth of a pair.

    Attributes:
        status: ``scored``; ``no_truth`` if there is no file; ``other_grid`` if the pair lies on
            thermal's pixels, the truth on RGB's.
        path: the image of instances, if the pair can be scored.
    """

    status: str
    path: Path | None = None


def truths_of(pairs: Path, registered: Path, folder: Path, keys: Iterable[str]) -> dict[str, Truth]:
    """Look for the truth ``folder/instances/NAME.png`` of each pair, by key."""
    wanted = set(keys)
    names = read_manifest(pairs, ["key", "name"]).to_pylist()
    name_of = {row["key"]: row["name"] for row in names if row["key"] in wanted}
    grids = read_manifest(registered, ["key", "grid"]).to_pylist()
    grid_of = {row["key"]: row["grid"] for row in grids}
    truths = {}
    for key in sorted(wanted):
        path = folder / "instances" / f"{name_of[key]}.png"
        if not path.is_file():
            truths[key] = Truth(NO_TRUTH)
        elif grid_of[key] != "rgb":
            truths[key] = Truth(OTHER_GRID)
        else:
            truths[key] = Truth(SCORED, path)
    return truths


def object_ious(
    path: Path, pair: RegisteredPair, labels: Mapping[str, Mapping[str, Any]], least_px: int
) -> dict[str, list[float]]:
    """Compute the best IoU of every object of ``least_px`` and more that the image shows.

    Args:
        path: image of the pair's instances.
        labels: the annotator's label of each image, by modality.

    Returns:
        A list by modality.

    Raises:
        InputError: the image cannot be read, or is of another size.
    """
    objects = large_objects(_instances(path, pair.rgb.shape[:2]), least_px)
    ious = {}
    for modality, label in labels.items():
        image = image_of(pair, modality)
        assert image is not None  # it was labelled
        shown = [mask for mask in objects if shows(image, mask)]
        size = label["height"], label["width"]
        counts = [mask["rle"]["counts"] for mask in label["masks"]]
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


def object_scores(rows: Rows, hours: Mapping[str, str]) -> dict[str, dict[str, ObjectFacts]]:
    """Average the IoU of objects by modality (and of both together), by hour and overall.

    Args:
        rows: of the manifest of ``masks``.
        hours: hour of the day of each pair by key.

    Returns:
        Nothing if no pair is scored.
    """
    scored = [row for row in rows if row["truth"] == SCORED]
    if not scored:
        return {}
    groups = by_hour_and_overall(scored, lambda row: hours[row["key"]])
    modalities = {**{name: (name,) for name in MODALITIES}, BOTH: MODALITIES}
    return {
        name: {hour: _score(members, parts) for hour, members in groups.items()}
        for name, parts in modalities.items()
    }


def _score(rows: Rows, modalities: Sequence[str]) -> ObjectFacts:
    ious = (iou for row in rows for name in modalities for iou in row[f"object_iou_{name}"] or ())
    scores = ObjectScores.of(ious)
    if scores is None:
        return ObjectFacts(objects=0)
    return ObjectFacts(objects=scores.objects, mean_iou=scores.mean_iou, recall=scores.recall)
