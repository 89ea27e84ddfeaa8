"""Layouts: the base of readers of public on-disk layouts.

A reader is one module of ``twinband.readers`` with one class ``Layout``; its module name is the
reader's name. Readers only find pairs and read their bytes: checking, deduplicating and sharding
happen elsewhere in ``twinband.ingest``.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from pydantic import Field

from twinband.core.errors import InputError, told
from twinband.core.images import Decoded, decode, encode_png
from twinband.core.params import Params
from twinband.core.thermal import FloatUnit
from twinband.ingest.about import About
from twinband.ingest.files import IMAGE_SUFFIXES as IMAGE_SUFFIXES
from twinband.ingest.files import Files, key_of
from twinband.ingest.label_forms.boxes import Boxes
from twinband.ingest.label_forms.colours import ColourTable
from twinband.ingest.matched_boxes import TwoLists
from twinband.ingest.stated import Stated, stated_beside
from twinband.ingest.untaken import count_untaken, first_untaken, in_words
from twinband.ingest.view import View, views

PAIR = ("rgb", "thermal")


class Options(Params):
    """Options of every reader; most add fields with defaults and descriptions."""

    strict_labels: bool = Field(
        default=False,
        description="a faulty label quarantines its pair (true), or is mended or left out (false)",
    )
    apply_exif_orientation: bool = Field(
        default=False,
        description="turn both images, but no labels, as their EXIF orientation says",
    )
    float_thermal: FloatUnit = Field(
        default="auto",
        description="unit of thermal images of floating-point numbers, kelvin or celsius; auto: "
        "told from what scenes hold",
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """One pair as found by its layout's pairing rule.

    Attributes:
        name: name within the dataset, unique; ``/`` separates levels (``set00/V000/I00019``).
        files: relative path of each field; always ``rgb`` and ``thermal`` (they may be one file).
            Any other is a label.
        split: ``train``, ``val`` or ``test``; empty where the layout names none.
        group: what must stay together, such as a sequence; empty for a pair of its own.
        frame: position in the group.
        attributes: facts of the layout such as ``hour`` or ``class``.
        shared: labels that a file holds for many pairs, as the scan found them, by name.
    """

    name: str
    files: Mapping[str, str]
    split: str = ""
    group: str = ""
    frame: int = 0
    attributes: Mapping[str, str] = field(default_factory=dict)
    shared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that should have been a pair; it is quarantined with ``reason``."""

    name: str
    files: Mapping[str, str]
    reason: str
    detail: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "detail", told(self.detail))


@dataclass(frozen=True, slots=True)
class Encoded:
    """An image as bytes of a file format, with the suffix (``jpg``, ``png``) they are stored by."""

    data: bytes
    suffix: str
    path: str

    @classmethod
    def from_pixels(cls, pixels: Any, path: str) -> "Encoded":
        return cls(encode_png(pixels), "png", path)


@dataclass(frozen=True, slots=True)
class RawPair:
    """Bytes of a pair.

    Attributes:
        thermal: None where the layout has no thermal images.
        files: the files of both, where the bytes are no longer those of a file.
    """

    rgb: Encoded
    thermal: Encoded | None
    files: Mapping[str, Encoded] = field(default_factory=dict)


# A label image, boxes that have yet to be fitted to the images, or anything that JSON can hold.
Label = Encoded | Boxes | tuple[Boxes, ...] | TwoLists | list[Any] | str


