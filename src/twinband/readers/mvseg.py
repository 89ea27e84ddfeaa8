"""Reader of MVSeg: videos of which some frames are labelled with 26 classes."""

from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.by_patterns import ByPatterns


class Layout(ByPatterns):
    """Of one frame the names differ by a last letter: v, i, and that of the label.

    Frames without a label are pairs too; a list of a split names videos.
    """

    expects = (
        "data/VIDEO/visible/NUMBERv.png with data/VIDEO/infrared/NUMBERi.png, of any kind of "
        "image; optional: data/VIDEO/label/NUMBERl.png with ids 0 to 25; train.txt, val.txt and "
        "test.txt with a VIDEO a line"
    )
    about = About(
        title="MVSeg (Ji et al., CVPR 2023)",
        task="segmentation",
        releases={"MVSeg": Release(738, unit="sequences")},
        images="480x320, 8-bit videos from OTCBVS, INO, RGBT234 and others",
        labels="class ids 0 background, 1 car, 2 bus, 3 motorcycle, 4 bicycle, 5 pedestrian, "
        "6 motorcyclist, 7 bicyclist, 8 cart, 9 bench, 10 umbrella, 11 box, 12 pole, "
        "13 street lamp, 14 traffic light, 15 traffic sign, 16 car stop, 17 color cone, 18 sky, "
        "19 road, 20 sidewalk, 21 curb, 22 vegetation, 23 terrain, 24 building, 25 ground; of "
        "some frames only",
        splits="lists of videos train.txt, val.txt, test.txt",
        terms="research only",
        source="https://github.com/jiwei0921/MVSS-Baseline",
        defects=(
            "most frames have no label: they are kept, without one",
            "frames of RGBT234: never train on one and test on the other",
        ),
    )
    aligned = True
    label_ids: ClassVar = {"semantics": frozenset(range(26))}
    sequence_levels = 1
    patterns: ClassVar = {
        "rgb": ("data/*/visible/*v",),
        "thermal": ("data/*/infrared/*i",),
        "semantics": tuple(f"data/*/label/*{letter}" for letter in "lLgmvi"),
    }
