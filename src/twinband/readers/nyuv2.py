"""Reader of NYUv2: rooms with 40 classes and depth, RGB-D without thermal."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_patterns import ByPatterns
from twinband.ingest.label_forms.class_ids import IGNORED, NYU40_TO_CLASS

AROUND = ("{split}/", "")
RGB, DEPTH, LABEL = ("RGB", "rgb", "image"), ("Depth", "depth"), ("Label", "label", "labels")


class Options(layout.Options):
    """Options of the reader ``nyuv2``."""

    depth_scale: float = Field(
        default=0.001, ge=0, description="metres a count of depth images; 0 if unknown"
    )


def _patterns(folders: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{around}{folder}/*" for around in AROUND for folder in folders)


class Layout(ByPatterns):
    """Labels are stored as 1 to 40, with 0 for void; they become 0 to 39, and 255."""

    Options = Options
    expects = (
        "RGB/NAME.* (or rgb, image); optional: Label/NAME.png (or label, labels) with 0 for void "
        "and 1 to 40, Depth/NAME.png (or depth) of one channel, train.txt and test.txt; all of "
        "these may be below {train,test}/"
    )
    about = About(
        title="NYU Depth v2 (Silberman et al., ECCV 2012), 40 classes of Gupta et al., 2013",
        task="segmentation",
        releases={"NYUv2": Release(1449, {"train": 795, "test": 654})},
        images="640x480, 8-bit RGB, depth of 16 bits, no thermal",
        labels="class ids 0 to 39, 255 is void; depth in millimetres",
        splits="lists, or folders, train and test",
        terms="research only",
        source="https://cs.nyu.edu/~fergus/datasets/nyu_depth_v2.html",
        defects=(
            "depth as HHA, three channels: not read; the raw depth is",
            "unlike its files, classes begin with 0 here",
        ),
    )
    thermal_absent = True
    label_ids: ClassVar = {"semantics": frozenset({*range(40), IGNORED})}
    patterns: ClassVar = {
        "rgb": _patterns(RGB),
        "semantics": _patterns(LABEL),
        "depth": _patterns(DEPTH),
    }
    unread: ClassVar = _patterns(("HHA", "hha"))

    def meanings(self, name: str, path: str) -> Mapping[int, int]:
        return NYU40_TO_CLASS if name == "semantics" else {}

    def depth_scale(self) -> float | None:
        return self.options.depth_scale or None
