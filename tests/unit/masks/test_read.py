import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.made.masked import image_of_masks, write_masks
from tests.made.products import write_samples
from twinband.core.errors import InputError
from twinband.masks.build import COLUMNS
from twinband.masks.read import MaskReader, masked_images

HEIGHT, WIDTH = 20, 30
Masks = NDArray[np.bool_]
Box = tuple[int, int, int, int]


def boxes(*places: Box) -> Masks:
    """Masks that are boxes: top, left, height, width."""
    masks = np.zeros((len(places), HEIGHT, WIDTH), bool)
    for mask, (top, left, height, width) in zip(masks, places, strict=True):
        mask[top : top + height, left : left + width] = True
    return masks


def field(masks: Masks) -> bytes:
    return json.dumps(image_of_masks(masks)).encode()


def largest_first(masks: Masks) -> Masks:
    return masks[np.argsort(-masks.sum((1, 2)), kind="stable")]


def blobs(seed: int, count: int) -> Masks:
    generator = np.random.default_rng(seed)
    share = np.linspace(0.1, 0.9, count)[:, None, None]
    return largest_first(generator.random((count, HEIGHT, WIDTH)) < share)


RGB = boxes((0, 0, 20, 15), (5, 15, 10, 10), (0, 20, 4, 4), (12, 2, 2, 2))
THERMAL = boxes((4, 14, 12, 12), (0, 0, 20, 6), (0, 21, 4, 4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_masks(
        tmp_path_factory.mktemp("masks"),
        {
            "boxes": {"rgb.json": field(RGB), "thermal.json": field(THERMAL)},
            "blobs": {"rgb.json": field(blobs(1, 7)), "thermal.json": field(blobs(2, 5))},
            "absent": {"rgb.json": field(RGB)},
            "nothing": {"rgb.json": field(RGB[:0]), "thermal.json": field(THERMAL)},
            "left-out": None,
        },
    )


@pytest.fixture(scope="module")
def reader(folder: Path) -> MaskReader:
    return MaskReader(folder)


def test_the_largest_masks_come_first(reader: MaskReader) -> None:
    for count in (0, 2, 4, 9):
        masks = reader.masks_for("boxes", "rgb", count)
        assert masks.dtype == np.bool_ and masks.flags["WRITEABLE"]
        np.testing.assert_array_equal(masks, RGB[:count])
    assert [mask["area"] for mask in reader.annotations("boxes", "thermal")] == [144, 120, 16]


@given(st.data())
def test_a_crop_is_cut_from_the_whole(reader: MaskReader, data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, HEIGHT - 1)), data.draw(st.integers(0, WIDTH - 1))
    height = data.draw(st.integers(1, HEIGHT - top))
    width = data.draw(st.integers(1, WIDTH - left))
    uncut = blobs(1, 7)[:4]
    cut = uncut[:, top : top + height, left : left + width]
    masks = reader.masks_for("blobs", "rgb", 4, crop=(top, left, height, width))
    np.testing.assert_array_equal(masks, cut)
    double = reader.masks_for(
        "blobs", "rgb", 4, (top, left, height, width), (2 * height, 2 * width)
    )
    np.testing.assert_array_equal(double, cut.repeat(2, 1).repeat(2, 2))


def test_no_mask_of_full_size_is_decoded(
    reader: MaskReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    repeat = np.repeat

    def seen(*given: Any, **named: Any) -> Any:
        made.append(repeat(*given, **named))
        return made[-1]

    monkeypatch.setattr(np, "repeat", seen)
    reader.masks_for("boxes", "rgb", 2, crop=(3, 4, 5, 6), size=(2, 2))
    assert made and max(array.size for array in made) == 2 * 5 * 6


def test_where_there_is_no_mask(reader: MaskReader) -> None:
    assert reader.annotations("nothing", "rgb") == []
    assert reader.masks_for("nothing", "rgb", 5).shape == (0, HEIGHT, WIDTH)
    assert reader.masks_for("nothing", "rgb", 5, size=(3, 2)).shape == (0, 3, 2)
    assert reader.masks_for("absent", "thermal", 5, (1, 1, 4, 5)).shape == (0, 4, 5)
    assert len(reader.masks_for("absent", "rgb", 5)) == 4
    for how in ("index", "iou"):
        assert [masks.shape for masks in reader.paired_masks("nothing", 5, how)] == [
            (0, 20, 30)
        ] * 2
    assert len(reader.paired_masks("absent", 9, "union")[1]) == 4


def test_pairs_by_index_pass_over_what_either_crop_lacks(reader: MaskReader) -> None:
    rgb, thermal = reader.paired_masks("boxes", 9)
    np.testing.assert_array_equal(rgb, RGB[:3])
    np.testing.assert_array_equal(thermal, THERMAL)
    rgb, thermal = reader.paired_masks("boxes", 9, "index", (0, 0, 20, 30), (10, 15))
    assert rgb.shape == (3, 10, 15)
    # In this part there is of RGB's the third alone, of thermal's the first and the third.
    rgb, thermal = reader.paired_masks("boxes", 1, "index", (0, 16, 5, 14))
    np.testing.assert_array_equal(rgb, RGB[2:3, :5, 16:])
    np.testing.assert_array_equal(thermal, THERMAL[2:3, :5, 16:])


def test_pairs_by_iou_are_the_best_one_to_one(reader: MaskReader) -> None:
    rgb, thermal = reader.paired_masks("boxes", 9, "iou")
    np.testing.assert_array_equal(rgb, RGB[[1, 2, 0]])  # 100 / 144, 12 / 20, 120 / 300
    np.testing.assert_array_equal(thermal, THERMAL[[0, 2, 1]])
    first, _ = reader.paired_masks("boxes", 1, "iou")
    np.testing.assert_array_equal(first, RGB[[1]])


def test_masks_that_do_not_meet_are_no_pair(reader: MaskReader) -> None:
    rgb, thermal = reader.paired_masks("boxes", 9, "iou", crop=(0, 18, 5, 12))
    assert len(rgb) == len(thermal) == 1


def test_the_union_has_each_thing_once(tmp_path: Path) -> None:
    rgb = boxes((0, 0, 10, 10), (0, 20, 10, 3))
    thermal = boxes((0, 0, 10, 11), (0, 0, 10, 7), (15, 0, 3, 3))
    write_masks(tmp_path, {"a": {"rgb.json": field(rgb), "thermal.json": field(thermal)}})
    reader = MaskReader(tmp_path)
    for_rgb, for_thermal = reader.paired_masks("a", 9, "union")
    np.testing.assert_array_equal(for_rgb, for_thermal)
    # 100 of 110 px are alike; 70 of 110 are not alike enough.
    np.testing.assert_array_equal(for_rgb, np.stack([thermal[0], thermal[1], rgb[1], thermal[2]]))
    assert len(reader.paired_masks("a", 2, "union")[0]) == 2
    assert len(reader.paired_masks("a", 9, "union", duplicate_iou=0.95)[0]) == 5
    assert len(reader.paired_masks("a", 9, "union", duplicate_iou=0.6)[0]) == 3
    assert len(reader.paired_masks("a", 9, "union", crop=(0, 19, 9, 9))[0]) == 1


@pytest.mark.parametrize("crop", [(0, 0, 21, 3), (-1, 0, 3, 3), (0, 28, 3, 3), (0, 0, 0, 3)])
def test_a_crop_outside_is_an_error(reader: MaskReader, crop: Box) -> None:
    with pytest.raises(ValueError, match=r"top=.* is not within an image of 20x30"):
        reader.masks_for("boxes", "rgb", 1, crop)


def test_unknown_pairs_and_folders(reader: MaskReader, tmp_path: Path) -> None:
    for key in ("unknown", "left-out"):
        with pytest.raises(InputError, match=f"has no masks of a pair {key}"):
            reader.masks_for(key, "rgb", 1)
    with pytest.raises(InputError, match="is no finished product"):
        MaskReader(tmp_path)


def test_it_travels_to_other_processes(reader: MaskReader, folder: Path) -> None:
    again = pickle.loads(pickle.dumps(reader))
    np.testing.assert_array_equal(again.masks_for("boxes", "rgb", 9), RGB)
    np.testing.assert_array_equal(MaskReader(str(folder)).masks_for("boxes", "rgb", 9), RGB)


@pytest.mark.parametrize(("dtype", "top"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1)])
def test_masked_images_are_filled_up_with_the_image(dtype: type, top: int) -> None:
    grey = np.linspace(0, 1, HEIGHT * WIDTH).reshape(HEIGHT, WIDTH)
    image: NDArray[Any] = (grey * top).astype(dtype)
    patches = masked_images(image, RGB, 6)
    assert patches.dtype == np.float32 and patches.shape == (6, HEIGHT, WIDTH)
    np.testing.assert_allclose(patches[4], grey, atol=1 / 255)
    np.testing.assert_array_equal(patches[5], patches[4])
    for patch, mask in zip(patches[:4], RGB, strict=True):
        np.testing.assert_array_equal(patch, np.where(mask, patches[4], 0))
    assert len(masked_images(image, RGB, 2)) == 2
    np.testing.assert_array_equal(masked_images(image, RGB[:0], 1)[0], patches[4])
    np.testing.assert_array_equal(image, (grey * top).astype(dtype))


@pytest.mark.parametrize(
    "change",
    [
        {"height": 0},
        {"height": "20"},
        {"width": 10**9},
        {"masks": {}},
        {"masks": [1, 2, 3, 4]},
        {"masks": [{"rle": {"counts": [600]}}]},  # one, and the manifest says four
        {"masks": [{"rle": {}}] * 4},
        {"masks": [{"rle": {"counts": [599]}}] * 4},
        {"masks": [{"rle": {"counts": [10**12]}}] * 4},
        {"masks": [{"rle": {"counts": "600"}}] * 4},
    ],
)
def test_a_label_of_another_shape_names_shard_and_key(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    label = {**image_of_masks(RGB), **change}
    numbers = {"masks_rgb": 4, "masks_thermal": 4}
    write_samples(
        tmp_path,
        COLUMNS,
        [{"a": ({"rgb.json": json.dumps(label).encode(), "thermal.json": field(RGB)}, numbers)}],
        "masks",
    )
    reader = MaskReader(tmp_path)
    assert len(reader.masks_for("a", "thermal", 9)) == 4
    with pytest.raises(InputError, match=r"shard-000000\.tar: the sample 'a' is not what"):
        reader.masks_for("a", "rgb", 9)
    with pytest.raises(InputError, match=r"shard-000000\.tar: the sample 'a' is not what"):
        reader.paired_masks("a", 9)


@pytest.mark.parametrize(
    ("members", "numbers"),
    [
        ({"rgb.json"}, {"masks_rgb": 4, "masks_thermal": 4}),
        ({"rgb.json", "thermal.json"}, {"masks_rgb": 4}),
        ({"thermal.json"}, {"masks_thermal": 4}),
    ],
)
def test_a_lost_label_is_no_absent_image(
    tmp_path: Path, members: set[str], numbers: dict[str, int]
) -> None:
    write_samples(
        tmp_path, COLUMNS, [{"a": (dict.fromkeys(members, field(RGB)), numbers)}], "masks"
    )
    with pytest.raises(InputError, match=r"shard-000000\.tar: the sample 'a' is not what"):
        MaskReader(tmp_path).paired_masks("a", 9)


def test_a_product_of_something_else_is_refused(tmp_path: Path) -> None:
    write_samples(tmp_path, [], [{"a": ({"rgb.json": field(RGB)}, {})}])
    with pytest.raises(InputError, match=r"manifest\.parquet cannot be read: no column masks_rgb"):
        MaskReader(tmp_path)
