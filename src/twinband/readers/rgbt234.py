"""Reader of RGBT234 (Li et al., 2019): tracking sequences, a box of one target in each image."""

from collections.abc import Mapping
from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.challenges import by_challenge
from twinband.ingest.sequence_layout import SequenceLayout


class Layout(SequenceLayout):
    """The base class says how frames are paired and what becomes of boxes."""

    expects = (
        "SEQUENCE/visible/*.jpg with SEQUENCE/infrared/*.jpg, paired by number; "
        "optional: SEQUENCE/visible.txt and SEQUENCE/infrared.txt with x, y, w, h a line, "
        "attr_txt/LI.txt and so on with 0 or 1 a sequence, of attr_txt/SequencesName.txt"
    )
    about = About(
        title="RGBT234 (Li et al., Pattern Recognition 2019)",
        task="tracking",
        releases={"RGBT234": Release(234, unit="sequences")},
        images="8-bit, 116,650 frames a modality, aligned to some 4 px (median)",
        labels="a box of one target a frame and modality, 12 attributes a sequence",
        splits="none: all sequences are a test",
        terms="research only",
        source="Li et al., RGB-T object tracking: benchmark and baseline, 2019",
        defects=(
            "folders of a sequence may differ by some frames: paired by number",
            "both lists of boxes disagree by 4 px (median), 20 px at most in 99 %: kept as two",
        ),
    )
    folders: ClassVar = {"visible": "rgb", "infrared": "thermal"}
    tracks: ClassVar = {"target_rgb": ("visible.txt",), "target_thermal": ("infrared.txt",)}

    def attributes(self, names: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        return by_challenge(self.files, "attr_txt", names, self.remarks)
