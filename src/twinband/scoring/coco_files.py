"""COCO's files: a truth with images, categories and annotations, and a list of detections."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinband.core.errors import InputError
from twinband.scoring.coco_masks import FORM as MASK
from twinband.scoring.coco_masks import check_truth_mask, checked_runs
from twinband.scoring.files import read_json

FORM = {"bbox": "bbox: [x, y, width, height]", "segmentation": f"segmentation: {MASK}"}


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
    images = entries_by_id(path, "images", stored["images"])
    categories = entries_by_id(path, "categories", stored["categories"])
    entries_by_id(path, "annotations", stored["annotations"])
    for number, annotation in enumerate(stored["annotations"]):
        place = f"{path}: annotations[{number}]"
        _check_known(place, annotation, "image_id", images, "the images")
        _check_known(place, annotation, "category_id", categories, "the categories")
        _check_annotation(place, annotation)
        if part not in annotation:
            raise InputError(f"{place}: no {part}")
        if part == "segmentation":
            check_truth_mask(place, annotation[part], images[annotation["image_id"]])
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
    entries = [
        _detection(f"{path}: entry {number} of {len(found)}", entry, part, truth)
        for number, entry in enumerate(found, 1)
    ]
    if entries and "bbox" in entries[0] and not all("bbox" in entry for entry in entries):
        # pycocotools decides by the first entry that the area is the box's, not the mask's.
        raise InputError(f"{path}: entry 1 has a bbox, others have none; give all of them one")
    foreign = [entry for entry in entries if entry["category_id"] not in truth.categories]
    remarks = []
    if foreign:
        remarks.append(
            f"{path}: {len(foreign)} detections are of categories that the truth lacks (the first "
            f"of {foreign[0]['category_id']!r}) and are left out"
        )
    silent = len(truth.images) - len({entry["image_id"] for entry in entries})
    if silent:
        remarks.append(
            f"{silent} of {len(truth.images)} images have no detection; what is on them "
            "counts as missed"
        )
    return entries, remarks


def _detection(place: str, entry: Any, part: str, truth: Truth) -> dict[str, Any]:
    """Check an entry, and keep what pycocotools needs of it."""
    if not isinstance(entry, dict) or part not in entry:
        raise InputError(f"{place}: no {part}; a detection has {FORM[part]}")
    _check_known(place, entry, "image_id", truth.images, f"{truth.path}, another list?")
    if not isinstance(entry.get("category_id"), int | str):
        raise InputError(f"{place}: category_id {entry.get('category_id')!r}; it is an id")
    if not _is_finite(entry.get("score")):
        raise InputError(f"{place}: score {entry.get('score')!r}; it is a finite number")
    kept = {key: entry[key] for key in ("image_id", "category_id", "score")}
    if "bbox" in entry:
        _check_box(place, entry["bbox"])
        kept["bbox"] = entry["bbox"]
    if part == "segmentation":
        kept[part] = checked_runs(place, entry[part], truth.images[entry["image_id"]])
    return kept


def entries_by_id(path: Path, kind: str, entries: Any) -> dict[Any, Mapping[str, Any]]:
    """Index the entries of a list by their ``id``.

    Raises:
        InputError: no list of objects, one without an id, or two of the same.
    """
    if not isinstance(entries, list):
        raise InputError(f"{path}: {kind}: no list")
    found: dict[Any, Mapping[str, Any]] = {}
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("id"), int | str):
            raise InputError(f"{path}: {kind}[{number}]: no id")
        if entry["id"] in found:
            raise InputError(f"{path}: {kind}[{number}]: id {entry['id']} stands there before")
        found[entry["id"]] = entry
    if len({isinstance(key, str) for key in found}) > 1:
        raise InputError(f"{path}: {kind}: ids are numbers or texts, not both")
    return found


def _check_known(
    place: str, entry: Mapping[str, Any], key: str, known: Mapping[Any, Any], where: str
) -> None:
    value = entry.get(key)
    if not isinstance(value, int | str) or value not in known:
        raise InputError(f"{place}: {key} {value!r} is not in {where}")


def _check_annotation(place: str, annotation: Mapping[str, Any]) -> None:
    if "bbox" in annotation:
        _check_box(place, annotation["bbox"])
    area = annotation.get("area")
    if area is None or not _is_finite(area) or area < 0:
        raise InputError(f"{place}: area {area!r}; sizes cannot be told without it (px²)")
    if annotation.get("iscrowd", 0) not in (0, 1):
        raise InputError(f"{place}: iscrowd {annotation['iscrowd']!r}; it is 0 or 1")


def _check_box(place: str, box: Any) -> None:
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_finite, box)):
        raise InputError(f"{place}: bbox {box!r}; it is x, y, width, height in pixels")
    if box[2] < 0 or box[3] < 0:
        raise InputError(
            f"{place}: bbox {box} has a negative size; it is x, y, width, height, not two corners"
        )


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
