"""Reader of LasHeR (Li et al., 2021): tracking sequences with lists of training and testing."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from twinband.core.errors import told
from twinband.ingest.about import About, Release
from twinband.ingest.challenges import by_sequence
from twinband.ingest.pair_names import PairNames
from twinband.ingest.sequence_layout import SequenceLayout
from twinband.ingest.split_lists import SplitLists
from twinband.ingest.split_words import split_of_word

LISTS = "{split}List.txt"  # trainingsetList.txt, testingsetList.txt
CHALLENGES = (
    *("NO", "PO", "TO", "HO", "MB", "LI", "HI", "AIV", "LR", "DEF"),
    *("BC", "SA", "CM", "TC", "FL", "OV", "FM", "SV", "ARC"),
)


class Layout(SequenceLayout):
    """Sequences may lie at the top or in folders of a split, as they are published.

    Where there are lists, a sequence that none of them names is not trained on, unless only the
    list of the test is there.
    """

    expects = (
        "SEQUENCE/visible/vNNN.jpg with SEQUENCE/infrared/iNNN.jpg, paired by number, at the top "
        "or in folders such as trainingset; optional: SEQUENCE/visible.txt (or init.txt) and "
        "SEQUENCE/infrared.txt with x, y, w, h a line, trainingsetList.txt, testingsetList.txt, "
        "AttriSeqsTxt/SEQUENCE.txt with 19 flags"
    )
    about = About(
        title="LasHeR (Li et al., IEEE Transactions on Image Processing 2021)",
        task="tracking",
        releases={
            "LasHeR": Release(1224, {"train": 979, "test": 245}, "sequences"),
            "LasHeR testing set": Release(245, {"test": 245}, "sequences"),
            "LasHeR training set": Release(979, {"train": 979}, "sequences"),
        },
        images="8-bit, 734,800 frames a modality, 220,703 of them in test, aligned",
        labels="a box of one target a frame, annotated once; 19 attributes a sequence",
        splits="lists trainingsetList.txt and testingsetList.txt, or folders called so",
        terms="research only",
        source="Li et al., LasHeR: a large-scale high-diversity benchmark for RGBT tracking, 2021",
        defects=(
            "names with a back-tick, `_quezhen` (frames missing) or `-gai` (corrected): kept",
            "533 boxes of test have no area: the target is out of sight, and there is no box",
            "lists with CRLF and blank lines at their end: read",
        ),
    )
    aligned = True
    folders: ClassVar = {"visible": "rgb", "infrared": "thermal"}
    tracks: ClassVar = {
        "target_rgb": ("visible.txt", "init.txt"),
        "target_thermal": ("infrared.txt",),
    }

    def is_part(self, folder: str) -> bool:
        return bool(split_of_word(folder))

    def splits(self, names: Mapping[str, str]) -> Mapping[str, str]:
        lists = SplitLists(self.files, self.files.paths(), LISTS)
        if not lists.paths:
            return {folder: _by_folder(folder) for folder in names}
        lists.assign(PairNames((name, [folder]) for folder, name in names.items()))
        self.split_source = f"lists ({', '.join(lists.paths)})"
        self.remarks += lists.remarks()
        if lists.unknown:
            self._tell("names in lists without a sequence here", sorted(lists.unknown))
        listed = {folder: lists.split_of.get(name, "") for folder, name in names.items()}
        if unlisted := [names[folder] for folder, split in listed.items() if not split]:
            others = "train" if set(lists.split_of.values()) == {"test"} else "test"
            self._tell(f"sequences in no list, taken for {others}", unlisted)
            listed = {folder: split or others for folder, split in listed.items()}
        return listed

    def attributes(self, names: Mapping[str, str]) -> Mapping[str, Mapping[str, str]]:
        return by_sequence(self.files, "AttriSeqsTxt", names, CHALLENGES, self.remarks)

    def _tell(self, what: str, names: Sequence[str]) -> None:
        self.remarks.append(f"{what}: {len(names)} (e.g. {told(names[0])})")


def _by_folder(folder: str) -> str:
    """Tell the split by a folder above the sequence, such as ``TestingSet``."""
    words = map(split_of_word, folder.split("/")[:-1])
    return next(filter(None, words), "")
