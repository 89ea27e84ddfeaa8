"""Reader of any dataset whose pairs follow two patterns of paths, such as KAIST or FLIR-aligned."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field, model_validator

from twinband.core.errors import told
from twinband.ingest import layout
from twinband.ingest.by_name import ByName
from twinband.ingest.files import Files, natural_order
from twinband.ingest.label_forms.boxes import Boxes
from twinband.ingest.label_forms.colours import ColourTable, colour_table
from twinband.ingest.label_forms.kaist_text import read_kaist
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.label_forms.yolo_txt import read_yolo
from twinband.ingest.layout import Entry, Label, Problem, collides
from twinband.ingest.matched_boxes import two_lists
from twinband.ingest.pair_names import PairNames
from twinband.ingest.pair_table import read_pairs
from twinband.ingest.patterns import Pattern, check_alike
from twinband.ingest.shared_labels import boxes_of, with_coco
from twinband.ingest.shared_tracks import with_tracks
from twinband.ingest.split_lists import SplitLists
from twinband.ingest.split_words import (
    KNOWN_WORDS,
    NO_LEVEL,
    FolderSplits,
    by_folders,
    split_of_word,
)
from twinband.ingest.tracks import IMAGES_OF, Form, box_of

BOX_FORMS = ("boxes", "yolo", "kaist")  # a file a pair
FIELDS = ("rgb", "thermal", "semantics", "saliency", "depth", *BOX_FORMS, "boxes_thermal")
TRACKS = {"target_rgb": "tracks", "target_thermal": "tracks_thermal"}  # options by label
ALL_BOXES = ("coco_boxes", *BOX_FORMS)  # the same label in several forms


class Options(layout.Options):
    """Options of the reader ``paired_folders``."""

    rgb: str = Field(description="pattern of RGB paths, such as images/*/*/visible/*.jpg")
    thermal: str = Field(
        description="pattern of thermal paths, such as images/*/*/lwir/*.jpg; an empty one says "
        "that there are none, and every RGB image is taken alone"
    )
    semantics: str = Field(default="", description="pattern of label images with class ids")
    saliency: str = Field(default="", description="pattern of masks of the salient objects")
    depth: str = Field(default="", description="pattern of depth images, of one channel")
    depth_scale: float = Field(
        default=0.0, ge=0, description="metres a count of depth images, such as 0.001; 0 if unknown"
    )
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
    kaist: str = Field(default="", description="pattern of KAIST's text files (bbGt)")
    boxes_thermal: str = Field(
        default="",
        description="pattern of a second list of boxes a pair, drawn on the thermal image, in the "
        "form of the first, which `boxes`, `yolo` or `kaist` gives; both are matched",
    )
    tracks: str = Field(
        default="",
        description="pattern of text files with a box of one target a line, one file a sequence, "
        "such as */visible.txt; its * are those of group_levels",
    )
    tracks_thermal: str = Field(default="", description="the same, drawn on thermal images")
    track_form: Form = Field(
        default="xywh", description="of these boxes: x, y, width, height, or both corners (xyxy)"
    )
    voc_one_based: bool = Field(
        default=False,
        description="boxes of VOC and KAIST count from 1 (true) or are kept as written (false)",
    )
    group_levels: int = Field(
        default=0, ge=0, description="how many of the first * name the sequence a pair belongs to"
    )
    split_files: str = Field(
        default="",
        description="lists of each split's pairs, by name or path, such as align_{split}.txt or "
        "imageSets/{split}-all-*.txt",
    )
    split_level: int = Field(
        default=0,
        ge=NO_LEVEL,
        description="which * names the split, by a word such as train, val or test (1: the first); "
        "0: the one whose folders are all called so, if any; -1: none",
    )
    pairs_file: str = Field(
        default="",
        description="instead of the patterns rgb and thermal a table of pairs in the dataset's "
        "folder: CSV with columns rgb, thermal and, if wanted, name, split, semantics, saliency, "
        "depth, boxes (others become attributes), or JSON that maps RGB to thermal files",
    )
    kelvin_per_count: float = Field(
        default=0.0, ge=0, description="of radiometric thermal images, such as 0.01; 0 if unknown"
    )
    kelvin_at_zero: float = Field(default=0.0, description="kelvin of the count 0")

    @model_validator(mode="before")
    @classmethod
    def _table_for_patterns(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("pairs_file"):
            given = [field for field in FIELDS if values.get(field)]
            if given:
                raise ValueError(
                    f"pairs_file takes the place of the pattern {given[0]}; leave it out"
                )
            return {"rgb": "", "thermal": "", **values}
        return values

    @model_validator(mode="after")
    def _consistent(self) -> "Options":
        if self.split_files and "{split}" not in self.split_files:
            raise ValueError("split_files needs {split} where the split's name stands")
        given = [form for form in ALL_BOXES if getattr(self, form)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are the same label; give one of them")
        if self.boxes_thermal and not any(getattr(self, form) for form in BOX_FORMS):
            raise ValueError(
                "boxes_thermal is the second of two lists; give the first, drawn on the RGB image, "
                "as boxes, yolo or kaist (a single list is one of these, whatever it is drawn on)"
            )
        for option in TRACKS.values():
            text = getattr(self, option)
            if text and not 0 < self.group_levels == Pattern(text).stars:
                raise ValueError(f"{option} needs as many * as group_levels, at least one")
        if self.split_files and self.split_level > 0:
            raise ValueError("split_files and split_level both name the split; leave one out")
        if self.pairs_file and self.split_level > 0:
            raise ValueError("a table of pairs has a column split and no *; leave split_level out")
        if self.pairs_file:
            return self
        patterns = [Pattern(text) for field in FIELDS if (text := getattr(self, field))]
        if not self.rgb:
            raise ValueError("rgb needs a pattern, or pairs_file a table")
        check_alike(patterns)
        stars = patterns[0].stars
        if self.group_levels >= stars and self.group_levels:
            raise ValueError(f"group_levels must be less than the number of *, {stars}")
        if self.split_level > stars:
            raise ValueError(f"split_level must be at most the number of *, {stars}")
        return self


class Layout(ByName):
    """A ``*`` stands for a part of one level of a path; a pair is two paths with equal parts.

    The parts, joined by ``/``, name the pair: of the patterns above ``set00/V000/I00019``. A path
    that fits two patterns belongs to the one with more letters of its own. A list of a split
    names a pair, or the file of one of its images. Instead of patterns there may be a table.
    """

    Options = Options
    expects = (
        "any: paths like `rgb` with paths like `thermal`, where each * captures within one level, "
        "**/ any number of folders, and a pair captures the same; ? is a part of a name that is "
        "not compared, such as a time; optional labels by patterns of the same kind; or a table "
        "of pairs"
    )

    def __init__(self, files: Files, options: Any) -> None:
        super().__init__(files, options)
        self._colours: ColourTable | None = None
        self._classes = listed(options.yolo_classes)
        patterns = {f: Pattern(text) for f in FIELDS if (text := getattr(options, f))}
        self._patterns = patterns
        self._by_letters = sorted(patterns.items(), key=lambda item: -item[1].letters)
        self.is_loose = any(pattern.is_loose for pattern in patterns.values())
        self.thermal_absent = not options.thermal and not options.pairs_file

    def looked_for(self) -> str:
        if self.options.pairs_file:
            return f"the pairs of the table {self.options.pairs_file}"
        if self.thermal_absent:
            return self.options.rgb
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

    def depth_scale(self) -> float | None:
        return self.options.depth_scale or None

    def place(self, path: str) -> tuple[str, str] | None:
        for field, pattern in self._by_letters:
            if (name := pattern.name(path)) is not None:
                return field, name
        return None

    def expected(self, field: str, name: str) -> str:
        return self._patterns[field].filled(name)

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        items = list(self._placed(paths))
        if coco := listed(self.options.coco_boxes):
            items, remarks = with_coco(items, self.files, coco, self.options.strict_labels)
            self.remarks += remarks
        texts = {label: getattr(self.options, option) for label, option in TRACKS.items()}
        if lists := {label: Pattern(text) for label, text in texts.items() if text}:
            strict = self.options.strict_labels
            items, remarks = with_tracks(items, self.files, lists, self._group, strict)
            self.remarks += remarks
        yield from items

    def _placed(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        table = self.options.pairs_file
        found = read_pairs(self.files, paths, table) if table else super().pairs(paths)
        items = sorted(found, key=lambda item: natural_order(item.name))
        self._advise(items)
        items = self._in_sequences(items)
        yield from self._in_splits(items, SplitLists(self.files, paths, self.options.split_files))

    def _advise(self, items: Sequence[Entry | Problem]) -> None:
        alone = [item.files for item in items if isinstance(item, Problem)]
        both = all(any(field in files for files in alone) for field in ("rgb", "thermal"))
        if both and not self.is_loose:
            self.remarks.append(
                "files of both modalities are alone: if only a part of their names differs, such "
                "as a time, write ? for it in the patterns, or give a table (pairs_file)"
            )

    def _levels(self, name: str) -> list[str]:
        return self._patterns["rgb"].captures(name) if self._patterns else name.split("/")

    def _group(self, name: str) -> str:
        return "/".join(filter(None, self._levels(name)[: self.options.group_levels]))

    def _in_sequences(self, items: Sequence[Entry | Problem]) -> list[Entry | Problem]:
        frames: Counter[str] = Counter()
        grouped: list[Entry | Problem] = []
        for item in items:
            if isinstance(item, Entry):
                group = self._group(item.name)
                item = replace(item, group=group, frame=frames[group])
                frames[group] += bool(group)
            grouped.append(item)
        return grouped

    def _in_splits(
        self, items: Sequence[Entry | Problem], lists: SplitLists
    ) -> Iterator[Entry | Problem]:
        if lists.paths:
            named = ((i.name, [*i.files.values()]) for i in items if not collides(i))
            lists.assign(PairNames(named))
        split_of: Mapping[str, str] = lists.split_of
        if split_of:
            self.split_source = f"lists ({', '.join(lists.paths)})"
        elif any(isinstance(item, Entry) and item.split for item in items):
            self.split_source = f"column split of {self.options.pairs_file}"
        elif self.options.split_level != NO_LEVEL:
            folders = self._folder_splits([item for item in items if isinstance(item, Entry)])
            split_of, self.split_source = folders.split_of, folders.source
        for item in items:
            if isinstance(item, Entry):
                yield self._in_split(item, item.split or split_of.get(item.name, ""))
            else:
                yield item
        shown = next((item.files for item in items if isinstance(item, Entry)), {})
        for name, detail in lists.missing(shown):
            yield Problem(told(name), {}, "listed_but_missing", detail)
        self.remarks += lists.remarks()
        if self.options.split_files and not lists.paths:
            looked = self.options.split_files.replace("{split}", "train")
            self.remarks.append(f"split_files: there is no such list as {told(looked)}")

    def _in_split(self, entry: Entry, split: str) -> Entry | Problem:
        level = self.options.split_level
        if level <= 0 or split:
            return replace(entry, split=split)
        word = self._levels(entry.name)[level - 1]
        detail = f"{entry.name}: level {level} is {word!r}, none of the splits' {KNOWN_WORDS}"
        return Problem(entry.name, entry.files, "unknown_split", detail)

    def _folder_splits(self, entries: Sequence[Entry]) -> FolderSplits:
        """Find the folders, or the parts of names, that are called by splits.

        Raises:
            InputError: it is not clear which.
        """
        pattern, level = self._patterns.get("rgb"), self.options.split_level
        captures = {entry.name: self._levels(entry.name) for entry in entries}
        if level > 0:
            words = {name: split_of_word(parts[level - 1]) for name, parts in captures.items()}
            return FolderSplits(words, f"folder (level {level})")
        if pattern is None:
            captures = {name: [] for name in captures}
        elif pattern.deep is not None:  # these folders are looked at one by one
            captures = {
                name: ["" if i == pattern.deep else part for i, part in enumerate(parts)]
                for name, parts in captures.items()
            }
        images = {
            entry.name: [entry.files[field] for field in layout.PAIR if field in entry.files]
            for entry in entries
        }
        return by_folders(captures, images, pattern.folders if pattern else ())

    def label_names(self, entry: Entry) -> list[str]:
        boxes = (*BOX_FORMS, "boxes_thermal")
        names = ["boxes" if n in boxes else n for n in super().label_names(entry)]
        return list(dict.fromkeys([*names, *entry.shared]))

    def label(self, name: str, entry: Entry) -> Label | None:
        if name in IMAGES_OF:
            return box_of(name, entry, self.options.track_form)
        if name in entry.shared:
            return boxes_of(entry)
        if name != "boxes":
            return self.encoded(entry.files[name])
        path = next((entry.files[form] for form in BOX_FORMS if form in entry.files), None)
        if path is not None and not self.options.boxes_thermal:
            return self._boxes(path)
        in_order = bool(self.options.kaist)  # as in KAIST-paired
        return two_lists(self._boxes, path, entry.files.get("boxes_thermal"), in_order)

    def _boxes(self, path: str) -> Boxes:
        data = self.files.read(path, "text_mib")
        if self.options.yolo:
            return read_yolo(data, path, self._classes)
        read = read_kaist if self.options.kaist else read_voc
        return read(data, path, self.options.voc_one_based)


def listed(given: str | Sequence[str]) -> list[str]:
    """List what an option holds: texts, or one text with commas between them."""
    parts = given.split(",") if isinstance(given, str) else given
    return [part.strip() for part in parts if part.strip()]
