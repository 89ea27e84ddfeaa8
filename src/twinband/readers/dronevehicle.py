"""Reader of DroneVehicle: vehicles from the air by day and night, turned boxes a modality.

Sun et al., 2022, https://github.com/VisDrone/DroneVehicle
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from twinband.core.errors import BadSample
from twinband.core.images import Decoded
from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.files import Files
from twinband.ingest.label_forms.boxes import Boxes, Size
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.layout import IMAGE_SUFFIXES, Encoded, Entry, Label, Problem, RawPair
from twinband.ingest.matched_boxes import two_lists

PATH = re.compile(
    r"(?:.+/)?(?P<split>train|val|test)/(?P=split)(?P<kind>imgr?|labelr?)"
    r"/(?P<stem>[^/]+)\.(?P<suffix>[^/.]+)"
)
FIELDS = {"img": "rgb", "imgr": "thermal", "label": "boxes", "labelr": "boxes_thermal"}
KINDS = {field: kind for kind, field in FIELDS.items()}
BORDER_PX = 100
# JPEG leaves a white border nearly white; what is looked at ends before its inner edge blurs.
WHITE, SAFE_PX, MOST_DARK = 240, 92, 0.01
LOOKED_AT = 3
FREIGHT_CAR = "freight_car"
SPELLINGS = {
    "feright car": FREIGHT_CAR,
    "feright_car": FREIGHT_CAR,
    "feright": FREIGHT_CAR,
    "freight car": FREIGHT_CAR,
    "*": FREIGHT_CAR,
    "truvk": "truck",
}


class Options(layout.Options):
    """Options of the reader ``dronevehicle``."""

    voc_one_based: bool = Field(
        default=False, description="boxes count from 1 (true) or are kept as written (false)"
    )


class Layout(ByName):
    """Equal stems of one split are a pair. The white border of 100 px is cut off, and labels move
    with it; images that come without are kept as they are.

    Objects have ``rgb_corners`` and ``thermal_corners``: each modality is labelled by itself.
    """

    Options = Options
    expects = (
        "{train,val,test}/{train,val,test}img/NAME.jpg with …imgr/NAME.jpg (infrared); optional: "
        "…label/NAME.xml and …labelr/NAME.xml, as in train/trainimg and train/trainlabelr"
    )
    about = About(
        title="DroneVehicle (Sun et al., TCSVT 2022)",
        task="detection",
        releases={"DroneVehicle": Release(28439, {"train": 17990, "val": 1469, "test": 8980})},
        images="840x712 with a white border of 100 px, 640x512 without; 8-bit, by day and night, "
        "some px to 20 px apart on cars that move",
        labels="turned boxes of car, truck, bus, van, freight_car, a list a modality, matched "
        "here; papers score on infrared",
        splits="folders train, val, test",
        terms="research only",
        source="https://github.com/VisDrone/DroneVehicle",
        defects=(
            "the white border: cut off where it is there, and labels moved by 100 px",
            "misspelt classes (feright car, feright_car, feright, *, truvk): folded",
            "counts of boxes differ by modality: each box that one of them lacks is `single`",
        ),
    )
    aligned = True

    def __init__(self, files: Files, options: Any) -> None:
        super().__init__(files, options)
        self._last: tuple[str, dict[str, _Image]] = ("", {})

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        found = list(super().pairs(paths))
        entries = [item for item in found if isinstance(item, Entry)]
        bordered = [self._has_border(entry) for entry in entries[:LOOKED_AT]]
        if any(bordered):
            self.remarks.append(f"white borders of {BORDER_PX} px are cut off where they are")
        if not all(bordered):
            self.remarks.append(
                f"images without a white border of {BORDER_PX} px are kept as they are "
                f"(e.g. {entries[bordered.index(False)].name})"
            )
        yield from found

    def place(self, path: str) -> tuple[str, str] | None:
        match = PATH.fullmatch(path)
        if match is None:
            return None
        suffix = match["suffix"].lower()
        if suffix not in (IMAGE_SUFFIXES if match["kind"].startswith("img") else {"xml"}):
            return None
        return FIELDS[match["kind"]], f"{match['split']}/{match['stem']}"

    def expected(self, field: str, name: str) -> str:
        split, _, stem = name.partition("/")
        return f"{split}/{split}{KINDS[field]}/{stem}.jpg"

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        return Entry(name, files, split=name.partition("/")[0])

    def load(self, entry: Entry) -> RawPair:
        images = self._images(entry)
        return RawPair(
            rgb=images["rgb"].encoded(),
            thermal=images["thermal"].encoded(),
            files={modality: image.stored for modality, image in images.items()},
        )

    def label_names(self, entry: Entry) -> list[str]:
        return ["boxes"] if {"boxes", "boxes_thermal"} & entry.files.keys() else []

    def label(self, name: str, entry: Entry) -> Label:
        images = self._images(entry)
        rgb, thermal = entry.files.get("boxes"), entry.files.get("boxes_thermal")
        own = {rgb: images["rgb"], thermal: images["thermal"]}

        def read(path: str) -> Boxes:
            data = self.files.read(path, "text_mib")
            boxes = read_voc(data, path, self.options.voc_one_based)
            for item in boxes.objects:
                item["class"] = SPELLINGS.get(item["class"].lower(), item["class"])
            return _moved(boxes, own[path])

        return two_lists(read, rgb, thermal)

    def _has_border(self, entry: Entry) -> bool:
        try:
            return all(image.has_border for image in self._images(entry).values())
        except BadSample:
            return True  # told when the pair is read

    def _images(self, entry: Entry) -> dict[str, "_Image"]:
        """Decode both images, once for pixels and labels of a pair."""
        if self._last[0] != entry.name:
            stored = {field: self.encoded(entry.files[field]) for field in ("rgb", "thermal")}
            images = {field: _Image(own, self.decoded(own)) for field, own in stored.items()}
            self._last = (entry.name, images)
        return self._last[1]


class _Image:
    """One image with what is known of its border."""

    def __init__(self, stored: Encoded, decoded: Decoded) -> None:
        self.stored = stored
        self.has_border = has_border(decoded.pixels)
        self.pixels = _inside(decoded.pixels) if self.has_border else decoded.pixels

    @property
    def size(self) -> Size:
        return float(self.pixels.shape[1]), float(self.pixels.shape[0])

    def encoded(self) -> Encoded:
        """Give the bytes of the file, or those of a PNG of what is inside its border."""
        return (
            Encoded.from_pixels(self.pixels, self.stored.path) if self.has_border else self.stored
        )


def has_border(pixels: NDArray[Any]) -> bool:
    """Tell if ``H,W`` or ``H,W,C`` pixels of 8 bits have a white border of 100 px on all sides."""
    height, width = pixels.shape[:2]
    if min(height, width) <= 2 * BORDER_PX or pixels.dtype != np.uint8:
        return False
    strips = (
        pixels[:SAFE_PX],
        pixels[height - SAFE_PX :],
        pixels[:, :SAFE_PX],
        pixels[:, width - SAFE_PX :],
    )
    return all(float(np.mean(strip < WHITE)) < MOST_DARK for strip in strips)


def _inside(pixels: NDArray[Any]) -> NDArray[Any]:
    inner = pixels[BORDER_PX:-BORDER_PX, BORDER_PX:-BORDER_PX]
    return np.ascontiguousarray(inner)


def _moved(boxes: Boxes, image: _Image) -> Boxes:
    """Move objects to the pixels inside the border, which the image may have come without though
    its file states the size with it."""
    width, height = image.size
    full = (width + 2 * BORDER_PX, height + 2 * BORDER_PX)
    if not image.has_border and boxes.size != full:
        return boxes
    for item in boxes.objects:
        item["xyxy"] = [value - BORDER_PX for value in item["xyxy"]]
        if "corners" in item:
            item["corners"] = [[x - BORDER_PX, y - BORDER_PX] for x, y in item["corners"]]
    boxes.size = None if boxes.size is None else image.size
    return boxes
