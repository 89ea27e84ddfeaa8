"""Reader of Cityscapes: streets of German cities, RGB alone, with 19 classes."""

from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.street_scenes import LABELS, StreetScenes


class Layout(StreetScenes):
    """Labels hold ids of the classes (``_labelTrainIds``), or Cityscapes' own (``_labelIds``)."""

    expects = (
        "leftImg8bit/{train,val,test}/CITY/NAME_leftImg8bit.png; optional: "
        "gtFine/{train,val,test}/CITY/NAME_gtFine_labelTrainIds.png, or _gtFine_labelIds.png"
    )
    about = About(
        title="Cityscapes (Cordts et al., CVPR 2016)",
        task="segmentation",
        releases={"fine": Release(5000, {"train": 2975, "val": 500, "test": 1525})},
        images="2048x1024, 8-bit RGB, no thermal",
        labels=LABELS,
        splits="folders train, val and test",
        terms="research only, after registration",
        source="https://www.cityscapes-dataset.com",
        defects=("labels of test are empty: published so, every pixel is ignored",),
    )
    patterns: ClassVar = {
        "rgb": ("leftImg8bit/{split}/*/*_leftImg8bit",),
        "semantics": ("gtFine/{split}/*/*_gtFine_labelTrainIds",),
        "label_ids": ("gtFine/{split}/*/*_gtFine_labelIds",),
    }
    unread: ClassVar = (
        "gtFine/{split}/*/*_gtFine_color",
        "gtFine/{split}/*/*_gtFine_instanceIds",
        "gtFine/{split}/*/*_gtFine_instanceTrainIds",
    )
