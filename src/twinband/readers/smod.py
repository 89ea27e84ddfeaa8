"""Reader of SMOD: streets by day and night, with boxes and occlusion for each modality.

Chen et al., 2025, https://github.com/bigD233/AMFD
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from twinband.core.errors import told
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.label_forms.boxes import Boxes
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem, folder_stem_suffix
from twinband.ingest.matched_boxes import TwoLists
from twinband.ingest.shared_labels import boxes_of, with_coco
from twinband.ingest.split_words import split_of_word

ENDINGS = {"_rgb": "rgb", "_tir": "thermal"}
FOLDERS = {"rgb": "rgb", "tir": "thermal"}
LISTS = {"rgb": "boxes", "tir": "boxes_thermal"}
BY_WEIGHT = ("test", "val", "train")
HOURS = frozenset({"day", "night"})
WORDS = re.compile(r"[^a-z0-9]+")


class Layout(ByName):
    """``NAME_rgb`` and ``NAME_tir`` in one folder, or NAME in folders RGB and TIR, are a pair.

    The JSON files' names say of which split and modality their boxes are; both lists are matched.
    """

    expects = (
        "NAME_rgb.jpg with NAME_tir.jpg, in folders such as day and night, or RGB/NAME.jpg with "
        "TIR/NAME.jpg; optional: COCO JSON with train or test, and rgb or tir, in its name, such "
        "as new_train_annotations_rgb.json"
    )
    about = About(
        title="SMOD (Chen et al., AMFD, TMM 2025)",
        task="detection",
        releases={"SMOD": Release(8676, {"train": 6000, "test": 2676})},
        images="640x512, 8-bit, by day and night, weakly aligned",
        labels="boxes of person, rider, bicycle, car with occlusion, a JSON a split and modality",
        splits="the JSON files: a pair is of the split whose file lists it",
        terms="those of its Kaggle page",
        source="https://github.com/bigD233/AMFD",
        defects=("the paper's counts of train and test are wrong: these are as distributed",),
    )

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        items = list(super().pairs(paths))
        listed: dict[str, set[str]] = {}
        sources = _sources(paths)
        for source, (split, kind) in sources.items():
            # One file after the other, so that it is known which of them lists a pair.
            found, remarks = with_coco(
                items, self.files, [source], self.options.strict_labels, LISTS[kind]
            )
            self.remarks += remarks
            for before, after in zip(items, found, strict=False):
                if isinstance(after, Entry) and after is not before and split:
                    listed.setdefault(after.name, set()).add(split)
            items = found
        if listed:
            self.split_source = f"annotations ({', '.join(sources)})"
        if twice := sorted(name for name, splits in listed.items() if len(splits) > 1):
            self.remarks.append(
                f"{len(twice)} pairs are listed in two splits (e.g. {told(twice[0])}); test counts"
            )
        for item in items:
            if isinstance(item, Entry):
                own = listed.get(item.name, set())
                item = replace(item, split=next((s for s in BY_WEIGHT if s in own), ""))
            yield item

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        if suffix not in IMAGE_SUFFIXES:
            return None
        around, _, last = folder.rpartition("/")
        if field := ENDINGS.get(stem[-4:].lower()):
            if last.lower() in FOLDERS:
                folder = around
            return field, f"{folder}/{stem[:-4]}".lstrip("/")
        if field := FOLDERS.get(last.lower()):
            return field, f"{around}/{stem}".lstrip("/")
        return None

    def expected(self, field: str, name: str) -> str:
        folder, _, stem = name.rpartition("/")
        kind = "rgb" if field == "rgb" else "tir"
        return f"{folder}/{stem}_{kind}.jpg (or {kind.upper()}/{stem}.jpg)".lstrip("/")

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        hours = HOURS.intersection(name.lower().split("/")[:-1])
        return Entry(name, files, attributes={"hour": min(hours)} if len(hours) == 1 else {})

    def label_names(self, entry: Entry) -> list[str]:
        return ["boxes"] if entry.shared else []

    def label(self, name: str, entry: Entry) -> Label:
        rgb, thermal = (_one_list(entry, own) for own in LISTS.values())
        return TwoLists(rgb, thermal)


def _sources(paths: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Find the annotations, with split and modality as their names say."""
    found = {}
    for path in paths:
        if not path.lower().endswith(".json"):
            continue
        words = WORDS.split(path.lower().rpartition(".")[0])
        kinds = [word for word in words if word in LISTS]
        splits = [split for word in words if (split := split_of_word(word))]
        if kinds:
            found[path] = (splits[-1] if splits else "", kinds[-1])
    return found


def _one_list(entry: Entry, name: str) -> Boxes | None:
    if name not in entry.shared:
        return None
    first, *others = boxes_of(entry, name)
    for other in others:  # a file that lists an image twice, or two files that do
        first.objects += [item for item in other.objects if item not in first.objects]
        first.unusable += other.unusable
    return first
