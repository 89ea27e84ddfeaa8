"""Public sets that need no reader of their own: the options by which another reader reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinband.ingest.about import About


@dataclass(frozen=True, slots=True)
class Recipe:
    """Options for one public set.

    Attributes:
        about: what is published of the set.
        reader: the reader that reads it.
        options: the reader's, as params.yaml holds them.
        layout: files as they must lie, in plain words.
    """

    about: About
    reader: str
    options: Mapping[str, Any]
    layout: str


RECIPES: Mapping[str, Recipe] = {}
