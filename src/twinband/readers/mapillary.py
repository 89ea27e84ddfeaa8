"""Reader of Mapillary Vistas as domain generalisation prepares it: RGB alone, with 19 classes."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.layout import Entry, Problem
from twinband.ingest.street_scenes import LABELS, StreetScenes

HALF = "half/"
FULL = ("validation/", "cityscapes_trainIdLabel/val/")


class Layout(StreetScenes):
    """Images of val in ``half`` win over the full ones, since published scores are of that size."""

    expects = (
        "{training,validation}/images/NAME.jpg (or v1.2/images), or half/val_img/NAME.png; "
        "optional: cityscapes_trainIdLabel/{train,val}/label/NAME.png, half/val_label/NAME.png"
    )
    about = About(
        title="Mapillary Vistas 1.2 (Neuhold et al., ICCV 2017), with Cityscapes' classes",
        task="segmentation",
        releases={
            "train and val": Release(20000, {"train": 18000, "val": 2000}),
            "half of val": Release(2000, {"val": 2000}),
            "with test": Release(25000, {"train": 18000, "val": 2000, "test": 5000}),
        },
        images="8-bit RGB of many sizes, no thermal; scores are of val at half size",
        labels=f"{LABELS}; mapped from 66 by the preparation that these benchmarks share",
        splits="folders training, validation and testing",
        terms="research, after registration",
        source="https://www.mapillary.com/dataset/vistas",
        defects=("val at full and at half size side by side: the half is read, and it is told",),
    )
    patterns: ClassVar = {
        "rgb": ("{split}/images/*", "{split}/v1.2/images/*", "half/{split}_img/*"),
        "semantics": ("cityscapes_trainIdLabel/{split}/label/*", "half/{split}_label/*"),
    }
    unread: ClassVar = tuple(
        f"{{split}}/{around}{own}/*"
        for around in ("", "v1.2/", "v2.0/")
        for own in ("labels", "instances", "panoptic")
    )

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        full: list[str] = []
        if any(path.startswith(f"{HALF}val_img/") for path in paths):
            full = [path for path in paths if path.startswith(FULL)]
            self.leave_out(full, "images and labels of val at full size, since half/ has them")
        gone = set(full)
        yield from super().pairs([path for path in paths if path not in gone])
