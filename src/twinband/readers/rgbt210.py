"""Reader of RGBT210 (Li et al., 2017): tracking sequences, a box of one target for both images."""

from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.sequence_layout import SequenceLayout


class Layout(SequenceLayout):
    """One list holds for both images, which are aligned; its boxes are called ``target_rgb``."""

    expects = (
        "SEQUENCE/visible/*.jpg with SEQUENCE/infrared/*.jpg, paired by number; "
        "optional: SEQUENCE/init.txt with x, y, w, h a line, for both images"
    )
    about = About(
        title="RGBT210 (Li et al., ACM Multimedia 2017)",
        task="tracking",
        releases={"RGBT210": Release(210, unit="sequences")},
        images="8-bit, 104,706 frames a modality, 45 to 4,140 a sequence, aligned",
        labels="a box of one target a frame, one list for both images",
        splits="none: all sequences are a test",
        terms="research only",
        source="Li et al., Weighted sparse representation regularized graph learning for RGB-T "
        "object tracking, 2017",
        defects=(
            "folders of a sequence may differ by some frames: paired by number",
            "3 boxes have no area: the target is out of sight, and there is no box",
            "its sequences are in RGBT234 too: near duplicates of it",
        ),
    )
    aligned = True
    folders: ClassVar = {"visible": "rgb", "infrared": "thermal"}
    tracks: ClassVar = {"target_rgb": ("init.txt",)}