class Layout(ABC):
    """One layout over one set of files.

    Class attributes:
        Options: pydantic model of the reader's options.
        expects: the layout in plain words, as ``twinband datasets`` prints it.
        label_ids: for each label image the ids it may hold (with any other it is refused).
        about: the public sets of this layout; None where it is nobody's in particular.
        aligned: whether data come in this layout as their authors aligned them, so that the
            stage ``register`` had better leave them alone.
        resizes_labels: whether a label image of another size than its image's is brought to it.

    Attributes:
        thermal_absent: whether there are no thermal images; a pair is then an RGB image alone.
        remarks: what a scan left out on purpose or decided, in plain words; known after it, and so
            are the next four.
        annotations: the generation of the labels, such as ``improved (Liu et al., 2016)``; empty
            where there is only one, or none.
        split_source: where the splits come from, such as ``lists (train.txt)``; empty if the
            layout names none.
        untaken: images below the root that are of no pair, by folder and suffix.
        left_out: paths that the layout leaves out on purpose, and tells of itself.
        names: names of the pairs by split, in order; those of no split by ``""``.
        sequences: number of groups of more than a pair of its own.
        label_files: paths of all label files of pairs.
        read_files: SHA-256 of each file that the scan itself read, such as a list, by path.
    """

    Options: ClassVar[type[Options]] = Options
    expects: ClassVar[str]
    label_ids: ClassVar[Mapping[str, frozenset[int]]] = {}
    about: ClassVar[About | None] = None
    aligned: ClassVar[bool] = False
    resizes_labels: ClassVar[bool] = False
    thermal_absent: bool = False

    def __init__(self, files: Files, options: Any) -> None:
        self.files = files
        self.options = options
        self.remarks: list[str] = []
        self.annotations = ""
        self.split_source = ""
        self.untaken: dict[str, int] = {}
        self.left_out: set[str] = set()
        self.names: dict[str, list[str]] = {}
        self.sequences = 0
        self.label_files: set[str] = set()
        self.read_files: dict[str, str] = {}

    def scan(self) -> Iterator[Entry | Problem]:
        """Find every pair and every would-be pair, in order of name, with unique keys.

        If there is no pair, but one folder around everything, it is looked into. The columns of an
        ``attributes.csv`` win over what the layout itself says.

        Raises:
            InputError: the folder is not of this layout; says what was looked for and where.
        """
        whole = self.files
        paths = whole.paths()
        refused = [Problem(told(r.path), {}, r.reason, r.detail) for r in whole.refused]
        first: list[Entry | Problem] = []
        for view in views(whole, paths):
            self.files = view
            try:
                items = self._scanned(view, refused)
            finally:
                self.files = whole
            if any(isinstance(item, Entry) for item in items):
                self._count_untaken(paths, items, view)
                self._describe([item for item in items if isinstance(item, Entry)], view)
                yield from items
                return
            first = first or items
        raise InputError(self._not_this_layout(paths, [*refused, *first]))

    def _scanned(self, view: View, refused: Sequence[Problem]) -> list[Entry | Problem]:
        """Find the pairs of one view of the files, and what is stated of them beside the images."""
        self.remarks, self.left_out = [], set()
        self.annotations = self.split_source = ""
        found = list(unique_keys([*self.pairs(view.paths()), *refused]))
        entries = [item for item in found if isinstance(item, Entry)]
        if not entries:
            return found
        if any(entry.split for entry in entries):
            self.split_source = self.split_source or "the layout's folders"
        stated = stated_beside(
            view,
            # A collision is named by a file, which is another pair's too.
            {item.name: tuple(item.files.values()) for item in found if not collides(item)},
            self.split_source,
        )
        self.split_source = stated.source(self.split_source)
        self.remarks += stated.remarks
        items = [_in_full(item, view, stated) for item in found]
        return sorted(items, key=lambda item: item.name)

    def _count_untaken(
        self, paths: Sequence[str], items: Iterable[Entry | Problem], view: View
    ) -> None:
        taken = {path for item in items for path in item.files.values()}
        taken.update(map(view.real, self.left_out))
        self.untaken = count_untaken(paths, taken)
        if self.untaken:
            example = first_untaken(paths, taken, self.untaken)
            self.remarks.append(in_words(self.untaken, example))
        if view.within:
            self.remarks.append(f"everything is in the folder {told(view.within)}")

    def _describe(self, entries: Sequence[Entry], view: View) -> None:
        """Keep what identifies the dataset as a benchmark; see ``twinband.ingest.protocol``."""
        self.names = {}
        for entry in entries:
            self.names.setdefault(entry.split, []).append(entry.name)
        self.sequences = len({entry.group for entry in entries if entry.group})
        labels = (path for e in entries for name, path in e.files.items() if name not in PAIR)
        self.label_files = set(labels)
        self.read_files = dict(view.read_files)

    @abstractmethod
    def pairs(self, paths: Sequence[str]) -> Iterable[Entry | Problem]:
        """Pair ``paths`` by the layout's rule, in any order."""

    def looked_for(self) -> str:
        """Describe a folder of this layout, for the message when one is not."""
        return self.expects

    def load(self, entry: Entry) -> RawPair:
        """Read the bytes of one pair's images.

        Raises:
            BadSample: one of them cannot be read.
        """
        thermal = None if self.thermal_absent else self.encoded(entry.files["thermal"])
        return RawPair(rgb=self.encoded(entry.files["rgb"]), thermal=thermal)

    def radiometry(self) -> Mapping[str, float] | None:
        """Give the scale of thermal counts (``kelvin_per_count``, ``kelvin_at_zero``), if known."""
        return None

    def no_data(self) -> int | None:
        """Give the count by which thermal images mark pixels without data, if one does."""
        return None

    def depth_scale(self) -> float | None:
        """Give the metres a count of the label ``depth``, if they are known."""
        return None

    def meanings(self, name: str, path: str) -> Mapping[int, int]:
        """Give the class that each id stored in a label image means; nothing if ids are classes."""
        return {}

    def label_names(self, entry: Entry) -> list[str]:
        """Name the labels of a pair: by default its files other than the images."""
        return [name for name in entry.files if name not in PAIR]

    def label(self, name: str, entry: Entry) -> Label | None:
        """Read one label of a pair, by default a label image; None if it has none after all.

        Raises:
            BadSample: it cannot be used; its pair, and what else it is labelled with, can.
        """
        return self.encoded(entry.files[name])

    def colours(self) -> ColourTable:
        """Give the ids of the colours of label images; nothing where these hold ids."""
        return {}

    def encoded(self, path: str) -> Encoded:
        """Read the bytes of one image file as they are."""
        suffix = path.rpartition(".")[2].lower()
        return Encoded(
            self.files.read(path), {"jpeg": "jpg", "tiff": "tif"}.get(suffix, suffix), path
        )

    def decoded(self, image: Encoded) -> Decoded:
        """Decode an image file of the dataset, if it is not beyond the limits.

        Raises:
            BadSample: with the reason why it cannot be decoded.
        """
        return decode(image.data, image.path, self.files.limits)

    def _not_this_layout(self, paths: Sequence[str], items: Sequence[Entry | Problem]) -> str:
        top = sorted({path.partition("/")[0] for path in paths})
        there = ", ".join(top[:6]) + (", …" if len(top) > 6 else "") if top else "nothing"
        hint = f" ({items[0].detail})" if items and isinstance(items[0], Problem) else ""
        return (
            f"{self.files.root}: found no pair there; looked for {self.looked_for()}; "
            f"at its top there is: {there}{hint}"
        )


