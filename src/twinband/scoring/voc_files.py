"""VOC's files: an XML file an image, and a text file of detections a class.

The truth is a folder of XML files, or a COCO truth; detections are a folder of text files named by
their class (``person.txt``, ``comp4_det_test_person.txt``) with rows ``image score x1 y1 x2 y2``,
or ``image score x1 y1 … x4 y4`` for rotated boxes, or a COCO list.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.metrics.rotated import is_convex
from twinband.metrics.voc import Detections, Truth
from twinband.scoring import coco_files
from twinband.scoring.files import files_of, read_text
from twinband.scoring.score import bad_line

CORNERS = ("xmin", "ymin", "xmax", "ymax")
POLYGON = ("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4")


@dataclass(frozen=True, slots=True, eq=False)
class Objects:
    """A truth by class.

    Attributes:
        images: number of each image, by its name.
        classes: the truth of each class.
        inclusive: the second corner is the last pixel inside, as in VOC's own files.
        rotated: boxes are quadrangles, x1, y1, … x4, y4.
        coco: the COCO truth that it came from, if it did.
    """

    images: Mapping[str, int]
    classes: Mapping[str, Truth]
    inclusive: bool
    rotated: bool
    coco: coco_files.Truth | None = None


@dataclass(frozen=True, slots=True)
class _Object:
    image: int
    label: str
    box: tuple[float, ...]
    difficult: bool


def read_truth(path: Path) -> Objects:
    """Read a folder of XML files, or a COCO truth.

    Raises:
        InputError: malformed, with file and place.
    """
    return _from_coco(path) if path.is_file() else _from_xml(path)


def read_detections(path: Path, truth: Objects) -> tuple[dict[str, Detections], list[str]]:
    """Read a folder of text files, or a COCO list.

    Returns:
        The detections of the truth's classes, and remarks on other classes and missing files.

    Raises:
        InputError: a malformed row, or one of an image that the truth does not have.
    """
    if path.is_file():
        return _list_from_coco(path, truth)
    remarks, found = [], {}
    for stem, file in files_of(path, ".txt").items():
        named = [name for name in truth.classes if stem == name or stem.endswith(f"_{name}")]
        if not named:
            remarks.append(f"{file}: of no class of the truth, left out")
            continue
        found[max(named, key=len)] = _rows(file, truth)
    absent = [name for name in truth.classes if name not in found]
    if absent:
        remarks.append(f"{path}: no detections of {', '.join(absent)}; all of them count as missed")
    if not found:
        raise InputError(f"{path}: no file named by a class ({', '.join(truth.classes)})")
    return {name: found.get(name, _nothing(truth.rotated)) for name in truth.classes}, remarks


def _nothing(rotated: bool) -> Detections:
    return _detections([], [], [], rotated)


def _rows(path: Path, truth: Objects) -> Detections:
    images, scores, boxes = [], [], []
    size = 8 if truth.rotated else 4
    # A class of which nothing is found has an empty file in the development kit.
    text = read_text(path) if path.stat().st_size else ""
    for number, line in enumerate(text.splitlines(), 1):
        name, *words = line.replace(",", " ").split() or [""]
        if not name:
            continue
        try:
            score, *box = map(float, words)
        except ValueError:
            raise bad_line(path, number, f"no row image score box: {line.strip()!r}") from None
        if len(box) != size or not all(map(math.isfinite, (score, *box))):
            raise bad_line(path, number, f"no score and {size} finite numbers: {line.strip()!r}")
        if name not in truth.images:
            raise bad_line(path, number, f"image {name!r} is not in the truth; another list?")
        problem = _problem(box)
        if problem:
            raise bad_line(path, number, problem)
        images.append(truth.images[name])
        scores.append(score)
        boxes.append(box)
    return _detections(images, scores, boxes, truth.rotated)


def _detections(
    images: Sequence[int],
    scores: Sequence[float],
    boxes: Sequence[Sequence[float]],
    rotated: bool,
) -> Detections:
    return Detections(
        np.asarray(images, np.int64),
        np.asarray(boxes, np.float64).reshape(-1, 8 if rotated else 4),
        np.asarray(scores, np.float64),
    )


def _problem(box: Sequence[float]) -> str:
    """Say what makes corners no box; empty if nothing does."""
    if len(box) == 4 and (box[2] < box[0] or box[3] < box[1]):
        return f"box {list(box)} has a negative size; it is x1, y1, x2, y2"
    if len(box) == 8 and not is_convex(np.asarray(box)):
        return f"corners {list(box)} do not go around a convex box"
    return ""


def _from_xml(folder: Path) -> Objects:
    if not folder.is_dir():
        raise InputError(f"{folder}: neither a folder of XML files nor a COCO truth")
    files = sorted(folder.rglob("*.xml"))
    images = {path.stem: number for number, path in enumerate(files)}
    if not files or len(images) != len(files):
        raise InputError(f"{folder}: no XML files, or two of one name")
    objects = [item for number, path in enumerate(files) for item in _objects(path, number)]
    rotated = any(len(item.box) == 8 for item in objects)
    if rotated:
        objects = [_as_polygon(item) for item in objects]
    return Objects(images, _by_class(objects, rotated), inclusive=not rotated, rotated=rotated)


def _objects(path: Path, image: int) -> list[_Object]:
    try:
        root = ElementTree.fromstring(read_text(path))
    except ElementTree.ParseError as error:
        raise bad_line(path, error.position[0], f"not XML: {error}") from None
    found = []
    for number, item in enumerate(root.iter("object"), 1):
        place = f"{path}: object {number}"
        label = (item.findtext("name") or "").strip()
        kind = "polygon" if item.find("bndbox") is None else "bndbox"
        names = CORNERS if kind == "bndbox" else POLYGON
        try:
            box = tuple(float(item.findtext(f"{kind}/{name}") or "") for name in names)
        except ValueError:
            raise InputError(f"{place}: no bndbox or polygon with {', '.join(names)}") from None
        problem = _problem(box) or ("" if label else "it has no name")
        if problem or not all(map(math.isfinite, box)):
            raise InputError(f"{place}: {problem or 'a corner is not finite'}")
        difficult = (item.findtext("difficult") or "0").strip() not in ("0", "")
        found.append(_Object(image, label, box, difficult))
    return found


def _as_polygon(item: _Object) -> _Object:
    if len(item.box) == 8:
        return item
    x1, y1, x2, y2 = item.box
    return _Object(item.image, item.label, (x1, y1, x2, y1, x2, y2, x1, y2), item.difficult)


def _by_class(objects: Sequence[_Object], rotated: bool) -> dict[str, Truth]:
    return {
        label: _truth([item for item in objects if item.label == label], rotated)
        for label in sorted({item.label for item in objects})
    }


def _truth(objects: Sequence[_Object], rotated: bool) -> Truth:
    boxes: list[tuple[float, ...]] = [item.box for item in objects]
    difficult: NDArray[np.bool_] = np.asarray([item.difficult for item in objects], np.bool_)
    return Truth(
        np.asarray([item.image for item in objects], np.int64),
        np.asarray(boxes, np.float64).reshape(-1, 8 if rotated else 4),
        difficult,
    )


def _from_coco(path: Path) -> Objects:
    truth = coco_files.read_truth(path, "bbox")
    images = {key: number for number, key in enumerate(truth.images)}
    objects = [
        _Object(
            images[item["image_id"]],
            truth.categories[item["category_id"]],
            _corners(item["bbox"]),
            bool(item.get("iscrowd") or item.get("ignore") or item.get("difficult")),
        )
        for item in truth.stored["annotations"]
    ]
    return Objects(images, _by_class(objects, False), inclusive=False, rotated=False, coco=truth)


def _list_from_coco(path: Path, truth: Objects) -> tuple[dict[str, Detections], list[str]]:
    if truth.coco is None:
        raise InputError(f"{path}: a file; with a truth in XML, detections are a folder of text")
    entries, remarks = coco_files.read_detections(path, "bbox", truth.coco)
    found = {}
    for name in truth.classes:
        its = [e for e in entries if truth.coco.categories.get(e.get("category_id")) == name]
        found[name] = _detections(
            [truth.images[entry["image_id"]] for entry in its],
            [entry["score"] for entry in its],
            [_corners(entry["bbox"]) for entry in its],
            rotated=False,
        )
    return found, remarks


def _corners(box: Sequence[float]) -> tuple[float, ...]:
    x, y, width, height = box
    return x, y, x + width, y + height
