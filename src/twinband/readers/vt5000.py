"""Reader of VT5000, VT1000, VT821 (Tu et al., 2020): pairs with a mask of the salient objects."""

from collections.abc import Mapping
from typing import ClassVar

from twinband.ingest.layout import IMAGE_SUFFIXES, ByName, Entry, folder_stem_suffix
from twinband.ingest.split_words import split_of_word

FIELDS = {"RGB": "rgb", "T": "thermal", "GT": "saliency"}
FOLDERS = {field: folder for folder, field in FIELDS.items()}


class Layout(ByName):
    """``saliency`` keeps every grey level as stored: masks may have soft edges."""

    expects = (
        "{Train,Val,Test}/RGB/NAME.jpg with {Train,Val,Test}/T/NAME.jpg, or RGB and T at the top "
        "(VT821, VT1000); optional: masks as GT/NAME.png beside them"
    )
    published: ClassVar = {"VT5000": 5000, "VT1000": 1000, "VT821": 821}
    aligned = True

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        split, _, kind = folder.rpartition("/")
        if (
            suffix not in IMAGE_SUFFIXES
            or kind not in FIELDS
            or (split and not split_of_word(split))
        ):
            return None
        return FIELDS[kind], f"{split}/{stem}" if split else stem

    def expected(self, field: str, name: str) -> str:
        split, _, stem = name.rpartition("/")
        return f"{split}/{FOLDERS[field]}/{stem}.jpg".lstrip("/")

    def entry(self, name: str, files: Mapping[str, str]) -> Entry:
        return Entry(name, files, split=split_of_word(name.rpartition("/")[0]))
