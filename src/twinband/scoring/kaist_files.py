"""KAIST's test list, annotations and results, as they are published.

The truth is the leaderboard's ``KAIST_annotation.json``, or a folder of bbGt text files, one an
image (``set06_V000_I00019.txt``, or ``set06/V000/I00019.txt``); both hold the same boxes. A result
is one text file with rows ``index,x,y,w,h,score``, the index from 1 in the order of the list.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinband.core.errors import InputError
from twinband.metrics.kaist import Detections, Truth
from twinband.scoring.coco_files import entries_by_id
from twinband.scoring.files import read_json, read_lines, read_rows, read_text
from twinband.scoring.score import bad_line

LIST_SHA256 = "fddb27d52e7ef668487267c17185e1e3d242ec9a755e009b11872925c95cd784"
DAY_IMAGES = 1455  # the first of the list test-all-20; the other 797 are of the night
DAY_SETS = frozenset({"set00", "set01", "set02", "set06", "set07", "set08"})
NAME = re.compile(r"(set\d\d)[/_](V\d\d\d)[/_](I\d{5})")
PERSON, NO_SINGLE_PERSON = "person", frozenset({"people", "person?", "cyclist"})
OCCLUSIONS = (0, 1, 2)


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """A truth with the names of its images (``set06/V000/I00019``), in the order of the list."""

    truth: Truth
    names: Sequence[str]
    path: Path

    @property
    def is_test_all_20(self) -> bool:
        """Tell whether this is the list that everybody reports on."""
        return hashlib.sha256("\n".join(self.names).encode()).hexdigest() == LIST_SHA256

    def day(self) -> NDArray[np.bool_]:
        """Tell which images are of the day: by their sets, or else the first 1455."""
        if all(NAME.fullmatch(name) for name in self.names):
            return np.asarray([name[:5] in DAY_SETS for name in self.names], np.bool_)
        return np.arange(len(self.names)) < DAY_IMAGES


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of either format; text has no ids, so there it is the number of the box, as in the
    JSON file, which was made of the text."""

    image: int
    box: tuple[float, float, float, float]
    height: float
    occlusion: int
    ignored: bool
    id: int


def read_truth(path: Path) -> Listed:
    """Read the annotations of a list.

    Raises:
        InputError: neither format, or malformed, with file and place.
    """
    if path.is_file():
        return _from_json(path)
    inside = path / "KAIST_annotation.json"
    return _from_json(inside) if inside.is_file() else _from_text(path)


def read_detections(path: Path, listed: Listed) -> tuple[Detections, list[str]]:
    """Read a result.

    Returns:
        The detections, and remarks on odd rows.

    Raises:
        InputError: a malformed row, or one of an image that the list does not have.
    """
    rows = read_rows(path, (6,))
    images = len(listed.names)
    index = rows[:, 0]
    wrong = (index != np.floor(index)) | (index < 1) | (index > images)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise bad_line(
            path,
            row + 1,
            f"image {index[row]:g}; {listed.path} lists images 1 to {images}, so this is a result "
            "on another list, or its index does not begin with 1",
        )
    negative = (rows[:, 3:5] < 0).any(1)
    if negative.any():
        row = int(np.argmax(negative))
        size = f"width {rows[row, 3]:g} and height {rows[row, 4]:g}"
        raise bad_line(path, row + 1, f"{size}; rows are index,x,y,width,height,score")
    remarks = []
    flat = (rows[:, 3:5] == 0).any(1)
    if flat.any():
        first = int(np.argmax(flat)) + 1
        remarks.append(
            f"{path}: line {first}: no area; {flat.sum()} such detections are false positives"
        )
    repeated = len(rows) - len(np.unique(rows, axis=0))
    if repeated:
        remarks.append(f"{path}: {repeated} rows repeat another; they count as any detection")
    return Detections(index.astype(np.int64) - 1, rows[:, 1:5], rows[:, 5]), remarks


