"""Raw datasets: opened by the name of their reader, read lazily pair by pair.

``Source`` is a dataset in a form that travels to worker processes.
"""

import importlib
import json
import pkgutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
from fsspec.implementations.local import LocalFileSystem
from numpy.typing import NDArray

import twinband.readers
from twinband.core.errors import BadSample, InputError, told
from twinband.core.params import validate
from twinband.ingest.archive import Tar
from twinband.ingest.files import Files, Recorded, key_of
from twinband.ingest.folder import Folder, Remote
from twinband.ingest.inventory import read_inventory
from twinband.ingest.label_forms.label_image import LabelImage
from twinband.ingest.labels import read_labels
from twinband.ingest.layout import Entry, Layout, Problem, RawPair
from twinband.ingest.notes import Notes
from twinband.ingest.pair_images import PairImage, open_rgb, open_thermal, sizes_of
from twinband.ingest.params import IngestLimits
from twinband.ingest.zipped import Zip, is_zip

LIMITS = IngestLimits()


def reader_names() -> list[str]:
    """List the readers: the public modules of ``twinband.readers``."""
    modules = pkgutil.iter_modules(twinband.readers.__path__)
    return sorted(module.name for module in modules if not module.name.startswith("_"))


def layout_class(reader: str) -> type[Layout]:
    """Import the layout of a reader by its name.

    Raises:
        InputError: there is no such reader.
    """
    if reader not in reader_names():
        raise InputError(f"no reader {reader!r}; there are: {', '.join(reader_names())}")
    layout: type[Layout] = importlib.import_module(f"twinband.readers.{reader}").Layout
    return layout


def open_files(
    root: str,
    inventory: Mapping[str, Recorded] | None = None,
    limits: IngestLimits = LIMITS,
    within: str = "",
) -> Files:
    """Open a tar or zip if ``root`` is a file of this machine, else a folder or URL of one.

    Args:
        within: folder of all outside data, to which links may lead.

    Raises:
        InputError: there is neither.
    """
    try:
        filesystem, place = fsspec.core.url_to_fs(root)
        if not isinstance(filesystem, LocalFileSystem):
            return Remote(root, inventory, limits, filesystem, place)
        if Path(place).is_file():
            return (Zip if is_zip(place) else Tar)(place, inventory, limits)
    except (OSError, ValueError, ImportError) as error:
        raise InputError(f"{told(root)} cannot be opened: {error}") from None
    return Folder(place, inventory, limits, within)


def open_layout(
    reader: str,
    root: str,
    options: Mapping[str, Any],
    inventory: Mapping[str, Recorded] | None = None,
    limits: IngestLimits = LIMITS,
    within: str = "",
) -> Layout:
    """Open a reader over the files below ``root``; arguments as of ``open_files``.

    Raises:
        InputError: no such reader or folder.
        ParamsError: options that the reader does not have.
    """
    layout = layout_class(reader)
    checked = validate(layout.Options, dict(options), f"options of reader {reader}")
    return layout(open_files(root, inventory, limits, within), checked)


@dataclass(frozen=True)
class Pair:
    """One RGB and one thermal image of one moment; images are read when they are asked for.

    Attributes:
        key: name in every shard, ``[a-z0-9_-]+``.
        split: ``train``, ``val``, ``test`` or empty.
        sources: relative paths of the files it comes from, by field.
    """

    key: str
    split: str
    sources: Mapping[str, str]
    entry: Entry
    layout: Layout

    @cached_property
    def _raw(self) -> RawPair:
        return self.layout.load(self.entry)

    @cached_property
    def _rgb(self) -> PairImage:
        return open_rgb(self.layout, self._raw, Notes())

    @cached_property
    def _thermal(self) -> PairImage | None:
        return open_thermal(self.layout, self._raw, Notes())

    @property
    def rgb(self) -> NDArray[np.uint8]:
        """``H,W,3`` uint8 in RGB order.

        Raises:
            BadSample: the file cannot be used.
        """
        return self._rgb.pixels

    @property
    def thermal(self) -> NDArray[np.generic]:
        """``H,W`` uint8 or uint16, as stored.

        Raises:
            BadSample: the file cannot be used; ``thermal_absent`` if there is none by the layout.
        """
        if self._thermal is None:
            raise BadSample("thermal_absent", f"{self.entry.name}: there are RGB images alone")
        return self._thermal.pixels

    @cached_property
    def labels(self) -> Mapping[str, Any]:
        """Labels by name: images as ``H,W`` arrays, others as they are; and the attributes.

        Raises:
            BadSample: an image cannot be used, or a label, with ``strict_labels``.
        """
        notes = Notes(self.layout.options.strict_labels)
        sizes = sizes_of(self._rgb, self._thermal)
        labels = read_labels(self.layout, self.entry, sizes, notes)
        plain = {n: v.pixels if isinstance(v, LabelImage) else v for n, v in labels.items()}
        return {**self.entry.attributes, **plain}


class Dataset(Sequence[Pair]):
    """The pairs of one dataset in order of name; ``problems`` lists what could not be paired."""

    def __init__(self, layout: Layout) -> None:
        items = list(layout.scan())
        self.problems = [item for item in items if isinstance(item, Problem)]
        self._entries = [item for item in items if isinstance(item, Entry)]
        self._layout = layout

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._pair(entry) for entry in self._entries[index]]
        return self._pair(self._entries[index])

    def __iter__(self) -> Iterator[Pair]:
        return (self._pair(entry) for entry in self._entries)

    def _pair(self, entry: Entry) -> Pair:
        return Pair(key_of(entry.name), entry.split, entry.files, entry, self._layout)


def open_dataset(reader: str, root: str, **options: Any) -> Dataset:
    """Open a raw dataset.

    Args:
        reader: name of a reader (``twinband datasets`` lists them).
        root: folder, fsspec URL, tar or zip that holds it.
        options: the reader's own options.

    Raises:
        InputError: no such reader or folder, or not of this layout.
        ParamsError: unknown or wrong options.
    """
    return Dataset(open_layout(reader, str(root), options))


@dataclass(frozen=True, slots=True)
class Source:
    """A reader over a raw folder, tar or zip.

    Attributes:
        reader: name of the reader.
        root: folder, fsspec URL, tar or zip.
        options: the reader's options as JSON.
        inventory: path of the committed inventory, empty if there is none.
        limits: most that is read of one file.
        within: folder of all outside data, to which links may lead; empty for the root only.
    """

    reader: str
    root: str
    options: str
    inventory: str
    limits: IngestLimits
    within: str

    @classmethod
    def of(
        cls,
        reader: str,
        root: str,
        options: Mapping[str, Any],
        inventory: str = "",
        limits: IngestLimits = LIMITS,
        within: str = "",
    ) -> "Source":
        text = json.dumps(dict(options), sort_keys=True)
        return cls(reader, root, text, inventory, limits, within)

    def open(self) -> Layout:
        """Open the layout, once a thread.

        An archive has one reading position, which threads of a Dask worker must not share.
        """
        return _open(self, threading.get_ident())


@lru_cache(maxsize=16)
def _open(source: Source, thread: int) -> Layout:
    recorded = read_inventory(Path(source.inventory)) if source.inventory else None
    return open_layout(
        source.reader,
        source.root,
        json.loads(source.options),
        recorded,
        source.limits,
        source.within,
    )
