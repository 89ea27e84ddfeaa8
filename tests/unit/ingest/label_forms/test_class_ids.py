"""Stored ids and the classes that they mean."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from twinband.core.errors import BadSample
from twinband.ingest.label_forms.class_ids import (
    IGNORED,
    LABEL_ID_TO_TRAIN_ID,
    NYU40_TO_CLASS,
    STREET_CLASSES,
    classes_of_ids,
    of_size,
)


@pytest.mark.parametrize(
    ("label_id", "name"),
    [(7, "road"), (11, "building"), (17, "pole"), (19, "traffic light"), (20, "traffic sign"),
     (23, "sky"), (24, "person"), (25, "rider"), (26, "car"), (28, "bus"), (31, "train"),
     (33, "bicycle")],
)  # fmt: skip
def test_ids_of_cityscapes(label_id: int, name: str) -> None:
    assert STREET_CLASSES[LABEL_ID_TO_TRAIN_ID[label_id]] == name


def test_all_other_ids_of_cityscapes_are_ignored() -> None:
    assert set(LABEL_ID_TO_TRAIN_ID) == {*range(34), IGNORED}
    ignored = {label for label, train in LABEL_ID_TO_TRAIN_ID.items() if train == IGNORED}
    assert ignored == {*range(7), 9, 10, 14, 15, 16, 18, 29, 30, IGNORED}


def test_the_40_classes_of_nyu() -> None:
    assert NYU40_TO_CLASS[0] == IGNORED
    assert [NYU40_TO_CLASS[number] for number in range(1, 41)] == list(range(40))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_ids_are_looked_up(kind: type) -> None:
    stored: NDArray[Any] = np.array([[0, 7], [1, 7]]).astype(kind)
    assert classes_of_ids(stored, {0: 5, 1: 255, 7: 0}, "x").tolist() == [[5, 0], [255, 0]]
    with pytest.raises(BadSample) as caught:
        classes_of_ids(stored, {0: 0, 7: 1}, "a/b.png")
    assert caught.value.reason == "odd_label_id" and "a/b.png: unknown ids [1]" in str(caught.value)


def test_another_size_makes_no_new_ids() -> None:
    stored = np.repeat(np.repeat(np.array([[1, 200], [30, 255]], np.uint8), 4, 0), 4, 1)
    small = of_size(stored, (4.0, 2.0))
    assert small.tolist() == [[1, 1, 200, 200], [30, 30, 255, 255]]