def _in_full(item: Entry | Problem, view: View, stated: Stated) -> Entry | Problem:
    """Give an item its files relative to the root, and what is stated of it beside them."""
    files = view.real_files(item.files)
    if isinstance(item, Problem):
        return replace(item, files=files)
    attributes = {**item.attributes, **stated.attributes.get(item.name, {})}
    split = stated.split_of.get(item.name) or item.split
    return replace(item, files=files, attributes=attributes, split=split)


def collides(item: Entry | Problem) -> bool:
    """Tell if an item is a file that another pair has."""
    return isinstance(item, Problem) and item.reason == "key_collision"


def unique_keys(items: Iterable[Entry | Problem]) -> Iterator[Entry | Problem]:
    """Turn the second of two items with one key into a ``key_collision``, named by its file."""
    seen: dict[str, str] = {}
    for item in items:
        key = key_of(item.name)
        if key in seen:
            detail = f"{item.name!r} and {seen[key]!r} both get the key {key!r}; rename one"
            own = next(iter(item.files.values()), f"{item.name} (again)")
            while key_of(own) in seen:
                own = f"{own} (again)"
            item = Problem(own, item.files, "key_collision", detail)
            key = key_of(own)
        seen[key] = item.name
        yield item


def folder_stem_suffix(path: str) -> tuple[str, str, str]:
    """Split ``a/b/c.JPG`` into ``a/b``, ``c`` and ``jpg``."""
    folder, _, file = path.rpartition("/")
    stem, _, suffix = file.rpartition(".")
    return folder, stem, suffix.lower()


def is_image(suffix: str) -> bool:
    """Tell if files of this suffix are images that can be decoded."""
    return suffix in IMAGE_SUFFIXES
