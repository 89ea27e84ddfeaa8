"""Where a dataset's raw files are, in a form that travels to worker processes."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from twinband.readers._base import Layout
from twinband.readers._files import read_inventory
from twinband.readers._open import open_layout


@dataclass(frozen=True, slots=True)
class Source:
    """A reader over a raw folder or tar.

    Attributes:
        reader: name of the reader.
        root: folder, fsspec URL or tar.
        options: the reader's options as JSON.
        inventory: path of the committed inventory, empty if there is none.
    """

    reader: str
    root: str
    options: str
    inventory: str

    @classmethod
    def of(
        cls, reader: str, root: str, options: Mapping[str, Any], inventory: str = ""
    ) -> "Source":
        return cls(reader, root, json.dumps(dict(options), sort_keys=True), inventory)

    def open(self) -> Layout:
        """The layout, opened once a thread: a tar has one reading position, which threads of a
        Dask worker must not share."""
        return _open(self, threading.get_ident())


@lru_cache(maxsize=16)
def _open(source: Source, thread: int) -> Layout:
    recorded = read_inventory(Path(source.inventory)) if source.inventory else None
    return open_layout(source.reader, source.root, json.loads(source.options), recorded)
