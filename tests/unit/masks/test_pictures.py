from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from tests.made.cmss import pair, write_dataset
from tests.made.labelled import WITHOUT, without_thermal, write_pairs
from tests.made.masked import image_of_masks, write_masks
from twinband.drawing import example_keys
from twinband.labels.encoding import compact
from twinband.masks.pictures import histogram, overlay, write_pictures

IMAGE = pair(1).made.rgb  # 48x64
NOTHING = compact(image_of_masks(np.zeros((0, 48, 64), bool)))


def boxes(*places: tuple[int, int, int, int]) -> np.ndarray:
    masks = np.zeros((len(places), 48, 64), bool)
    for mask, (top, left, height, width) in zip(masks, places, strict=True):
        mask[top : top + height, left : left + width] = True
    return masks


def drawn(masks: np.ndarray) -> np.ndarray:
    return overlay(IMAGE, image_of_masks(masks)["masks"])


def test_masks_are_tinted_and_nothing_else() -> None:
    plain = drawn(boxes())
    assert plain.shape == (384, 512, 3) and plain.dtype == np.uint8
    masks = boxes((0, 0, 24, 32), (30, 40, 10, 10))
    shown = drawn(masks)
    changed = (shown != plain).any(2)
    inside = cv2.resize(masks.any(0).astype(np.uint8), (512, 384), interpolation=0) > 0
    near = cv2.dilate(inside.astype(np.uint8), np.ones((13, 13))) > 0
    assert not changed[~near].any()
    assert changed[cv2.erode(inside.astype(np.uint8), np.ones((13, 13))) > 0].mean() > 0.99
    np.testing.assert_array_equal(shown, drawn(masks))


def test_neighbours_differ_and_smaller_ones_lie_above() -> None:
    grey = np.full((48, 64, 3), 128, np.uint8)
    masks = image_of_masks(boxes((0, 0, 48, 64), (10, 10, 20, 20), (15, 15, 8, 8)))["masks"]
    shown = overlay(grey, masks).astype(int)
    whole, middle, least = shown[300, 400], shown[100, 100], shown[150, 150]
    for one, other in ((whole, middle), (middle, least), (whole, least)):
        assert np.abs(one - other).max() > 40


@pytest.mark.parametrize(
    ("size", "expected"), [((600, 2000), (307, 1024)), ((600, 800), (600, 800))]
)
def test_pictures_are_of_a_size_to_look_at(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert overlay(np.zeros((*size, 3), np.uint8), []).shape[:2] == expected


def test_a_picture_of_each_hour_and_modality(tmp_path: Path) -> None:
    base = write_pairs(tmp_path, [0, 1, 2])
    field = compact(image_of_masks(boxes((0, 0, 24, 32))))
    both = {"rgb.json": field, "thermal.json": NOTHING}
    masks = write_masks(tmp_path / "masks", dict.fromkeys(("p000", "p001", "p002"), both))
    examples = example_keys(base / "pairs", base / "registered")
    write_pictures(base / "pairs", base / "registered", masks, examples, tmp_path / "plots")
    names = sorted(path.name for path in (tmp_path / "plots").iterdir())
    assert names == ["day-rgb.jpg", "day-thermal.jpg", "night-rgb.jpg", "night-thermal.jpg"]
    for name, seed in (("day-rgb", 0), ("day-thermal", 0)):
        picture = cv2.imread(str(tmp_path / "plots" / f"{name}.jpg"))
        assert picture is not None
        made = pair(seed).made
        image = made.rgb if "rgb" in name else np.repeat(made.thermal[..., None], 3, 2)
        label = image_of_masks(boxes((0, 0, 24, 32)) if "rgb" in name else boxes())
        wanted = overlay(image, label["masks"])
        assert np.abs(picture[..., ::-1].astype(int) - wanted).mean() < 4


def test_hours_become_names_of_files(tmp_path: Path) -> None:
    pairs, registered = write_dataset(tmp_path, {"a": without_thermal(1)}, **WITHOUT)
    masks = write_masks(tmp_path / "masks", {"a": {"rgb.json": NOTHING}})
    write_pictures(pairs, registered, masks, {"../dusk & dawn": "a"}, tmp_path / "plots")
    assert [path.name for path in (tmp_path / "plots").iterdir()] == ["___dusk___dawn-rgb.jpg"]


def test_the_histogram_shows_all_images() -> None:
    def table(rgb: list[int | None], thermal: list[int | None]) -> pa.Table:
        return pa.table(
            {"masks_rgb": pa.array(rgb, pa.int32()), "masks_thermal": pa.array(thermal, pa.int32())}
        )

    few = histogram(table([0, 3, 3], [1, None, 4]))
    assert few == histogram(table([0, 3, 3], [1, None, 4])) and few.startswith(b"<?xml")
    assert few != histogram(table([0, 3, 4], [1, None, 4]))
    for extreme in (table([0], [None]), table([5000, 0], [1, 1]), table([], [])):
        assert b"</svg>" in histogram(extreme)
