"""Labels of one pair, each by itself: a bad one costs neither the images nor the others."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from twinband.core.errors import BadSample
from twinband.ingest.damage import note_damage
from twinband.ingest.label_forms.boxes import Boxes, Size, fitted
from twinband.ingest.label_forms.class_ids import alike, classes_of_ids, of_size
from twinband.ingest.label_forms.label_image import LabelImage, read_label_image
from twinband.ingest.layout import Encoded, Entry, Label, Layout
from twinband.ingest.matched_boxes import TwoLists, union_of
from twinband.ingest.notes import Notes


def read_labels(
    layout: Layout, entry: Entry, sizes: Sequence[Size], notes: Notes
) -> dict[str, Any]:
    """Read all labels of a pair: a LabelImage, or anything that JSON can hold.

    Args:
        sizes: width and height of both images.

    Raises:
        BadSample: a label cannot be used, and labels are read strictly.
    """
    found: dict[str, Any] = {}
    for name in layout.label_names(entry):
        try:
            label = layout.label(name, entry)
            if label is not None:
                found[name] = _settled(layout, name, label, sizes, notes)
        except BadSample as error:
            notes.lose("label_dropped", error)
    return found


def _settled(layout: Layout, name: str, label: Label, sizes: Sequence[Size], notes: Notes) -> Any:
    if isinstance(label, Boxes):
        return fitted(label, sizes, notes)
    if isinstance(label, TwoLists):
        return union_of(label, sizes, notes)
    if isinstance(label, tuple):  # an object may be drawn on both images, or in two files
        found = [item for boxes in label for item in fitted(boxes, sizes, notes)]
        return [item for place, item in enumerate(found) if item not in found[:place]]
    return _image(layout, name, label, sizes, notes) if isinstance(label, Encoded) else label


def _image(
    layout: Layout, name: str, label: Encoded, sizes: Sequence[Size], notes: Notes
) -> LabelImage:
    decoded = layout.decoded(label)
    note_damage("label", label.data, label.path, notes)
    image = read_label_image(name, decoded, label.data, label.path, notes, layout.colours())
    if meanings := layout.meanings(name, label.path):
        image = LabelImage.of(classes_of_ids(image.pixels, meanings, label.path))
    height, width = image.pixels.shape
    if (width, height) not in sizes:
        if not layout.resizes_labels or not alike((width, height), sizes[0]):
            raise BadSample("label_size", f"{label.path}: not of the size of either image")
        notes.add("label_resized", f"{label.path}: {width} x {height} px")
        image = LabelImage.of(of_size(image.pixels, sizes[0]))
    if allowed := layout.label_ids.get(name):
        odd = sorted({int(value) for value in np.unique(image.pixels)} - allowed)
        if odd:
            raise BadSample("odd_label_id", f"{label.path}: unknown ids {odd[:8]}")
    return image
