"""Reader of CVC-14: pedestrians by day and night, both images grey, cameras not synchronised.

González et al., 2016, http://adas.cvc.uab.es/elektra/enigma-portfolio/cvc-14-visible-fir-day-night-pedestrian-sequence-dataset/
"""

import math
import re
from collections.abc import Mapping

from twinband.core.errors import MALFORMED, BadSample
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.label_forms.boxes import Boxes, described
from twinband.ingest.label_forms.text import decoded_text
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label
from twinband.ingest.matched_boxes import TwoLists

PATH = re.compile(
    r"(?P<hour>Day|Night)/(?P<modality>Visible|FIR)/(?P<split>Train|NewTest)"
    r"/(?P<folder>FramesPos|FramesNeg|Annotations)/(?P<stem>[^/]+)\.(?P<suffix>[^/.]+)"
)
FIELDS = {"Visible": "rgb", "FIR": "thermal"}
LISTS = {"Visible": "boxes", "FIR": "boxes_thermal"}
FOLDERS = {field: folder for folder, field in FIELDS.items()}
SPLITS = {"Train": "train", "NewTest": "test"}


class Layout(ByName):
    """Equal time stamps of one hour and split are a pair, whichever of FramesPos and FramesNeg
    the images are in.

    Each modality has boxes of its own, which are matched. An image in FramesNeg shows nobody.
    """

    expects = (
        "{Day,Night}/Visible/{Train,NewTest}/{FramesPos,FramesNeg}/TIME.tif with the same below "
        "{Day,Night}/FIR; optional: Annotations/TIME.txt beside FramesPos"
    )
    about = About(
        title="CVC-14 (González et al., Sensors 2016)",
        task="detection",
        releases={"CVC-14": Release(8518, {"train": 7085, "test": 1433})},
        images="640x471, 8-bit, both grey, by day and night; cropped to one view, but cameras are "
        "not synchronised: 5 to 30 px apart",
        labels="boxes of persons, a list a modality, matched here; papers score on visible",
        splits="folders Train and NewTest",
        terms="research only",
        source="http://adas.cvc.uab.es/elektra/",
        defects=(
            "counts of boxes differ by modality: each box that one of them lacks is `single`",
            "a visible and a thermal image of one moment may stand in FramesPos and FramesNeg: "
            "paired all the same",
        ),
    )

    def place(self, path: str) -> tuple[str, str] | None:
        match = PATH.fullmatch(path)
        if match is None:
            return None
        name = "/".join(match.group("hour", "split", "stem"))
        if match["folder"] == "Annotations":
            return (LISTS[match["modality"]], name) if match["suffix"].lower() == "txt" else None
        if match["suffix"].lower() not in IMAGE_SUFFIXES:
            return None
        return FIELDS[match["modality"]], name

    def expected(self, field: str, name: str) -> str:
        hour, split, stem = name.split("/")
        return f"{hour}/{FOLDERS[field]}/{split}/Frames*/{stem}.*"

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        hour, split, _ = name.split("/")
        return Entry(name, files, SPLITS[split], attributes={"hour": hour.lower()})

    def label_names(self, entry: Entry) -> list[str]:
        known = any(self._is_known(entry, modality) for modality in FIELDS)
        return ["boxes"] if known else []

    def label(self, name: str, entry: Entry) -> Label:
        return TwoLists(self._list(entry, "Visible"), self._list(entry, "FIR"))

    def _is_known(self, entry: Entry, modality: str) -> bool:
        """Tell if there is a list of a modality, or a word that it shows nobody."""
        return LISTS[modality] in entry.files or "/FramesNeg/" in entry.files[FIELDS[modality]]

    def _list(self, entry: Entry, modality: str) -> Boxes | None:
        path = entry.files.get(LISTS[modality])
        if path is None:
            image = entry.files[FIELDS[modality]]
            return Boxes(image) if self._is_known(entry, modality) else None
        return read_centred(self.files.read(path, "text_mib"), path)


def read_centred(data: bytes, path: str) -> Boxes:
    """Read a person a line: centre x, centre y, width and height in pixels, then flags.

    Lines that are none are told and left out.

    Raises:
        BadSample: ``bad_label`` if there are lines, but not one can be read.
    """
    boxes = Boxes(path)
    for number, line in enumerate(decoded_text(data).splitlines(), 1):
        words = line.replace(",", " ").split()
        if not words:
            continue
        try:
            x, y, width, height = map(float, words[:4])
            if not all(map(math.isfinite, (x, y, width, height))):
                raise ValueError("a number is not finite")
            corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
            boxes.objects.append(described("person", corners, False))
        except MALFORMED as error:
            boxes.unusable.append(f"line {number} is not centre x, centre y, w, h: {error}")
    if boxes.unusable and not boxes.objects:
        raise BadSample("bad_label", f"{path}: {boxes.unusable[0]}")
    return boxes
