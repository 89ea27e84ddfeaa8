"""Reader of GTOT (Li et al., 2016): short tracking sequences, a box of one target in each image."""

from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.sequence_layout import SequenceLayout


class Layout(SequenceLayout):
    """Lists hold corners; ``init.txt`` has the first box only, and is not read."""

    expects = (
        "SEQUENCE/v/*.png with SEQUENCE/i/*.png (or bmp), paired by number; optional: "
        "SEQUENCE/groundTruth_v.txt and SEQUENCE/groundTruth_i.txt with x1 y1 x2 y2 a line"
    )
    about = About(
        title="GTOT (Li et al., IEEE Transactions on Image Processing 2016)",
        task="tracking",
        releases={"GTOT": Release(50, unit="sequences")},
        images="8-bit, 7,850 frames a modality, small, aligned to some 2.5 px (median)",
        labels="a box of one target a frame and modality, by its corners",
        splits="none: all sequences are a test",
        terms="research only",
        source="Li et al., Learning collaborative sparse representation for grayscale-thermal "
        "tracking, 2016",
        defects=(
            "folders of a sequence may differ by some frames: paired by number",
            "both lists of boxes disagree by 2.5 px (median), 9 px at most in 99 %: kept as two",
        ),
    )
    folders: ClassVar = {"v": "rgb", "i": "thermal"}
    tracks: ClassVar = {
        "target_rgb": ("groundTruth_v.txt",),
        "target_thermal": ("groundTruth_i.txt",),
    }
    form = "xyxy"