def _from_json(path: Path) -> Listed:
    stored = read_json(path)
    if not isinstance(stored, Mapping) or not {"images", "annotations"} <= stored.keys():
        raise InputError(f"{path}: no COCO-like file with images and annotations")
    images = entries_by_id(path, "images", stored["images"])
    numbers = {key: number for number, key in enumerate(sorted(images))}
    entries_by_id(path, "annotations", stored["annotations"])
    categories = entries_by_id(path, "categories", stored.get("categories", []))
    labels = {key: str(entry.get("name")) for key, entry in categories.items()}
    boxes = []
    for place, item in enumerate(stored["annotations"]):
        try:
            label = labels.get(item.get("category_id"), PERSON)
            box = _box(item, numbers, ignored=label != PERSON)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{path}: annotations[{place}]: {error!r}: {item}") from None
        if label == PERSON or label in NO_SINGLE_PERSON:
            _check_box(f"{path}: annotations[{place}]", box.box, box.occlusion)
            boxes.append(box)
    names = [str(images[key].get("im_name", key)) for key in numbers]
    return Listed(_truth(len(names), boxes), names, path)


def _box(item: Mapping[str, Any], numbers: Mapping[Any, int], ignored: bool) -> _Box:
    x, y, width, height = map(float, item["bbox"])
    return _Box(
        numbers[item["image_id"]],
        (x, y, width, height),
        float(item.get("height", height)),
        int(item["occlusion"]),
        ignored or bool(item.get("ignore", 0)),
        item["id"],
    )


def _from_text(folder: Path) -> Listed:
    files = {}
    for path in sorted(folder.rglob("*.txt")) if folder.is_dir() else []:
        found = NAME.search(path.with_suffix("").as_posix())
        if found:
            files["/".join(found.groups())] = path
    if not files:
        raise InputError(
            f"{folder}: neither KAIST_annotation.json nor bbGt files set06_V000_I00019.txt"
        )
    listed = folder / "test-all-20.txt"
    names = read_lines(listed) if listed.is_file() else sorted(files)
    missing = [name for name in names if name not in files]
    if missing:
        raise InputError(f"{folder}: no annotations of {missing[0]} ({len(missing)} are missing)")
    boxes: list[_Box] = []
    for number, name in enumerate(names):
        boxes += _text_boxes(files[name], number, len(boxes))
    return Listed(_truth(len(names), boxes), names, folder)


def _text_boxes(path: Path, image: int, first_id: int) -> Iterator[_Box]:
    for number, line in enumerate(read_text(path).splitlines(), 1):
        label, *fields = line.split() or [""]
        if label != PERSON and label not in NO_SINGLE_PERSON:
            continue  # the header, and labels that bbGt drops when it is not asked for them
        try:
            x, y, width, height, occlusion = (*map(float, fields[:4]), int(fields[4]))
        except (ValueError, IndexError):
            raise bad_line(path, number, f"no row of bbGt, label x y w h …: {line!r}") from None
        box = (x, y, width, height)
        _check_box(f"{path}: line {number}", box, occlusion)
        yield _Box(image, box, height, occlusion, label != PERSON, first_id)
        first_id += 1


def _check_box(place: str, box: tuple[float, float, float, float], occlusion: int) -> None:
    x, y, width, height = box
    if not (width > 0 and height > 0 and math.isfinite(x + y + width + height)):
        raise InputError(f"{place}: no box: x {x:g}, y {y:g}, width {width:g}, height {height:g}")
    if occlusion not in OCCLUSIONS:
        raise InputError(f"{place}: occlusion {occlusion}; it is 0, 1 or 2")


def _truth(images: int, boxes: Sequence[_Box]) -> Truth:
    return Truth(
        images,
        np.asarray([box.image for box in boxes], np.int64),
        np.asarray([box.box for box in boxes], np.float64).reshape(-1, 4),
        np.asarray([box.height for box in boxes], np.float64),
        np.asarray([box.occlusion for box in boxes], np.int64),
        np.asarray([box.ignored for box in boxes], np.bool_),
        np.asarray([box.id == 0 for box in boxes], np.bool_),
    )
