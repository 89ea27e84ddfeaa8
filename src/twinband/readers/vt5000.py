"""Reader of VT5000, VT1000, VT821 (Tu et al., 2020): pairs with a mask of the salient objects."""

from collections.abc import Iterator, Mapping, Sequence

from twinband.core.errors import told
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.layout import IMAGE_SUFFIXES, Entry, Problem, folder_stem_suffix
from twinband.ingest.split_words import split_of_word

FIELDS = {"RGB": "rgb", "T": "thermal", "GT": "saliency"}
FOLDERS = {field: folder for folder, field in FIELDS.items()}


class Layout(ByName):
    """``saliency`` keeps every grey level as stored: masks may have soft edges."""

    expects = (
        "{Train,Val,Test}/RGB/NAME.jpg with {Train,Val,Test}/T/NAME.jpg, or RGB and T at the top "
        "(VT821, VT1000); optional: masks as GT/NAME.png beside them"
    )
    about = About(
        title="VT5000, VT1000 and VT821 (Tu et al., 2019 to 2022)",
        task="saliency",
        releases={
            "VT5000": Release(5000, {"train": 2500, "test": 2500}),
            "VT1000": Release(1000),
            "VT821": Release(821),
        },
        images="640x480, 8-bit; VT5000 and VT1000 aligned by their rig, VT821 by hand",
        labels="masks of the salient objects, salient above 128",
        splits="folders Train and Test (VT5000); the others are tests",
        terms="research only",
        source="Tu et al., RGBT salient object detection: a large-scale dataset, 2020",
        defects=(
            "black borders and added noise in thermal images of VT821: kept as published",
            "soft edges of masks: every grey level is kept",
        ),
    )
    aligned = True

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        items = list(super().pairs(paths))
        entries = [item for item in items if isinstance(item, Entry)]
        without = [entry.name for entry in entries if "saliency" not in entry.files]
        yield from items
        if 0 < len(without) < len(entries):
            self.remarks.append(f"pairs without a mask: {len(without)} (e.g. {told(without[0])})")

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
