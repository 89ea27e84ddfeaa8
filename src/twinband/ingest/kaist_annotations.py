"""The generations of KAIST's annotations, found by their folders, file names and first lines.

Ten years of papers corrected the boxes of this set; scores of two generations do not compare.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from twinband.core.errors import BadSample, told
from twinband.ingest.files import Files

Generation = Literal["original", "bbgt", "improved", "sanitized", "paired", "json"]

TITLES: dict[Generation, str] = {
    "original": "original (Hwang et al., 2015)",
    "bbgt": "bbGt text of the original",
    "improved": "improved (Liu et al., 2016)",
    "sanitized": "sanitized (Li et al., 2018)",
    "paired": "paired (Zhang et al., 2019)",
    "json": "improved as JSON",
}
# Papers train on cleaned boxes, and all of them are tested on the improved ones.
BEST: dict[str, tuple[Generation, ...]] = {
    "train": ("paired", "sanitized", "improved", "bbgt", "original", "json"),
    "test": ("improved", "json", "paired", "sanitized", "bbgt", "original"),
}
BOXES, BOXES_THERMAL = "boxes", "boxes_thermal"
MODALITIES = {"": BOXES, "visible": BOXES, "lwir": BOXES_THERMAL}
NESTED = re.compile(
    r"(?:(?P<folder>.+)/)?(?P<name>set\d\d/V\d\d\d/(?:(?P<modality>visible|lwir)/)?I\d+)"
    r"\.(?P<suffix>txt|xml)"
)
FLAT = re.compile(r"(?:(?P<folder>.+)/)?(?P<name>set\d\d_V\d\d\d_I\d+)\.(?P<suffix>txt|xml)")
JSON = re.compile(r"(?:.+/)?[^/]*kaist[^/]*annotation[^/]*\.json", re.IGNORECASE)
FIRST_TEST_SET = "set06"
BBGT_HEADER = re.compile(r"\s*%\s*bbGt", re.IGNORECASE)

FilesOf = dict[str, dict[str, str]]  # by the pair's name, then by field


@dataclass
class Annotations:
    """Annotations that a folder holds.

    Attributes:
        files: of every generation by the name of the pair; the JSON's by its own path.
        remarks: what was passed over.
    """

    files: dict[Generation, FilesOf] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    def best(self, split: str, names: Iterable[str]) -> Generation | None:
        """Choose the generation for the pairs of a split; None if none has a file for them."""
        wanted = set(names)
        for generation in BEST[split]:
            own = self.files.get(generation, {})
            if own and (generation == "json" or not wanted.isdisjoint(own)):
                return generation
        return None


def split_of_set(name: str) -> str:
    """Tell the split of a pair by its set: ``set00`` to ``set05`` are for training."""
    return "test" if name >= FIRST_TEST_SET else "train"


def find_annotations(files: Files, paths: Sequence[str]) -> Annotations:
    """Find all annotations among ``paths``; of two copies of a generation the larger counts."""
    copies: dict[Generation, dict[str, FilesOf]] = {}
    matlab = 0
    first_lines: dict[str, Generation] = {}
    for path in paths:
        matlab += path.lower().endswith(".vbb")
        if JSON.fullmatch(path):
            copies.setdefault("json", {})[path] = {path: {}}
            continue
        match = NESTED.fullmatch(path) or FLAT.fullmatch(path)
        if match is None:
            continue
        is_flat = match.re is FLAT
        modality = "" if is_flat else match["modality"] or ""
        name = _name(match["name"], modality)
        folder = match["folder"] or ""
        generation = _by_name(folder, name, modality, is_flat) or (
            "original" if match["suffix"] == "xml" else None
        )
        if generation is None:
            generation = first_lines.get(folder) or _by_first_line(files, path)
            first_lines[folder] = generation
        copy = copies.setdefault(generation, {}).setdefault(f"{folder}/*.{match['suffix']}", {})
        copy.setdefault(name, {})[MODALITIES[modality]] = path
    found = Annotations()
    for generation, own in copies.items():
        largest, *others = sorted(own, key=lambda folder: (-len(own[folder]), folder))
        found.files[generation] = own[largest]
        if others:
            named = told(", ".join(others[:4]))
            found.remarks.append(
                f"{named}: the same generation of annotations ({generation}) as {told(largest)}, "
                "which is read"
            )
    if matlab:
        found.remarks.append(
            f"{matlab} annotations of videos (*.vbb) are MATLAB's and not read; extract them to "
            "a text or XML a frame"
        )
    return found


def _name(text: str, modality: str) -> str:
    """Give the name of the pair, ``set06/V000/I00019``."""
    name = text.replace("_", "/")
    return name.replace(f"/{modality}/", "/") if modality else name


def _by_name(folder: str, name: str, modality: str, is_flat: bool) -> Generation | None:
    """Tell the generation by the names of folders and files; None if they do not tell."""
    word = folder.lower()
    if modality:
        return "paired"
    if "sanit" in word:
        return "sanitized"
    if "improve" in word:
        return "improved"
    if is_flat:
        return "improved" if split_of_set(name) == "test" else "sanitized"
    return None


def _by_first_line(files: Files, path: str) -> Generation:
    try:
        return "bbgt" if BBGT_HEADER.match(files.text(path)) else "original"
    except BadSample:
        return "bbgt"
