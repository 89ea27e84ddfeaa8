"""Reader of SemanticRT: scenes of streets and squares, by day and night, with thirteen ids."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import ClassVar

from twinband.ingest.about import About, Release
from twinband.ingest.by_patterns import ByPatterns
from twinband.ingest.files import read_lines
from twinband.ingest.layout import Entry, Problem
from twinband.ingest.pair_names import PairNames

HOURS = ("day", "night")


class Layout(ByPatterns):
    """Lists name the splits; those of the test by day and by night say the hour too."""

    expects = (
        "rgb/NAME.jpg with thermal/NAME.jpg; optional: labels/NAME.png with ids 0 to 12, "
        "train.txt, val.txt, test.txt, and test_day.txt, test_night.txt"
    )
    about = About(
        title="SemanticRT (Ji et al., ACM Multimedia 2023)",
        task="segmentation",
        releases={"SemanticRT": Release(11371)},
        images="8-bit, from LLVIP, OSU and INO, aligned as these are",
        labels="class ids 0 background, 1 car stop, 2 bike, 3 bicyclist, 4 motorcycle, "
        "5 motorcyclist, 6 car, 7 tricycle, 8 traffic light, 9 box, 10 pole, 11 curve, 12 person",
        splits="lists train.txt, val.txt, test.txt; further lists are parts of test",
        terms="non-commercial",
        source="https://github.com/jiwei0921/SemanticRT",
        defects=("pairs of LLVIP: never train on one and test on the other",),
    )
    aligned = True
    label_ids: ClassVar = {"semantics": frozenset(range(13))}
    patterns: ClassVar = {"rgb": ("rgb/*",), "thermal": ("thermal/*",), "semantics": ("labels/*",)}
    unread: ClassVar = ("binary_labels/*",)

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        items = list(super().pairs(paths))
        names = PairNames((item.name, [*item.files.values()]) for item in items)
        hours: dict[str, str] = {}
        for hour in HOURS:
            if (source := f"test_{hour}.txt") in paths:
                found = names.found(filter(None, read_lines(self.files, source)))
                hours.update((name, hour) for own in found.values() for name in own)
        for item in items:
            if isinstance(item, Entry) and item.name in hours:
                item = replace(item, attributes={**item.attributes, "hour": hours[item.name]})
            yield item
