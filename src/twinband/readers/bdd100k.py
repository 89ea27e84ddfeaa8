"""Reader of BDD100K's 10,000 labelled images: streets of the USA, RGB alone, with 19 classes."""

from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.street_scenes import LABELS, StreetScenes


class Layout(StreetScenes):
    """Masks hold ids of the classes as they are."""

    expects = (
        "images/10k/{train,val,test}/NAME.jpg; optional: labels/sem_seg/masks/{train,val}/NAME.png"
    )
    about = About(
        title="BDD100K, 10K images (Yu et al., CVPR 2020)",
        task="segmentation",
        releases={"10k": Release(10000, {"train": 7000, "val": 1000, "test": 2000})},
        images="1280x720, 8-bit RGB, no thermal",
        labels=LABELS,
        splits="folders train, val and test",
        terms="research; the licence on its page",
        source="https://www.vis.xyz/bdd100k/",
        defects=("test has no labels: published so",),
    )
    patterns: ClassVar = {
        "rgb": ("images/10k/{split}/*",),
        "semantics": ("labels/sem_seg/masks/{split}/*",),
    }
    unread: ClassVar = ("labels/sem_seg/colormaps/{split}/*",)
