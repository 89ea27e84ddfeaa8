"""Reader of KAIST: pedestrians by day and night from a car, with six generations of boxes.

Hwang et al., 2015, https://soonminhwang.github.io/rgbt-ped-detection/
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from twinband.core.errors import InputError, told
from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.files import Files
from twinband.ingest.kaist_annotations import (
    BOXES,
    BOXES_THERMAL,
    TITLES,
    Annotations,
    Generation,
    find_annotations,
    split_of_set,
)
from twinband.ingest.label_forms.boxes import Boxes
from twinband.ingest.label_forms.kaist_text import is_ignored, read_kaist
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem
from twinband.ingest.matched_boxes import two_lists
from twinband.ingest.pair_names import PairNames
from twinband.ingest.shared_labels import boxes_of, with_coco
from twinband.ingest.split_lists import SplitLists

FIELDS = {"visible": "rgb", "lwir": "thermal"}
PATH = re.compile(
    r"(?:(?:.+/)?images/)?(?P<sequence>set\d\d/V\d\d\d)/(?P<modality>visible|lwir)"
    r"/(?P<frame>I\d+)\.(?P<suffix>[^./]+)"
)
LIST = re.compile(r"(?:.+/)?imageSets/(?P<name>[^/]+)\.txt")
DAY_SETS = frozenset({"set00", "set01", "set02", "set06", "set07", "set08"})

Items = list[Entry | Problem]


class Options(layout.Options):
    """Options of the reader ``kaist``."""

    annotations: Literal["", Generation] = Field(
        default="",
        description="the generation of boxes: original, bbgt, improved, sanitized, paired or json; "
        "empty for the best that is there, by split",
    )
    lists: str | list[str] = Field(
        default="",
        description="lists in imageSets, separated by commas, such as train-all-02,test-all-20: "
        "pairs in none of them are left out; empty for all pairs",
    )
    one_based: bool = Field(
        default=False,
        description="x and y of boxes count from 1 (true) or are kept as written (false)",
    )


class Layout(ByName):
    """Sets 00 to 05 are for training, 06 to 11 for testing; a video is a sequence.

    Boxes of ``people``, ``person?`` and ``cyclist``, which KAIST's protocol ignores, are
    ``difficult``. The paired generation has a list for each modality; they are matched.
    """

    Options = Options
    expects = (
        "images/setSS/VVVV/visible/I*.jpg with images/setSS/VVVV/lwir/I*.jpg; optional: boxes as "
        "ANNOTATIONS/setSS/VVVV/I*.{txt,xml}, ANNOTATIONS/setSS_VVVV_I*.txt, "
        "annotations_paired/setSS/VVVV/{visible,lwir}/I*.txt or KAIST_annotation.json; "
        "imageSets/*.txt"
    )
    about = About(
        title="KAIST Multispectral Pedestrian (Hwang et al., CVPR 2015)",
        task="detection",
        releases={
            "KAIST": Release(95328, {"train": 50187, "test": 45141}),
            "KAIST lists train-all-02 and test-all-20": Release(
                27338, {"train": 25086, "test": 2252}
            ),
        },
        images="640x512, 8-bit, by day and night, aligned by a beam splitter to some 0 to 8 px",
        labels="boxes of person, people (a group), person? (doubtful), cyclist, with occlusion 0 "
        "to 2; six generations: original, bbGt text, improved test, sanitized train, paired (a "
        "list a modality), JSON of the improved",
        splits="sets 00 to 05 train, 06 to 11 test; lists in imageSets (option lists)",
        terms="CC BY-NC-SA 4.0",
        source="https://soonminhwang.github.io/rgbt-ped-detection/",
        defects=(
            "wrong and missing boxes in the original generation: a better one is taken if it is "
            "there, and the one taken is told",
            "the improved annotations come twice in some copies: the second is told and passed by",
            "frames missing or misnamed in repacked archives: quarantined as without partner",
            "annotations as *.vbb are MATLAB's: told, not read",
        ),
    )
    aligned = True

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        items = sorted(super().pairs(paths), key=lambda item: item.name)
        items = self._in_lists(items, paths)
        annotations = find_annotations(self.files, paths)
        self.remarks += annotations.remarks
        yield from _numbered(self._annotated(items, annotations))

    def place(self, path: str) -> tuple[str, str] | None:
        match = PATH.fullmatch(path)
        if match is None or match["suffix"].lower() not in IMAGE_SUFFIXES:
            return None
        return FIELDS[match["modality"]], f"{match['sequence']}/{match['frame']}"

    def expected(self, field: str, name: str) -> str:
        sequence, _, frame = name.rpartition("/")
        return f"images/{sequence}/{'visible' if field == 'rgb' else 'lwir'}/{frame}.jpg"

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        number, _, rest = name.partition("/")
        hour = "day" if number in DAY_SETS else "night"
        group = f"{number}/{rest.partition('/')[0]}"
        return Entry(name, files, split_of_set(name), group, attributes={"hour": hour})

    def label_names(self, entry: Entry) -> list[str]:
        there = {BOXES, BOXES_THERMAL} & (entry.files.keys() | entry.shared.keys())
        return [BOXES] if there else []

    def label(self, name: str, entry: Entry) -> Label:
        if name in entry.shared:
            return boxes_of(entry)
        rgb, thermal = entry.files.get(BOXES), entry.files.get(BOXES_THERMAL)
        if rgb and not thermal and "/visible/" not in rgb:
            return self._boxes(rgb)
        return two_lists(self._boxes, rgb, thermal, in_order=True)

    def _boxes(self, path: str) -> Boxes:
        data = self.files.read(path, "text_mib")
        if path.endswith(".txt"):
            return read_kaist(data, path, self.options.one_based)
        boxes = read_voc(data, path, self.options.one_based)
        for item in boxes.objects:
            item["difficult"] |= is_ignored(item["class"])
        return boxes

    def _in_lists(self, items: Items, paths: Sequence[str]) -> Items:
        """Keep what the lists name, with a problem for every name that is no pair.

        Raises:
            InputError: there is no such list.
        """
        there = {match["name"]: path for path in paths if (match := LIST.fullmatch(path))}
        wanted = names_in(self.options.lists)
        if not wanted:
            if there:
                shown = told(", ".join(sorted(there)[:6]))
                self.remarks.append(f"lists in imageSets are not used (option lists): {shown}")
            return items
        listed: set[str] = set()
        problems: Items = []
        names = PairNames((item.name, [*item.files.values()]) for item in items)
        for name in wanted:
            if name not in there:
                known = ", ".join(sorted(there)) or "none"
                raise InputError(f"{self.files.root}: no imageSets/{name}.txt; there are: {known}")
            found, unknown = _listed(self.files, there[name], names)
            listed |= found
            problems += unknown
        kept = [item for item in items if item.name in listed]
        self.left_out |= {p for i in items if i.name not in listed for p in i.files.values()}
        self.remarks.append(
            f"lists {', '.join(wanted)}: {len(kept)} pairs are in them, "
            f"{len(items) - len(kept)} are left out"
        )
        return [*kept, *problems]

    def _annotated(self, items: Items, annotations: Annotations) -> Items:
        """Put the files of one generation a split beside the pairs, and say which.

        Raises:
            InputError: the generation that was asked for is not there.
        """
        asked = self.options.annotations
        if asked and asked not in annotations.files:
            known = ", ".join(sorted(annotations.files)) or "none"
            raise InputError(
                f"{self.files.root}: found no annotations of the generation {asked}; there are: "
                f"{known}"
            )
        chosen: dict[str, Generation] = {}
        for split in ("train", "test"):
            names = [i.name for i in items if isinstance(i, Entry) and i.split == split]
            own = asked or (annotations.best(split, names) if names else None)
            if names and own:
                chosen[split] = own
        self._tell(chosen, annotations)
        items = [_with_files(item, chosen, annotations) for item in items]
        by_json = [i for i in items if isinstance(i, Entry) and chosen.get(i.split) == "json"]
        if by_json:
            sources = list(annotations.files["json"])
            labelled, remarks = with_coco(by_json, self.files, sources, self.options.strict_labels)
            self.remarks += remarks
            replaced = {item.name for item in by_json}
            items = [*labelled, *(item for item in items if item.name not in replaced)]
        self._count_bare(items, chosen)
        return items

    def _tell(self, chosen: Mapping[str, Generation], annotations: Annotations) -> None:
        if not chosen:
            return
        self.annotations = "; ".join(f"{split}: {TITLES[own]}" for split, own in chosen.items())
        others = sorted(annotations.files.keys() - set(chosen.values()))
        rest = f" (also there, option annotations: {', '.join(others)})" if others else ""
        self.remarks.append(f"annotations: {self.annotations}{rest}")

    def _count_bare(self, items: Items, chosen: Mapping[str, Generation]) -> None:
        bare = Counter(
            item.split
            for item in items
            if isinstance(item, Entry) and item.split in chosen and not self.label_names(item)
        )
        for split, count in sorted(bare.items()):
            self.remarks.append(
                f"{count} pairs of {split} have no boxes in the annotations "
                f"{TITLES[chosen[split]]}: they are unlabelled, not empty"
            )


def names_in(given: str | Sequence[str]) -> list[str]:
    """List the names of lists, without suffixes."""
    parts = given.split(",") if isinstance(given, str) else given
    return [part.strip().removesuffix(".txt") for part in parts if part.strip()]


def _listed(files: Files, path: str, names: PairNames) -> tuple[set[str], Items]:
    """Read one list: the pairs that it names, and a problem for each other line.

    Raises:
        InputError: its name does not begin with a split.
    """
    folder = path.rpartition("/")[0]
    own = SplitLists(files, [path], f"{folder}/{{split}}-*.txt")
    if not own.paths:
        raise InputError(f"{files.root}: {path} is no list of train or test by its name")
    own.assign(names)
    unknown: Items = [
        Problem(told(name), {}, "listed_but_missing", why)
        for name, why in own.missing({"rgb": "set06/V000/I00019"})
    ]
    return set(own.split_of), unknown


def _with_files(
    item: Entry | Problem, chosen: Mapping[str, Generation], annotations: Annotations
) -> Entry | Problem:
    if not isinstance(item, Entry) or item.split not in chosen:
        return item
    own: dict[str, Any] = annotations.files[chosen[item.split]].get(item.name, {})
    return replace(item, files={**item.files, **own})


def _numbered(items: Items) -> Iterator[Entry | Problem]:
    frames: Counter[str] = Counter()
    for item in sorted(items, key=lambda item: item.name):
        if isinstance(item, Entry):
            item = replace(item, frame=frames[item.group])
            frames[item.group] += 1
        yield item
