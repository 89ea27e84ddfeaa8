"""Reader of FLIR-aligned: FLIR ADAS with both images on one grid (H. Zhang et al., ICIP 2020)."""

import re
from collections.abc import Iterator, Sequence

from pydantic import Field

from twinband.core.errors import BadSample
from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem, folder_stem_suffix
from twinband.ingest.split_lists import SplitLists

STEM = re.compile(r"(?P<name>FLIR_\d{5})_(?P<kind>RGB|PreviewData)")
FIELDS = {"RGB": "rgb", "PreviewData": "thermal"}
LIST = re.compile(r"(?P<folder>(?:.+/)?)align_(?:train|validation)\.txt")
STRAY = "dog"
STRAY_OBJECT = re.compile(rb"<name>\s*dog\s*</name>")


class Options(layout.Options):
    """Options of the reader ``flir_aligned``."""

    voc_one_based: bool = Field(
        default=False, description="boxes count from 1 (true) or are kept as written (false)"
    )


class Layout(ByName):
    """The first ten characters of a file's name, ``FLIR_NNNNN``, name its pair.

    A few objects of a class ``dog``, which the set does not have, are left out.
    """

    Options = Options
    expects = (
        "JPEGImages/FLIR_NNNNN_RGB.jpg with JPEGImages/FLIR_NNNNN_PreviewData.jpeg, in a folder "
        "`align` or not; optional: Annotations/FLIR_NNNNN_PreviewData.xml, align_train.txt, "
        "align_validation.txt"
    )
    about = About(
        title="FLIR-aligned (H. Zhang et al., ICIP 2020)",
        task="detection",
        releases={"FLIR-aligned": Release(5142, {"train": 4129, "val": 1013})},
        images="640x512, 8-bit, aligned by one homography: some px, more than 10 px close by",
        labels="boxes of bicycle, car, person, one list a pair, drawn on thermal",
        splits="lists align_train.txt and align_validation.txt",
        terms="FLIR's dataset agreement, research, to be accepted by each user",
        source="Zhang et al., Multispectral fusion for object detection with cyclic "
        "fuse-and-refine blocks, 2020",
        defects=(
            "stray objects of class dog (FLIR_01059, FLIR_03534): left out, and counted",
            "4,128 or 4,129 training pairs by different counts: either is right",
            "a second aligned version circulates with the detector CFT: the lists' hashes differ",
        ),
    )
    aligned = True

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        found = list(super().pairs(paths))
        self._count_strays(found)
        folders = [match["folder"] for path in paths if (match := LIST.fullmatch(path))]
        pattern = f"{folders[0] if folders else ''}align_{{split}}.txt"
        lists = SplitLists(self.files, paths, pattern)
        yield from self.in_lists(found, lists)
        if lists.split_of:
            unlisted = sum(isinstance(i, Entry) and i.name not in lists.split_of for i in found)
            if unlisted:
                self.remarks.append(f"{unlisted} pairs are in neither list")

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        match = STEM.fullmatch(stem)
        if match is None:
            return None
        where = folder.rpartition("/")[2]
        if where == "Annotations" and suffix == "xml":
            return "boxes", match["name"]
        if where != "JPEGImages" or suffix not in IMAGE_SUFFIXES:
            return None
        return FIELDS[match["kind"]], match["name"]

    def expected(self, field: str, name: str) -> str:
        return f"JPEGImages/{name}_{'RGB.jpg' if field == 'rgb' else 'PreviewData.jpeg'}"

    def label(self, name: str, entry: Entry) -> Label:
        path = entry.files[name]
        boxes = read_voc(self.files.read(path, "text_mib"), path, self.options.voc_one_based)
        boxes.objects = [item for item in boxes.objects if item["class"] != STRAY]
        return boxes

    def _count_strays(self, items: Sequence[Entry | Problem]) -> None:
        count, where = 0, []
        for item in items:
            if not isinstance(item, Entry) or "boxes" not in item.files:
                continue
            try:
                data = self.files.read(item.files["boxes"], "text_mib")
            except BadSample:
                continue  # told when the label is read
            if own := len(STRAY_OBJECT.findall(data)):
                count += own
                where.append(item.name)
        if count:
            self.remarks.append(
                f"{count} stray objects of class {STRAY} are left out, in {len(where)} pairs "
                f"(e.g. {min(where)})"
            )
