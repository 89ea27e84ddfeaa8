"""Formats that several layouts share: lists of a split's names, and boxes in PASCAL VOC XML."""

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any
from xml.etree import ElementTree

from twinband.core.errors import BadSample, InputError, told
from twinband.ingest.files import Files, read_lines
from twinband.ingest.layout import IMAGE_SUFFIXES, Problem

# The words that lists are named by. A pair in several lists counts for the last of them: what is
# tested on is never trained on.
SPLIT_WORDS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}

# VOC files count from 0 or from 1, which is seldom known: a box may leave the image by this.
SLACK_PX = 1
MOST_MISSING = 100_000  # names of a list that are no pair's: then it is of another dataset
CORNERS = ("xmin", "ymin", "xmax", "ymax")


class SplitLists:
    """Lists of a dataset that follow one pattern, such as ``{split}.txt``.

    Attributes:
        split_of: split by name as it stands in the lists, without the suffix of an image.
        repeated: names that stand in the lists of two splits; ``test`` counts before ``val``
            before ``train``.
    """

    def __init__(self, files: Files, paths: Sequence[str], pattern: str) -> None:
        self.split_of: dict[str, str] = {}
        self.repeated: set[str] = set()
        self._list_of: dict[str, str] = {}
        present = set(paths)
        for word, split in SPLIT_WORDS.items():
            path = pattern.replace("{split}", word)
            if path in present:
                self._add(path, split, read_lines(files, path))

    def _add(self, path: str, split: str, lines: Sequence[str]) -> None:
        for name in filter(None, map(_without_suffix, lines)):
            if self.split_of.get(name, split) != split:
                self.repeated.add(name)
            self.split_of[name] = split
            self._list_of[name] = path

    def missing(self, known: Collection[str]) -> Iterator[Problem]:
        """Report a problem for every listed name that is not ``known``.

        Raises:
            InputError: there are too many for a list of this dataset.
        """
        names = sorted(self.split_of.keys() - set(known))
        if len(names) > MOST_MISSING:
            example = f"{self._list_of[names[0]]} names {told(repr(names[0]))}"
            raise InputError(
                f"{len(names)} listed pairs are not there (e.g. {example}); is this "
                "a list of another dataset?"
            )
        for name in names:
            detail = f"{self._list_of[name]} names {name!r}, but there is no such pair"
            yield Problem(told(name), {}, "listed_but_missing", detail)

    def remarks(self) -> list[str]:
        """Say in plain words what had to be decided."""
        if not self.repeated:
            return []
        example = told(min(self.repeated))
        return [
            f"{len(self.repeated)} names stand in the lists of two splits (e.g. {example}); "
            "test counts before val, val before train"
        ]


def read_boxes(data: bytes, path: str, one_based: bool) -> list[dict[str, Any]]:
    """Read the objects of one annotation file: ``class``, ``xyxy`` and ``difficult``.

    Args:
        data: the file's bytes.
        path: for messages.
        one_based: corners count from 1 and are inclusive; otherwise they are kept as written.

    Returns:
        Boxes in pixels as float ``[x1, y1, x2, y2]``.

    Raises:
        BadSample: ``bad_label`` for malformed XML, or a box that is inverted or outside.
    """
    try:
        annotation = ElementTree.fromstring(data)  # expat itself stops entities that multiply
        if annotation.tag != "annotation":
            raise ValueError(f"the top element is <{annotation.tag}>, not <annotation>")
        width = float(annotation.findtext("size/width", "0"))
        height = float(annotation.findtext("size/height", "0"))
        if not (0 <= width < math.inf and 0 <= height < math.inf):
            raise ValueError(f"the <size> is {width} x {height}")
        limits = (width or math.inf, height or math.inf)
        return [_box(item, limits, one_based) for item in annotation.iter("object")]
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # the last: an encoding
        raise BadSample("bad_label", f"{path}: {error}") from None


def _without_suffix(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return stem if suffix.lower() in IMAGE_SUFFIXES else name


def _box(item: ElementTree.Element, limits: tuple[float, float], one_based: bool) -> dict[str, Any]:
    name = item.findtext("name", "").strip()
    if not name:
        raise ValueError("an <object> has no <name>")
    corners = [item.findtext(f"bndbox/{corner}") for corner in CORNERS]
    if None in corners:
        raise ValueError(f"the <bndbox> of a {name} lacks one of {', '.join(CORNERS)}")
    x1, y1, x2, y2 = (float(corner or "") for corner in corners)
    if one_based:
        x1, y1 = x1 - 1, y1 - 1
    if not (-math.inf < x1 < x2 < math.inf and -math.inf < y1 < y2 < math.inf):
        raise ValueError(f"the box {[x1, y1, x2, y2]} of a {name} has no area")
    width, height = limits
    if min(x1, y1) < -SLACK_PX or x2 > width + SLACK_PX or y2 > height + SLACK_PX:
        raise ValueError(f"the box {[x1, y1, x2, y2]} of a {name} leaves the image")
    difficult = item.findtext("difficult", "0").strip() == "1"
    return {"class": name, "xyxy": [x1, y1, x2, y2], "difficult": difficult}
