"""RGB images of streets with the 19 classes on which domain generalisation is compared."""

from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar

from twinband.ingest.by_patterns import ByPatterns
from twinband.ingest.label_forms.class_ids import (
    IGNORED,
    LABEL_ID_TO_TRAIN_ID,
    STREET_CLASSES,
)
from twinband.ingest.layout import Entry, Problem

CLASSES = ", ".join(f"{number} {name}" for number, name in enumerate(STREET_CLASSES))
LABELS = f"class ids {CLASSES}; {IGNORED} is ignored"
TRAIN_IDS, LABEL_IDS = "semantics", "label_ids"
MARK = "rainId"  # in the names of files that hold ids of the classes


class StreetScenes(ByPatterns):
    """Labels hold ids of the 19 classes, or Cityscapes' own ids, which are looked up.

    Patterns name the former ``semantics``, the latter ``label_ids``; where an image has both, the
    former is read.
    """

    thermal_absent = True
    label_ids: ClassVar = {"semantics": frozenset({*range(len(STREET_CLASSES)), IGNORED})}

    def entry(self, name: str, files: Mapping[str, str]) -> Entry | Problem:
        own = dict(files)
        other = own.pop(LABEL_IDS, "")
        if other and own.setdefault(TRAIN_IDS, other) != other:
            self._passed_over.append(other)
        return super().entry(name, own)

    def pairs(self, paths: Sequence[str]) -> Iterator[Entry | Problem]:
        self._passed_over: list[str] = []
        yield from super().pairs(paths)
        self.leave_out(self._passed_over, "labels with other ids than those read")

    def meanings(self, name: str, path: str) -> Mapping[int, int]:
        mapped = LABEL_IDS in self.patterns and MARK not in path.rpartition("/")[2]
        return LABEL_ID_TO_TRAIN_ID if mapped else {}
