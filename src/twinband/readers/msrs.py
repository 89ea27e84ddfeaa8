"""Reader of MSRS: the aligned pairs of MFNet, thermal with more contrast, for fusion."""

from collections.abc import Mapping
from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.by_patterns import ByPatterns

HOURS = {"D": "day", "N": "night"}


class Layout(ByPatterns):
    """A name ends with D or N, as in MFNet, whose classes these are too."""

    expects = (
        "{train,test}/vi/NAME.png with {train,test}/ir/NAME.png, or vi and ir at the top; NAME "
        "ends with D (day) or N (night); optional: Segmentation_labels/NAME.png beside them, with "
        "ids 0 to 8"
    )
    about = About(
        title="MSRS (Tang et al., PIAFusion, Information Fusion 2022)",
        task="segmentation",
        releases={"MSRS": Release(1444, {"train": 1083, "test": 361})},
        images="640x480, 8-bit, 715 pairs by day and 729 by night, of MFNet without the 125 that "
        "are misaligned",
        labels="class ids as MFNet: 0 unlabeled, 1 car, 2 person, 3 bike, 4 curve, 5 car stop, "
        "6 guardrail, 7 color cone, 8 bump",
        splits="folders train and test",
        terms="research only; MFNet's terms hold for the images",
        source="https://github.com/Linfeng-Tang/MSRS",
        defects=(
            "thermal images had their contrast raised: no temperatures",
            "pairs of MFNet: never train on one and test on the other",
            "boxes of 80 pairs circulate beside it: not read",
        ),
    )
    aligned = True
    label_ids: ClassVar = {"semantics": frozenset(range(9))}
    patterns: ClassVar = {
        "rgb": ("{split}/vi/*", "vi/*"),
        "thermal": ("{split}/ir/*", "ir/*"),
        "semantics": ("{split}/Segmentation_labels/*", "Segmentation_labels/*"),
    }
    unread: ClassVar = ("{split}/Segmentation_visualize/*", "Segmentation_visualize/*")

    def attributes(self, name: str) -> Mapping[str, str]:
        hour = HOURS.get(name[-1])
        return {"hour": hour} if hour else {}
