"""Reader of MFNet: street scenes by day and night as four-channel PNGs, with nine classes.

Ha et al., 2017, https://www.mi.t.u-tokyo.ac.jp/static/projects/mil_multispectral/
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from twinband.core.errors import BadSample
from twinband.ingest.about import About, Release
from twinband.ingest.by_name import ByName
from twinband.ingest.layout import (
    IMAGE_SUFFIXES,
    Encoded,
    Entry,
    Problem,
    RawPair,
    folder_stem_suffix,
)
from twinband.ingest.split_lists import SplitLists

FIELDS = {"images": "rgb", "image": "rgb", "labels": "semantics"}
# Of packs made of it, in which thermal is a file of its own.
APART = {"RGB": "rgb", "Thermal": "thermal", "Modal": "thermal", "Label": "semantics"}
HOURS = {"D": "day", "N": "night"}


class Layout(ByName):
    """One PNG holds red, green, blue and thermal; both images are stored as PNGs of their own.

    Packs that RTFNet, CMX and others made of it have two files; they are kept as they are.

    Mirrored copies (``NAME_flip``), which the authors' training files may contain, are left out:
    they add nothing that training does not make itself, and would be duplicates.
    """

    expects = (
        "images/NAME.png (or image/NAME.png) with four channels, red, green, blue and thermal; "
        "NAME ends with D (day) or N (night); optional: labels/NAME.png with ids 0 to 8, "
        "train.txt, val.txt, test.txt; or RGB/NAME.png with Thermal/NAME.png or Modal/NAME.png, "
        "and Label/NAME.png"
    )
    label_ids: ClassVar = {"semantics": frozenset(range(9))}
    about = About(
        title="MFNet (Ha et al., IROS 2017)",
        task="segmentation",
        releases={"MFNet": Release(1569, {"train": 784, "val": 392, "test": 393})},
        images="640x480, 8-bit, RGB and thermal as one PNG of four channels, by day and night",
        labels="class ids 0 unlabeled, 1 car, 2 person, 3 bike, 4 curve, 5 car stop, "
        "6 guardrail, 7 color cone, 8 bump",
        splits="lists train.txt, val.txt, test.txt",
        terms="research only",
        source="https://www.mi.t.u-tokyo.ac.jp/static/projects/mil_multispectral/",
        defects=(
            "mirrored copies (*_flip) in training files: left out, and counted",
            "125 pairs are misaligned: `register` tells which",
            "guardrail is nearly absent from test, so that its IoU is unstable",
        ),
    )
    aligned = True
    required = ("rgb",)

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        kept = [path for path in paths if not _is_mirrored(folder_stem_suffix(path)[1])]
        found = list(super().pairs(kept))
        lists = SplitLists(self.files, paths, "{split}.txt")
        yield from self.in_lists(found, lists, _is_mirrored)
        if len(kept) < len(paths):
            self.left_out = set(paths) - set(kept)
            self.remarks.append(
                f"{len(paths) - len(kept)} files of mirrored copies (*_flip) are left out"
            )

    def place(self, path: str) -> tuple[str, str] | None:
        folder, stem, suffix = folder_stem_suffix(path)
        if folder in APART and suffix in IMAGE_SUFFIXES:
            return APART[folder], stem
        return (FIELDS[folder], stem) if suffix == "png" and folder in FIELDS else None

    def expected(self, field: str, name: str) -> str:
        return f"Thermal/{name}.png" if field == "thermal" else f"images/{name}.png"

    def entry(self, name: str, files: Mapping[str, str]) -> Entry | Problem:
        hour = HOURS.get(name[-1])
        if "thermal" not in files and files["rgb"].partition("/")[0] in APART:
            return self._alone(name, files, ["thermal"])
        return Entry(
            name,
            {"thermal": files["rgb"], **files},
            attributes={"hour": hour} if hour else {},
        )

    def load(self, entry: Entry) -> RawPair:
        path = entry.files["rgb"]
        if entry.files["thermal"] != path:
            return super().load(entry)
        stored = self.encoded(path)
        decoded = self.decoded(stored)
        if decoded.channels != 4:
            detail = f"{path}: {decoded.channels} channels, not 4 (red, green, blue, thermal)"
            raise BadSample("wrong_channels", detail)
        return RawPair(
            rgb=Encoded.from_pixels(decoded.pixels[..., :3], path),
            thermal=Encoded.from_pixels(decoded.pixels[..., 3], path),
            files={"rgb": stored},
        )


def _is_mirrored(name: str) -> bool:
    return name.endswith("_flip")
