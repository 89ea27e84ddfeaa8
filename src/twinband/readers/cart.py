"""Reader of CART: aerial scenes of rivers, lakes, coasts and deserts with ten classes."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from twinband.ingest import layout
from twinband.ingest.about import About, Release
from twinband.ingest.by_patterns import ByPatterns

THERMAL = ("thermal8", "thermal16")
AROUND = ("labeled_rgbt_pairs/", "")
MASKS = ("annotations", "masks")


class Options(layout.Options):
    """Options of the reader ``cart``."""

    thermal: Literal["thermal8", "thermal16"] = Field(
        default="thermal16",
        description="which thermal images: thermal16 (as measured), or thermal8 (for the eye)",
    )


class Layout(ByPatterns):
    """Of one frame the names differ by a word: eo, thermal and mask.

    Thermal images that are labelled alone (``labeled_thermal_singles``) are no pairs.
    """

    Options = Options
    expects = (
        "labeled_rgbt_pairs/color/FLIGHT_eo-NUMBER.jpg with thermal16/FLIGHT_thermal-NUMBER.* or "
        "thermal8/FLIGHT_thermal-NUMBER.*; optional: annotations/FLIGHT_mask-NUMBER.png with ids 0 "
        "to 11, and splits/rgbt_splits/rgb_{train,val,test}.txt of the authors' repository"
    )
    about = About(
        title="CART, Caltech Aerial RGB-Thermal (Lee et al., ECCV 2024)",
        task="segmentation",
        releases={"labeled_rgbt_pairs": Release(2282)},
        images="960x600, thermal of 16 bits and of 8, projected into the RGB camera",
        labels="class ids 0 unknown and 1 background (both ignored in scores), 2 bare ground, "
        "3 rocky terrain, 4 human-made structures, 5 road, 6 shrubs, 7 trees, 8 sky, 9 water, "
        "10 vehicles, 11 person",
        splits="lists of the authors' repository: random; by place and by time of thermal alone",
        terms="CC BY-SA, with a non-commercial statement",
        source="https://github.com/aerorobotics/caltech-aerial-rgbt-dataset",
        defects=("thermal images that have no RGB image beside them: left out, and counted",),
    )
    aligned = True
    label_ids: ClassVar = {"semantics": frozenset(range(12))}
    sequence_levels = 1
    patterns: ClassVar = {
        "rgb": tuple(f"{around}color/*_eo-*" for around in AROUND),
        "semantics": tuple(f"{around}{own}/*_mask-*" for around in AROUND for own in MASKS),
    }
    unread: ClassVar = tuple(f"labeled_thermal_singles/*/*/{own}/*" for own in (*MASKS, *THERMAL))
    split_lists: ClassVar = (
        "splits/rgbt_splits/rgb_{split}.txt",
        "rgbt_splits/rgb_{split}.txt",
        "rgb_{split}.txt",
    )

    def fields(self) -> Mapping[str, Sequence[str]]:
        thermal = tuple(f"{around}{self.options.thermal}/*_thermal-*" for around in AROUND)
        return {**self.patterns, "thermal": thermal}

    def left_alone(self) -> Sequence[str]:
        others = [own for own in THERMAL if own != self.options.thermal]
        return [*self.unread, *(f"{around}{own}/*" for around in AROUND for own in others)]
