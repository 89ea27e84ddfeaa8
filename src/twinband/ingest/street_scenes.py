"""RGB images of streets with the 19 classes on which domain generalisation is compared."""

from collections.abc import Mapping, Sequence
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
            self.left_out.add(other)
            self._passed_over += 1
        return super().entry(name, own)

    def pairs(self, paths: Sequence[str]) -> list[Entry | Problem]:  # type: ignore[override]
        self._passed_over = 0
        items = list(super().pairs(paths))
        if self._passed_over:
            self.remarks.append(
                f"label images of other ids, not read beside those of the classes: "
                f"{self._passed_over}"
            )
        return items

    def meanings(self, path: str) -> Mapping[int, int]:
        found = self.place_of_label(path)
        return LABEL_ID_TO_TRAIN_ID if found == LABEL_IDS else {}
