"""Reader of VEDAI: vehicles from the air, in RGB and NEAR infrared, with turned boxes.

Razakarivony and Jurie, 2016, https://downloads.greyc.fr/vedai/
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from twinband.core.errors import MALFORMED, BadSample, told
from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.files import read_lines
from twinband.ingest.label_forms.boxes import Boxes, enclosed
from twinband.ingest.label_forms.text import decoded_text
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem
from twinband.ingest.pair_names import PairNames

FIELDS = {"co": "rgb", "ir": "thermal"}
IMAGE = re.compile(
    r"(?:.+/)?Vehicules(?P<side>512|1024)/(?P<name>\d+)_(?P<kind>co|ir)\.(?P<suffix>[^/.]+)"
)
ANNOTATION = re.compile(r"(?:.+/)?Annotations(?P<side>512|1024)/(?P<name>\d+)\.txt")
FOLD = re.compile(r"(?P<folder>(?:.+/)?Annotations\d+/)fold(?P<fold>\d\d)(?P<test>test)?\.txt")
CLASSES = {
    1: "car",
    2: "truck",
    4: "tractor",
    5: "camping car",
    7: "motorcycle",
    8: "bus",
    9: "van",
    10: "other",
    11: "pickup",
    23: "boat",
    31: "plane",
}
NUMBERS = 14  # cx cy angle class contained occluded x1 … x4 y1 … y4


class Options(layout.Options):
    """Options of the reader ``vedai``."""

    side: Literal[0, 512, 1024] = Field(
        default=0, description="pixels of a side: 512 or 1024; 0 for the larger one that is there"
    )
    fold: int = Field(default=1, ge=1, le=10, description="the fold, 1 to 10, that names the split")


class Layout(ByName):
    """``NAME_co`` and ``NAME_ir`` are a pair. The second is near infrared, which is not thermal.

    Objects have ``corners``, ``occlusion`` (0 or 1) and ``truncated``, if not all of them is on
    the image.
    """

    Options = Options
    expects = (
        "Vehicules512/NAME_co.png with Vehicules512/NAME_ir.png, or the same of 1024; optional: "
        "Annotations512/NAME.txt, Annotations512/fold01.txt and fold01test.txt to fold10"
    )
    about = About(
        title="VEDAI (Razakarivony and Jurie, JVCIR 2016)",
        task="detection",
        releases={"VEDAI": Release(1246)},
        images="512x512 or 1024x1024, 8-bit, RGB and NEAR infrared (not thermal), aligned by "
        "construction",
        labels="turned boxes: 1 car, 2 truck, 4 tractor, 5 camping car, 7 motorcycle, 8 bus, "
        "9 van, 10 other, 11 pickup, 23 boat, 31 plane; papers drop 7, 8 and 31",
        splits="ten folds (option fold): fold01.txt for training, fold01test.txt for testing",
        terms="research only",
        source="https://downloads.greyc.fr/vedai/",
        defects=(
            "1,210 to 1,246 images by different counts; 18 show no object",
            "infrared is near infrared: told at every scan",
        ),
    )
    aligned = True

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        sides = {match["side"] for path in paths if (match := IMAGE.fullmatch(path))}
        side = str(self.options.side or max(map(int, sides), default=512))
        kept = [path for path in paths if not _is_of_other(path, side)]
        found = list(super().pairs(kept))
        images = {p for p in paths if IMAGE.fullmatch(p) and _is_of_other(p, side)}
        if images:
            self.left_out |= images
            self.remarks.append(f"{len(images)} images are of another size (option side)")
        self.remarks.append("the second image is NEAR infrared, which is reflected light like RGB")
        yield from self._in_fold(found, paths)

    def place(self, path: str) -> tuple[str, str] | None:
        if match := ANNOTATION.fullmatch(path):
            return "boxes", match["name"]
        match = IMAGE.fullmatch(path)
        if match is None or match["suffix"].lower() not in IMAGE_SUFFIXES:
            return None
        return FIELDS[match["kind"]], match["name"]

    def expected(self, field: str, name: str) -> str:
        return f"Vehicules*/{name}_{'co' if field == 'rgb' else 'ir'}.png"

    def label(self, name: str, entry: Entry) -> Label:
        path = entry.files[name]
        return read_turned(self.files.read(path, "text_mib"), path)

    def _in_fold(
        self, items: Sequence[Entry | Problem], paths: Sequence[str]
    ) -> Iterator[Entry | Problem]:
        folders = sorted({match["folder"] for path in paths if (match := FOLD.fullmatch(path))})
        names = PairNames((item.name, [*item.files.values()]) for item in items)
        split_of: dict[str, str] = {}
        used: list[str] = []
        for split, ending in (("train", ""), ("test", "test")):
            path = f"{folders[0] if folders else ''}fold{self.options.fold:02d}{ending}.txt"
            if path not in paths:
                continue
            used.append(path)
            lines = [line for line in read_lines(self.files, path) if line]
            meant = names.found(lines)
            for line in lines:
                for own in meant.get(line, ()):
                    split_of[own] = split
                if not meant.get(line):
                    detail = f"{path} names {line!r}, but there is no such pair"
                    yield Problem(told(line), {}, "listed_but_missing", detail)
        if split_of:
            self.split_source = f"lists ({', '.join(used)})"
        for item in items:
            if isinstance(item, Entry):
                item = replace(item, split=split_of.get(item.name, ""))
            yield item


def read_turned(data: bytes, path: str) -> Boxes:
    """Read an object a line: its corners by all x, then all y; the file's centre is theirs.

    A line with an unknown class, or that is none, is told and left out.

    Raises:
        BadSample: ``bad_label`` if there are lines, but not one can be read.
    """
    boxes = Boxes(path)
    for number, line in enumerate(decoded_text(data).splitlines(), 1):
        if not line.strip():
            continue
        try:
            boxes.objects.append(_object(list(map(float, line.split()))))
        except MALFORMED as error:
            boxes.unusable.append(f"line {number}: {error}")
    if boxes.unusable and not boxes.objects:
        raise BadSample("bad_label", f"{path}: {boxes.unusable[0]}")
    return boxes


def _object(values: Sequence[float]) -> dict[str, Any]:
    if len(values) != NUMBERS:
        raise ValueError(f"{len(values)} numbers, not {NUMBERS}")
    _, _, _, identity, contained, occluded = values[:6]
    if identity not in CLASSES:
        raise ValueError(f"{identity:g} is the id of no class")
    points = [[x, y] for x, y in zip(values[6:10], values[10:14], strict=True)]
    item = enclosed(CLASSES[int(identity)], points, False)
    return {**item, "occlusion": int(occluded), "truncated": contained == 0}


def _is_of_other(path: str, side: str) -> bool:
    match = IMAGE.fullmatch(path) or ANNOTATION.fullmatch(path)
    return match is not None and match["side"] != side
