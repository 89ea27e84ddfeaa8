"""Reader of LLVIP: aligned surveillance pairs, nearly all by night, with boxes of people.

Jia et al., 2021, https://bupt-ai-cz.github.io/LLVIP/
"""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from twinband.ingest import layout
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.layout import IMAGE_SUFFIXES, ByName, Entry, Label, Problem, folder_stem_suffix
from twinband.ingest.split_words import split_of_word

FIELDS = {"visible": "rgb", "infrared": "thermal"}


class Options(layout.Options):
    """Options of the reader ``llvip``."""

    voc_one_based: bool = Field(
        default=False, description="boxes count from 1 (true) or are kept as written (false)"
    )


class Layout(ByName):
    """A pair has one stem in one split; stems are unique, since the boxes are found by them."""

    Options = Options
    expects = (
        "visible/{train,val,test}/NAME.jpg with infrared/{train,val,test}/NAME.jpg; "
        "optional: Annotations/NAME.xml with boxes of class person"
    )
    published: ClassVar = {"LLVIP": 15488}
    aligned = True

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        if folder == "Annotations" and suffix == "xml":
            return "boxes", stem
        modality, _, split = folder.partition("/")
        if suffix not in IMAGE_SUFFIXES or modality not in FIELDS or not split_of_word(split):
            return None
        return FIELDS[modality], stem

    def expected(self, field: str, name: str) -> str:
        return f"{'visible' if field == 'rgb' else 'infrared'}/{{train,val,test}}/{name}.jpg"

    def entry(self, name: str, files: Mapping[str, str]) -> Entry | Problem:
        splits = [split_of_word(files[field].split("/")[1]) for field in ("rgb", "thermal")]
        if splits[0] != splits[1]:
            detail = f"{files['rgb']} and {files['thermal']} are in different splits"
            return Problem(name, files, "missing_partner", detail)
        return Entry(name, files, split=splits[0])

    def label(self, name: str, entry: Entry) -> Label:
        """Read the boxes; their classes are kept as written."""
        path = entry.files[name]
        return read_voc(self.files.read(path, "text_mib"), path, self.options.voc_one_based)
