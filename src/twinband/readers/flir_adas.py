"""Reader of FLIR ADAS 1.3: thermal and RGB images of a car's two cameras, not aligned."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from twinband.core.errors import MALFORMED, BadSample, told
from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.label_forms.coco_json import read_coco
from twinband.ingest.label_forms.text import decoded_text
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem
from twinband.ingest.shared_labels import boxes_of, with_coco

SPLITS = {"train": "train", "val": "val", "video": "test"}
IMAGE = re.compile(
    r"(?P<split>train|val|video)/(?P<folder>thermal_8_bit|thermal_16_bit|RGB)"
    r"/(?P<stem>FLIR_[^/.]+)\.(?P<suffix>[^/.]+)"
)
ANNOTATION = re.compile(r"(?P<split>train|val|video)/(?:Annotations/)?(?P<stem>[^/]+)\.json")
OF_ONE_IMAGE = re.compile(r"FLIR_(?:video_)?\d+")
CLASSES = {1: "person", 2: "bicycle", 3: "car", 18: "dog", 91: "other vehicle"}


class Options(layout.Options):
    """Options of the reader ``flir_adas``."""

    bits: Literal[8, 16] = Field(
        default=8,
        description="thermal images of 8 bits, as the camera renders them, or of 16 (14 used)",
    )


class Layout(ByName):
    """The same number in the same split is a pair; boxes are drawn on the thermal image."""

    Options = Options
    expects = (
        "{train,val,video}/thermal_8_bit/FLIR_*.jpeg (or thermal_16_bit/FLIR_*.tiff, option bits) "
        "with RGB/FLIR_*.jpg; optional: COCO JSON of a split, as Annotations/*.json or beside it, "
        "or a JSON an image as Annotations/FLIR_*.json"
    )
    about = About(
        title="FLIR ADAS 1.3 (FLIR Systems, 2019)",
        task="detection",
        releases={
            "FLIR ADAS 1.3": Release(13844, {"train": 8363, "val": 1257, "test": 4224}),
        },
        images="thermal 640x512 of 8 and of 14 bits; RGB of 1280x512 to 2048x1536, another field "
        "of view: not aligned",
        labels="boxes on thermal: 1 person, 2 bicycle (motorcycles too), 3 car, 18 dog, 91 other "
        "vehicle",
        splits="folders train and val; video, one sequence, counts as test",
        terms="FLIR's dataset agreement, research, to be accepted by each user",
        source="https://www.flir.com/oem/adas/adas-dataset-form/",
        defects=(
            "499 thermal images of train and 109 of val have no RGB image: left out, and counted",
            "cameras differ in field of view: register, or take FLIR-aligned",
        ),
    )

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        items = sorted(super().pairs(paths), key=lambda item: item.name)
        other = "thermal_16_bit" if self.options.bits == 8 else "thermal_8_bit"
        of_other = {p for p in paths if (m := IMAGE.fullmatch(p)) and m["folder"] == other}
        if of_other:
            self.left_out |= of_other
            self.remarks.append(f"{len(of_other)} images in {other} are left out (option bits)")
        items = self._without_lone_thermal(items)
        sources = [p for p in paths if _is_of_split(p)]
        items, remarks = with_coco(items, self.files, sources, self.options.strict_labels)
        self.remarks += remarks
        yield from items

    def _without_lone_thermal(self, items: list[Entry | Problem]) -> list[Entry | Problem]:
        """Leave out thermal images without RGB: the release has hundreds, which nobody lost."""
        lone = [
            item
            for item in items
            if isinstance(item, Problem)
            and item.reason == "missing_partner"
            and item.files.keys() & {"rgb", "thermal"} == {"thermal"}
        ]
        if lone:
            self.left_out |= {item.files["thermal"] for item in lone}
            known = "the release has 499 in train and 109 in val"
            example = told(lone[0].name)
            self.remarks.append(
                f"{len(lone)} thermal images without an RGB image are left out ({known}), "
                f"e.g. {example}"
            )
        gone = {id(item) for item in lone}
        return [item for item in items if id(item) not in gone]

    def place(self, path: str) -> tuple[str, str] | None:
        match = IMAGE.fullmatch(path)
        if match is None:
            own = ANNOTATION.fullmatch(path)
            is_one = own is not None and OF_ONE_IMAGE.fullmatch(own["stem"])
            return ("boxes", f"{own['split']}/{own['stem']}") if own and is_one else None
        if match["suffix"].lower() not in IMAGE_SUFFIXES:
            return None
        name = f"{match['split']}/{match['stem']}"
        if match["folder"] == "RGB":
            return "rgb", name
        return ("thermal", name) if match["folder"] == self._thermal() else None

    def expected(self, field: str, name: str) -> str:
        split, _, stem = name.partition("/")
        return f"{split}/{'RGB' if field == 'rgb' else self._thermal()}/{stem}.*"

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        folder = name.partition("/")[0]
        number = int("".join(filter(str.isdecimal, name)) or 0)
        if folder == "video":
            return Entry(name, files, SPLITS[folder], group="video", frame=number)
        return Entry(name, files, SPLITS[folder])

    def label_names(self, entry: Entry) -> list[str]:
        return ["boxes"] if "boxes" in entry.files or "boxes" in entry.shared else []

    def label(self, name: str, entry: Entry) -> Label:
        if name in entry.shared:
            return boxes_of(entry)
        path = entry.files[name]
        [image], _ = read_coco(_as_coco(self.files.read(path, "text_mib"), path), path)
        return image.boxes

    def _thermal(self) -> str:
        return f"thermal_{self.options.bits}_bit"


def _is_of_split(path: str) -> bool:
    match = ANNOTATION.fullmatch(path)
    return match is not None and OF_ONE_IMAGE.fullmatch(match["stem"]) is None


def _as_coco(data: bytes, path: str) -> bytes:
    """Write the JSON of one image, with ``image`` and a list ``annotation``, in COCO's form.

    Raises:
        BadSample: ``bad_label`` if it is none.
    """
    try:
        stored: Any = json.loads(decoded_text(data))
        image = {**stored["image"], "id": 0, "file_name": path}
        objects = [{**own, "image_id": 0, "category_id": _id(own)} for own in stored["annotation"]]
    except MALFORMED as error:
        raise BadSample("bad_label", f"{path}: no JSON of one image: {error!r}") from None
    names = [{"id": number, "name": name} for number, name in CLASSES.items()]
    coco = {"images": [image], "annotations": objects, "categories": names}
    return json.dumps(coco).encode()


def _id(annotation: Mapping[str, Any]) -> Any:
    """Read the id of a class, which files give as a text."""
    given = annotation.get("category_id")
    return int(given) if isinstance(given, str) and given.isdecimal() else given
