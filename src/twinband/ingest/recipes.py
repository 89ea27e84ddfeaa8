"""Public sets that need no reader of their own: the options by which another reader reads them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twinband.ingest.about import About, Release


@dataclass(frozen=True, slots=True)
class Recipe:
    """Options for one public set.

    Attributes:
        about: what is published of the set.
        reader: the reader that reads it.
        options: the reader's, as params.yaml holds them.
        layout: files as they must lie, in plain words.
    """

    about: About
    reader: str
    options: Mapping[str, Any]
    layout: str


RECIPES: Mapping[str, Recipe] = {
    "tno": Recipe(
        about=About(
            title="TNO Image Fusion Dataset (Toet, 2014)",
            task="fusion",
            releases={
                "all": Release(261),
                "42 pairs": Release(42),
                "40 pairs": Release(40),
                "25 pairs": Release(25),
                "21 pairs": Release(21),
            },
            images="grey, 8-bit, mostly 768x576, registered by their author",
            labels="none",
            splits="none: all pairs are a test",
            terms="research only",
            source="https://doi.org/10.6084/m9.figshare.1008029",
            defects=("subsets of 21, 25, 40 and 42 pairs circulate: say which with every score",),
        ),
        reader="paired_folders",
        options={"rgb": "vi/*.png", "thermal": "ir/*.png"},
        layout="vi/NAME.png with ir/NAME.png",
    ),
    "vifb": Recipe(
        about=About(
            title="VIFB (Zhang et al., CVPR workshops 2020)",
            task="fusion",
            releases={"VIFB": Release(21)},
            images="8-bit, of many sizes, aligned",
            labels="none",
            splits="none: all pairs are a test",
            terms="research only; the terms of the sets that its images are of hold",
            source="https://github.com/xingchenzhang/VIFB",
            defects=("some pairs are TNO's: scores of both sets are not independent",),
        ),
        reader="paired_folders",
        options={"rgb": "VI/*.jpg", "thermal": "IR/*.jpg"},
        layout="VI/NAME.jpg with IR/NAME.jpg",
    ),
    "m3fd_fusion": Recipe(
        about=About(
            title="M3FD Fusion (Liu et al., TarDAL, CVPR 2022)",
            task="fusion",
            releases={"M3FD_Fusion": Release(300)},
            images="1024x768, 8-bit, aligned, with small errors at close objects",
            labels="none",
            splits="none: all pairs are a test",
            terms="research only",
            source="https://github.com/JinyuanLiu-CV/TarDAL",
            defects=("some evaluate at half the size: say which with every score",),
        ),
        reader="paired_folders",
        options={"rgb": "Vis/*.png", "thermal": "Ir/*.png"},
        layout="Vis/NAME.png with Ir/NAME.png",
    ),
}
