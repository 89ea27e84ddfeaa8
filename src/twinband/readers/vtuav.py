"""Reader of VTUAV (Zhang et al., 2022): tracking from drones, published in parts."""

import re
from collections.abc import Mapping
from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.sequence_layout import SequenceLayout
from twinband.ingest.split_words import split_of_word

PART = re.compile(r"(train|test)_(ST|LT)(_\d+)?", re.IGNORECASE)


class Layout(SequenceLayout):
    """A sequence is called by its kind and name (``train_ST/car_001``), whatever its part.

    Of a sequence that two parts of one kind hold, the one with more images stays, or the first.
    """

    expects = (
        "PART/SEQUENCE/rgb/*.jpg with PART/SEQUENCE/ir/*.jpg, paired by number, PART being "
        "train_ST_001, test_LT and so on; optional: SEQUENCE/rgb.txt and SEQUENCE/ir.txt with x, "
        "y, w, h a line, for each 10th frame or all"
    )
    about = About(
        title="VTUAV (Zhang et al., CVPR 2022)",
        task="tracking",
        releases={
            "VTUAV": Release(500, unit="sequences"),
            "VTUAV test_ST": Release(176, {"test": 176}, "sequences"),
            "VTUAV test_LT": Release(74, {"test": 74}, "sequences"),
        },
        images="1920x1080, 8-bit, 1.7 million frames a modality, from drones",
        labels="a box of one target and modality each 10th frame",
        splits="folders train_ST, train_LT, test_ST, test_LT and their numbered parts",
        terms="research only",
        source="https://zhang-pengyu.github.io/DUT-VTUAV/",
        defects=(
            "pedestrian_040, 042 and 043 stand in train_ST_004 and train_ST_006: one is left out, "
            "and told",
            "its lists of attributes lack car_133 and name a car_015 of test: not read",
        ),
    )
    folders: ClassVar = {"rgb": "rgb", "ir": "thermal"}
    tracks: ClassVar = {"target_rgb": ("rgb.txt",), "target_thermal": ("ir.txt",)}
    every = 10

    def is_part(self, folder: str) -> bool:
        return bool(_kind(f"{folder}/"))

    def sequence_names(self, images: Mapping[str, int]) -> Mapping[str, str]:
        chosen: dict[str, str] = {}
        for folder, count in images.items():
            name = "/".join(filter(None, (_kind(folder), folder.rpartition("/")[2])))
            if name not in chosen or images[chosen[name]] < count:
                chosen[name] = folder
        return {folder: name for name, folder in chosen.items()}

    def splits(self, names: Mapping[str, str]) -> Mapping[str, str]:
        return {folder: split_of_word(_kind(folder).partition("_")[0]) for folder in names}


def _kind(folder: str) -> str:
    """Tell what the folders above a sequence say of it: ``train_ST``, ``test``, or nothing."""
    for part in reversed(folder.split("/")[:-1]):
        if match := PART.fullmatch(part):
            return f"{match[1].lower()}_{match[2].upper()}"
        if split := split_of_word(part):
            return split
    return ""
