"""Reader of PST900: underground scenes with five classes, thermal projected into the RGB camera."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_patterns import ByPatterns

THERMAL = ("thermal", "thermal_raw")


class Options(layout.Options):
    """Options of the reader ``pst900``."""

    thermal: Literal["thermal", "thermal_raw"] = Field(
        default="thermal",
        description="which thermal images: thermal (8 bits, contrast set by the camera), or "
        "thermal_raw (16 bits)",
    )


class Layout(ByPatterns):
    """Zeros in thermal images are no temperatures, but pixels that the projection left empty."""

    Options = Options
    expects = (
        "{train,test}/rgb/NAME.png with {train,test}/thermal/NAME.png (8 bits) or thermal_raw "
        "(16 bits); optional: {train,test}/labels/NAME.png with ids 0 to 4, and depth"
    )
    about = About(
        title="PST900 (Shivakumar et al., ICRA 2020)",
        task="segmentation",
        releases={
            "PST900": Release(894, {"train": 597, "test": 297}),
            "as its page counts": Release(894, {"train": 606, "test": 288}),
        },
        images="1280x720, thermal of 8 and of 16 bits, projected into the RGB camera",
        labels="class ids 0 background, 1 fire extinguisher, 2 backpack, 3 hand drill, "
        "4 survivor; depth of 16 bits from stereo, its unit not published",
        splits="folders train and test",
        terms="research; the code is GPL-3",
        source="https://github.com/ShreyasSkandanS/pst900_thermal_rgb",
        defects=(
            "holes in thermal images, with the count 0: declared, so that they do not count",
            "its page swaps train and test, and counts differ: the folders count",
        ),
    )
    aligned = True
    label_ids: ClassVar = {"semantics": frozenset(range(5))}
    patterns: ClassVar = {
        "rgb": ("{split}/rgb/*",),
        "semantics": ("{split}/labels/*",),
        "depth": ("{split}/depth/*",),
    }

    def fields(self) -> Mapping[str, Sequence[str]]:
        return {**self.patterns, "thermal": (f"{{split}}/{self.options.thermal}/*",)}

    def left_alone(self) -> Sequence[str]:
        return [f"{{split}}/{other}/*" for other in THERMAL if other != self.options.thermal]

    def no_data(self) -> int:
        return 0
