"""Reader of any dataset whose pairs follow two patterns of paths, such as KAIST or FLIR-aligned."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field, model_validator

from twinband.ingest import layout
from twinband.ingest.files import Files, natural_order
from twinband.ingest.formats import SplitLists
from twinband.ingest.label_forms.colours import ColourTable, colour_table
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.label_forms.yolo_txt import read_yolo
from twinband.ingest.layout import ByName, Entry, Label, Problem, folder_stem_suffix
from twinband.ingest.shared_labels import boxes_of, with_coco

FIELDS = ("rgb", "thermal", "semantics", "saliency", "boxes", "yolo")
ALL_BOXES = ("boxes", "coco_boxes", "yolo")  # the same label in several forms


class Options(layout.Options):
    """Options of the reader ``paired_folders``."""

    rgb: str = Field(description="pattern of RGB paths, such as images/*/*/visible/*.jpg")
    thermal: str = Field(description="pattern of thermal paths, such as images/*/*/lwir/*.jpg")
    semantics: str = Field(default="", description="pattern of label images with class ids")
    saliency: str = Field(default="", description="pattern of masks of the salient objects")
    colours: str = Field(
        default="", description="CSV or JSON table r,g,b,id, if `semantics` holds colours"
    )
    boxes: str = Field(default="", description="pattern of PASCAL VOC XML files")
    coco_boxes: str | list[str] = Field(
        default="", description="COCO JSON files below the root, separated by commas"
    )
    yolo: str = Field(default="", description="pattern of YOLO text files, in shares of the image")
    yolo_classes: str | list[str] = Field(
        default="", description="names of YOLO's classes in order, separated by commas"
    )
    voc_one_based: bool = Field(
        default=False, description="boxes count from 1 (true) or are kept as written (false)"
    )
    group_levels: int = Field(
        default=0, ge=0, description="how many of the first * name the sequence a pair belongs to"
    )
    split_files: str = Field(
        default="", description="lists of each split's pairs, such as align_{split}.txt"
    )
    kelvin_per_count: float = Field(
        default=0.0, ge=0, description="of radiometric thermal images, such as 0.01; 0 if unknown"
    )
    kelvin_at_zero: float = Field(default=0.0, description="kelvin of the count 0")

    @model_validator(mode="after")
    def _consistent(self) -> "Options":
        patterns = {field: pattern for field in FIELDS if (pattern := getattr(self, field))}
        stars = {field: pattern.count("*") for field, pattern in patterns.items()}
        if len(set(stars.values())) != 1 or not stars["rgb"]:
            raise ValueError(f"every pattern needs the same number of *, at least one; got {stars}")
        if len(set(patterns.values())) != len(patterns):
            raise ValueError(f"two of the patterns are equal: {patterns}")
        if self.group_levels >= stars["rgb"] and self.group_levels:
            raise ValueError(f"group_levels must be less than the number of *, {stars['rgb']}")
        if self.split_files and "{split}" not in self.split_files:
            raise ValueError("split_files needs {split} where the split's name stands")
        given = [form for form in ALL_BOXES if getattr(self, form)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are the same label; give one of them")
        return self


class Layout(ByName):
    """A ``*`` stands for a part of one level of a path; a pair is two paths with equal parts.

    The parts, joined by ``/``, name the pair: of the patterns above ``set00/V000/I00019``. A path
    that fits two patterns belongs to the one with more letters of its own. A list of a split
    names a pair, or the file of one of its images, without the suffix.
    """

    Options = Options
    expects = (
        "any: paths like `rgb` with paths like `thermal`, where each * captures within one level "
        "and a pair captures the same; optional labels by patterns of the same kind"
    )

    def __init__(self, files: Files, options: Any) -> None:
        super().__init__(files, options)
        self._colours: ColourTable | None = None
        self._classes = listed(options.yolo_classes)
        self._patterns = {f: pattern for f in FIELDS if (pattern := getattr(options, f))}
        by_letters = sorted(self._patterns.items(), key=lambda item: -len(item[1]))
        self._expressions = [(field, _compiled(pattern)) for field, pattern in by_letters]

    def looked_for(self) -> str:
        return f"{self.options.rgb} with {self.options.thermal}, equal in what each * stands for"

    def colours(self) -> ColourTable:
        if not self.options.colours:
            return {}
        if self._colours is None:
            self._colours = colour_table(self.files, self.options.colours)
        return self._colours

    def radiometry(self) -> Mapping[str, float] | None:
        """Give the stated linear map from counts to kelvin, if one is stated."""
        if not self.options.kelvin_per_count:
            return None
        per_count, at_zero = self.options.kelvin_per_count, self.options.kelvin_at_zero
        return {"kelvin_per_count": per_count, "kelvin_at_zero": at_zero}

    def place(self, path: str) -> tuple[str, str] | None:
        for field, expression in self._expressions:
            match = expression.fullmatch(path)
            if match:
                return field, "/".join(match.groups())
        return None

    def expected(self, field: str, name: str) -> str:
        path = self._patterns[field]
        for part in name.split("/"):
            path = path.replace("*", part.replace("*", "\0"), 1)
        return path.replace("\0", "*")

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        items = list(self._listed(paths))
        coco = listed(self.options.coco_boxes)
        if not coco:
            return iter(items)
        labelled, remarks = with_coco(items, self.files, coco, self.options.strict_labels)
        self.remarks += remarks
        return iter(labelled)

    def _listed(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        lists = SplitLists(self.files, paths, self.options.split_files)
        known: set[str] = set()
        frames: Counter[str] = Counter()
        for item in sorted(super().pairs(paths), key=lambda item: natural_order(item.name)):
            names = listed_names(item)
            known.update(names)
            if isinstance(item, Entry):
                split = next((lists.split_of[n] for n in names if n in lists.split_of), "")
                group = "/".join(item.name.split("/")[: self.options.group_levels])
                item = replace(item, split=split, group=group, frame=frames[group])
                frames[group] += bool(group)
            yield item
        yield from lists.missing(known)
        self.remarks += lists.remarks()

    def label_names(self, entry: Entry) -> list[str]:
        names = [*super().label_names(entry), *entry.shared]
        return ["boxes" if name == "yolo" else name for name in names]

    def label(self, name: str, entry: Entry) -> Label:
        if name in entry.shared:
            return boxes_of(entry)
        if name == "boxes" and (path := entry.files.get("yolo")):
            return read_yolo(self.files.read(path, "text_mib"), path, self._classes)
        path = entry.files[name]
        if name != "boxes":
            return self.encoded(path)
        return read_voc(self.files.read(path, "text_mib"), path, self.options.voc_one_based)


def listed(given: str | Sequence[str]) -> list[str]:
    """List what an option holds: texts, or one text with commas between them."""
    parts = given.split(",") if isinstance(given, str) else given
    return [part.strip() for part in parts if part.strip()]


def listed_names(item: Entry | Problem) -> list[str]:
    """List the names under which a list of a split may have this pair."""
    return [item.name, *(folder_stem_suffix(path)[1] for path in item.files.values())]


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile("([^/]+)".join(re.escape(part) for part in pattern.split("*")))
