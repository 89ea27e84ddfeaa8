"""Reader of FMB: street scenes with fourteen classes, for fusion and segmentation."""

from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.by_patterns import ByPatterns


class Layout(ByPatterns):
    """Splits are folders, or lists beside folders that hold all images."""

    expects = (
        "{train,test}/Visible/NAME.png with {train,test}/Infrared/NAME.png, or Visible and "
        "Infrared at the top with train.txt and test.txt; optional: Label/NAME.png beside them, "
        "with ids 0 to 14"
    )
    about = About(
        title="FMB (Liu et al., SegMiF, ICCV 2023)",
        task="segmentation",
        releases={"FMB": Release(1500, {"train": 1220, "test": 280})},
        images="800x600, 8-bit, aligned",
        labels="class ids 0 background, 1 road, 2 sidewalk, 3 building, 4 lamp, 5 sign, "
        "6 vegetation, 7 sky, 8 person, 9 car, 10 truck, 11 bus, 12 motorcycle, 13 bicycle, "
        "14 pole",
        splits="folders, or lists, train and test",
        terms="research only",
        source="https://github.com/JinyuanLiu-CV/SegMiF",
        defects=(
            "no pixel of the class bicycle in test: its IoU says nothing, so means are over the "
            "classes that there are",
            "scores with background as a class and without it are both published: never compare",
        ),
    )
    aligned = True
    label_ids: ClassVar = {"semantics": frozenset(range(15))}
    patterns: ClassVar = {
        "rgb": ("{split}/Visible/*", "Visible/*"),
        "thermal": ("{split}/Infrared/*", "Infrared/*"),
        "semantics": ("{split}/Label/*", "Label/*"),
    }
    unread: ClassVar = (
        *("{split}/Label_color/*", "{split}/color/*", "{split}/Label/color/*"),
        *("Label_color/*", "color/*", "Label/color/*"),
    )
