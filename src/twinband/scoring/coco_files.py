"""COCO's files: a truth with images, categories and annotations, and a list of detections."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinband.core.errors import InputError
from twinband.scoring.files import read_json

FORM = {
    "bbox": "bbox: [x, y, width, height]",
    "segmentation": "segmentation: {size: [height, width], counts: …} (RLE)",
}


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """A checked truth: what its file holds, and its images and categories by id."""

    stored: Mapping[str, Any]
    images: Mapping[Any, Mapping[str, Any]]
    categories: Mapping[Any, str]
    path: Path

    def hours(self) -> dict[str, list[Any]]:
        """List the ids of images by their ``hour``.

        Raises:
            InputError: images without it.
        """
        found: dict[str, list[Any]] = {}
        for key, image in self.images.items():
            if "hour" not in image:
                raise InputError(f"{self.path}: image {key} has no hour, so there are no slices")
            found.setdefault(str(image["hour"]), []).append(key)
        return dict(sorted(found.items()))


def read_truth(path: Path, part: str) -> Truth:
    """Read and check annotations that are scored by ``part``, ``bbox`` or ``segmentation``.

    Raises:
        InputError: ids that repeat, annotations of unknown images or categories, boxes that are
            none, no area.
    """
    stored = read_json(path)
    kinds = ("images", "annotations", "categories")
    if not isinstance(stored, dict) or not all(isinstance(stored.get(k), list) for k in kinds):
        raise InputError(f"{path}: no COCO truth, an object with the lists {', '.join(kinds)}")
    images = _by_id(path, "images", stored["images"])
    categories = _by_id(path, "categories", stored["categories"])
    _by_id(path, "annotations", stored["annotations"])
    for number, annotation in enumerate(stored["annotations"]):
        place = f"{path}: annotations[{number}]"
        _check_known(place, annotation, "image_id", images, "the images")
        _check_known(place, annotation, "category_id", categories, "the categories")
        if part not in annotation:
            raise InputError(f"{place}: no {part}")
        if "bbox" in annotation:
            _check_box(place, annotation["bbox"])
        if not isinstance(annotation.get("area"), int | float):
            raise InputError(f"{place}: no area; sizes cannot be told without it (px²)")
    names = {key: str(entry.get("name", key)) for key, entry in categories.items()}
    return Truth(stored, images, names, path)


def read_detections(path: Path, part: str, truth: Truth) -> tuple[list[dict[str, Any]], list[str]]:
    """Read and check a list of detections that are scored by ``part``.

    Returns:
        The detections, and remarks on those that no category of the truth is of.

    Raises:
        InputError: an entry that is no detection, or of an image that the truth does not have.
    """
    found = read_json(path)
    if not isinstance(found, list):
        raise InputError(f"{path}: no list of detections (image_id, category_id, {part}, score)")
    for number, entry in enumerate(found):
        place = f"{path}: entry {number + 1} of {len(found)}"
        if not isinstance(entry, dict) or part not in entry:
            raise InputError(f"{place}: no {part}; a detection has {FORM[part]}")
        _check_known(place, entry, "image_id", truth.images, f"{truth.path}, another list?")
        if "bbox" in entry:
            _check_box(place, entry["bbox"])
        if part == "segmentation":
            _check_mask(place, entry[part], truth.images[entry["image_id"]])
        score = entry.get("score")
        if not isinstance(score, int | float) or not math.isfinite(score):
            raise InputError(f"{place}: score {score!r}; it is a finite number")
    foreign = [entry for entry in found if entry.get("category_id") not in truth.categories]
    remarks = []
    if foreign:
        remarks.append(
            f"{path}: {len(foreign)} detections are of categories that the truth lacks (the first "
            f"of {foreign[0].get('category_id')!r}) and are left out"
        )
    silent = len(truth.images) - len({entry["image_id"] for entry in found})
    if silent:
        remarks.append(
            f"{silent} of {len(truth.images)} images have no detection; what is on them "
            "counts as missed"
        )
    return found, remarks


def _by_id(path: Path, kind: str, entries: Sequence[Any]) -> dict[Any, Mapping[str, Any]]:
    found: dict[Any, Mapping[str, Any]] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), int | str):
            raise InputError(f"{path}: {kind}[{number}]: no id")
        if entry["id"] in found:
            raise InputError(f"{path}: {kind}[{number}]: id {entry['id']} stands there before")
        found[entry["id"]] = entry
    return found


def _check_known(
    place: str, entry: Mapping[str, Any], key: str, known: Mapping[Any, Any], where: str
) -> None:
    value = entry.get(key)
    if not isinstance(value, int | str) or value not in known:
        raise InputError(f"{place}: {key} {value!r} is not in {where}")


def _check_box(place: str, box: Any) -> None:
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(isinstance(value, int | float) and math.isfinite(value) for value in box)
    ):
        raise InputError(f"{place}: bbox {box!r}; it is x, y, width, height in pixels")
    if box[2] < 0 or box[3] < 0:
        raise InputError(
            f"{place}: bbox {box} has a negative size; it is x, y, width, height, not two corners"
        )


def _check_mask(place: str, mask: Any, image: Mapping[str, Any]) -> None:
    if not isinstance(mask, dict) or not {"size", "counts"} <= mask.keys():
        raise InputError(f"{place}: a mask is {FORM['segmentation']}")
    size = [image.get("height"), image.get("width")]
    if list(mask["size"]) != size:
        raise InputError(
            f"{place}: a mask of {mask['size']} for an image of {size} (height, width)"
        )
