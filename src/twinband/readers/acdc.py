"""Reader of ACDC: streets in fog, night, rain and snow, RGB alone, with 19 classes."""

from collections.abc import Mapping
from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.street_scenes import LABELS, StreetScenes


class Layout(StreetScenes):
    """The attribute ``condition`` is that of the folder; of night it is the hour too."""

    expects = (
        "rgb_anon/{fog,night,rain,snow}/{train,val,test}/SEQUENCE/NAME_rgb_anon.png; optional: "
        "gt/{fog,night,rain,snow}/{train,val}/SEQUENCE/NAME_gt_labelTrainIds.png"
    )
    about = About(
        title="ACDC (Sakaridis et al., ICCV 2021)",
        task="segmentation",
        releases={"ACDC": Release(4006, {"train": 1600, "val": 406, "test": 2000})},
        images="1920x1080, 8-bit RGB, no thermal",
        labels=LABELS,
        splits="folders train, val and test",
        terms="research only, after registration",
        source="https://acdc.vision.ee.ethz.ch",
        defects=(
            "reference images of the same places in good weather (train_ref, …): not read, and "
            "counted",
            "test has no labels: published so",
        ),
    )
    sequence_levels = 3
    patterns: ClassVar = {
        "rgb": ("rgb_anon/*/{split}/*/*_rgb_anon",),
        "semantics": ("gt/*/{split}/*/*_gt_labelTrainIds",),
        "label_ids": ("gt/*/{split}/*/*_gt_labelIds",),
    }
    unread: ClassVar = (
        "rgb_anon/*/*_ref/*/*_rgb_ref_anon",
        "gt/*/{split}/*/*_gt_labelColor",
        "gt/*/{split}/*/*_gt_invIds",
        "gt/*/{split}/*/*_gt_invGray",
    )

    def attributes(self, name: str) -> Mapping[str, str]:
        condition = name.partition("/")[0]
        return {"condition": condition, **({"hour": "night"} if condition == "night" else {})}
