"""Reader of M3FD: aligned street scenes, with boxes of six classes, and its set for fusion.

Liu et al., 2022, https://github.com/JinyuanLiu-CV/TarDAL
"""

from collections.abc import Iterator, Mapping, Sequence

from pydantic import Field

from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.label_forms.yolo_txt import read_yolo
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem, folder_stem_suffix
from twinband.ingest.split_lists import PATTERNS, SplitLists

FIELDS = {"vis": "rgb", "vi": "rgb", "ir": "thermal"}
LABELS = {("annotation", "xml"): "boxes", ("labels", "txt"): "yolo"}
CLASSES = ("People", "Car", "Bus", "Motorcycle", "Lamp", "Truck")


class Options(layout.Options):
    """Options of the reader ``m3fd``."""

    split_files: str = Field(
        default="meta/{split}.txt",
        description="lists of each split's pairs; no split of this set is official",
    )
    voc_one_based: bool = Field(
        default=False, description="boxes count from 1 (true) or are kept as written (false)"
    )


class Layout(ByName):
    """Equal stems beside each other are a pair; XML counts before a text of the same pair."""

    Options = Options
    expects = (
        "Vis/NAME.png with Ir/NAME.png and, if there, Annotation/NAME.xml; or vi/NAME.png with "
        "ir/NAME.png and, if there, labels/NAME.txt and meta/{train,val}.txt; in folders such as "
        "M3FD_Detection and M3FD_Fusion or not"
    )
    about = About(
        title="M3FD (Liu et al., TarDAL, CVPR 2022)",
        task="detection",
        releases={"M3FD": Release(4200), "M3FD_Fusion": Release(300)},
        images="1024x768, 8-bit, aligned, with small errors close by",
        labels="33,603 boxes: 0 People, 1 Car, 2 Bus, 3 Motorcycle, 4 Lamp, 5 Truck; none in "
        "M3FD_Fusion",
        splits="none is official: give lists (option split_files)",
        terms="research only",
        source="https://github.com/JinyuanLiu-CV/TarDAL",
        defects=(
            "frames are neighbours in videos, so that a random split leaks: told if there is no "
            "list, and scores of two lists do not compare",
        ),
    )
    aligned = True

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        found = list(super().pairs(paths))
        patterns = (self.options.split_files, *PATTERNS)
        all_lists = [SplitLists(self.files, paths, pattern) for pattern in patterns]
        lists = next((own for own in all_lists if own.paths), all_lists[0])
        yield from self.in_lists(found, lists)
        labelled = any(isinstance(item, Entry) and self.label_names(item) for item in found)
        if labelled and not lists.split_of:
            self.remarks.append(
                "no list of splits: M3FD has no official split, and its frames are neighbours in "
                "videos, so that a random one leaks; give split_files=FOLDER/{split}.txt"
            )

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        around, _, kind = folder.rpartition("/")
        name = f"{around}/{stem}" if around else stem
        if label := LABELS.get((kind.lower(), suffix)):
            return label, name
        if suffix not in IMAGE_SUFFIXES or kind.lower() not in FIELDS:
            return None
        return FIELDS[kind.lower()], name

    def expected(self, field: str, name: str) -> str:
        around, _, stem = name.rpartition("/")
        folder = "Vis (or vi)" if field == "rgb" else "Ir (or ir)"
        return f"{around}/{folder}/{stem}.png".lstrip("/")

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        if "boxes" in files:
            files = {field: path for field, path in files.items() if field != "yolo"}
        return Entry(name, files)

    def label_names(self, entry: Entry) -> list[str]:
        return ["boxes"] if entry.files.keys() & set(LABELS.values()) else []

    def label(self, name: str, entry: Entry) -> Label:
        if path := entry.files.get("yolo"):
            return read_yolo(self.files.read(path, "text_mib"), path, CLASSES)
        path = entry.files[name]
        return read_voc(self.files.read(path, "text_mib"), path, self.options.voc_one_based)
