"""Reader of GTAV: rendered streets, RGB alone, with Cityscapes' classes."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.layout import Entry, Problem
from twinband.ingest.street_scenes import LABELS, StreetScenes

SPLIT_FILE = "split.mat"


class Layout(StreetScenes):
    """A label's palette is for the eye: the index is Cityscapes' id, which is looked up."""

    expects = (
        "images/NUMBER.png; optional: labels/NUMBER.png, of which the palette's index is "
        "Cityscapes' id, or labels/NUMBER_labelTrainIds.png; train.txt, val.txt, test.txt"
    )
    about = About(
        title="GTAV, Playing for Data (Richter et al., ECCV 2016)",
        task="segmentation",
        releases={"GTAV": Release(24966, {"train": 12403, "val": 6382, "test": 6181})},
        images="1914x1052, 8-bit RGB, rendered, no thermal",
        labels=LABELS,
        splits="lists train.txt, val.txt, test.txt if there are any; domain generalisation trains "
        "on all images",
        terms="research only",
        source="https://download.visinf.tu-darmstadt.de/data/from_games/",
        defects=(
            "some labels are not of their image's size: brought to it by nearest pixel, and noted",
            "split.mat is not read: write lists train.txt, val.txt, test.txt",
        ),
    )
    resizes_labels = True
    patterns: ClassVar = {
        "rgb": ("images/*",),
        "semantics": ("labels/*_labelTrainIds",),
        "label_ids": ("labels/*",),
    }

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        yield from super().pairs(paths)
        if SPLIT_FILE in paths and not self.split_source:
            self.remarks.append(
                f"{SPLIT_FILE}: not read; for the published split write train.txt, val.txt and "
                "test.txt, a number of an image a line"
            )
