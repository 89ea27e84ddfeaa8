"""Reader of LLVIP: aligned surveillance pairs, nearly all by night, with boxes of people.

Jia et al., 2021, https://bupt-ai-cz.github.io/LLVIP/
"""

from collections.abc import Mapping

from pydantic import Field

from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.label_forms.voc_xml import read_voc
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Label, Problem, folder_stem_suffix
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
    about = About(
        title="LLVIP (Jia et al., ICCV workshops 2021)",
        task="detection",
        releases={"LLVIP": Release(15488, {"train": 12025, "test": 3463})},
        images="1280x1024, 8-bit, nearly all by night, aligned by a homography a scene",
        labels="boxes of persons, one list a pair",
        splits="folders train and test",
        terms="non-commercial, its own licence",
        source="https://bupt-ai-cz.github.io/LLVIP/",
        defects=(
            "people at borders without a box, and some wrong boxes, in test: kept as published",
            "annotations were changed after release: scores of two copies may differ, so the "
            "protocol holds a hash of them",
            "the raw release is not aligned and lacks files: use the aligned one",
        ),
    )
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
