"""Drawing: contact sheets, figures, example pairs, numbers and names for people."""

from pathlib import Path

import numpy as np
import pytest

from tests.made.cmss import pair, write_dataset
from tests.made.labelled import WITHOUT, without_thermal
from tests.made.raw_pairs import scene
from twinband.core.errors import InputError
from twinband.core.thermal import to_eight_bits
from twinband.drawing import (
    CELL_PX,
    by_hour_and_overall,
    contact_sheet,
    count,
    distinct_colours,
    example_keys,
    hours_of,
    in_reading_order,
    share,
    size,
)
from twinband.report.page import anchor_of


def test_the_first_pair_of_each_hour(tmp_path: Path) -> None:
    one = {"d": pair(1, "night"), "e": pair(2)}
    two = {"a": pair(3, "fog"), "b": pair(4, "night"), "c": pair(5, "day"), "f": pair(6, "day")}
    examples = example_keys(*write_dataset(tmp_path, one, two))
    assert list(examples.items()) == [
        ("day", "c"), ("night", "b"), ("fog", "a"), ("unknown", "e")
    ]  # fmt: skip
    assert hours_of(tmp_path / "pairs")["e"] == "unknown"


def test_pairs_without_thermal_are_no_examples(tmp_path: Path) -> None:
    assert example_keys(*write_dataset(tmp_path, {"a": without_thermal(1)}, **WITHOUT)) == {}


def test_what_is_no_product(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no finished product"):
        example_keys(tmp_path, tmp_path)


def test_pairs_fill_rows_and_the_rest_stays_white() -> None:
    samples = [(f"key-{n}", *scene(n)) for n in range(5)]
    sheet = contact_sheet(samples, columns=3)
    height, width = sheet.shape[0] // 2, sheet.shape[1] // 3
    assert sheet.dtype == np.uint8 and width == CELL_PX + 6
    cells = [sheet[r * height :][:height, c * width :][:, :width] for r in (0, 1) for c in range(3)]
    assert (cells[5] == 255).all() and all((cell < 128).any() for cell in cells[:5])
    assert len({cell.tobytes() for cell in cells}) == 6
    np.testing.assert_array_equal(sheet, contact_sheet(samples, columns=3))


def test_rgb_stands_above_thermal() -> None:
    red = np.zeros((30, 40, 3), np.uint8)
    red[..., 0] = 255
    sheet = contact_sheet([("a", red, np.full((30, 40), 77, np.uint8))], columns=1)
    half = (sheet.shape[0] - 18) // 2
    assert tuple(sheet[half // 2, sheet.shape[1] // 2]) == (255, 0, 0)
    assert tuple(sheet[half + half // 2, sheet.shape[1] // 2]) == (77, 77, 77)


def test_odd_shapes_and_long_or_foreign_captions_fit() -> None:
    tall = np.zeros((400, 3, 3), np.uint8)
    contact_sheet([("set00-v000-" * 8, tall, tall[..., 0]), ("Straße 夜", *scene(1))], columns=2)


def test_deep_thermal_is_stretched_between_its_percentiles() -> None:
    deep = np.linspace(7000, 7400, 10_000).astype(np.uint16).reshape(100, 100)
    deep[0, 0] = 65535  # one hot pixel must not make the rest black
    shown = to_eight_bits(deep)
    assert shown.dtype == np.uint8 and shown.min() == 0 and shown.max() == 255
    assert 100 < np.median(shown) < 155


def test_eight_bits_are_shown_as_they_are() -> None:
    thermal = scene(3)[1]
    assert to_eight_bits(thermal) is thermal


@pytest.mark.parametrize("level", [0, 9000])
def test_a_flat_deep_image_is_black_and_no_error(level: int) -> None:
    assert not to_eight_bits(np.full((20, 20), level, np.uint16)).any()


def test_counts_are_grouped_by_narrow_spaces() -> None:
    assert [count(0), count(999), count(1_234_567)] == ["0", "999", "1\u202f234\u202f567"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (99_400, "99.4 kB"), (99_960, "100 kB"),
     (999_700, "1.0 MB"), (3_140_000_000, "3.1 GB"), (5e15, "5000 TB")],
)  # fmt: skip
def test_sizes_are_decimal(number: int, text: str) -> None:
    assert size(number) == text


def test_a_share_never_rounds_to_none_or_all() -> None:
    shares = [share(1, 100_000), share(99_999, 100_000), share(1, 3), share(0, 5), share(5, 5)]
    plain = [text.replace("\u202f", "") for text in shares]
    assert plain == ["<0.1%", ">99.9%", "33.3%", "0.0%", "100.0%"]
    assert share(0, 0) == "–"


def test_known_names_have_their_own_order_and_the_whole_comes_last() -> None:
    names = ["both", "overall", "person", "night", "rgb", "unknown", "car", "day", "thermal"]
    assert in_reading_order(names) == [
        *["rgb", "thermal", "both", "day", "night"],
        *["person", "car"],
        *["unknown", "overall"],
    ]
    assert in_reading_order(["test", "train", "val"]) == ["train", "val", "test"]


def test_anchors_are_safe_and_distinct() -> None:
    names = ["a b", "a.b", "a-b", "a_b", 'a"b', "a<b>", "ä", "A-b"]
    anchors = [anchor_of("dataset", name) for name in names]
    assert len(set(anchors)) == len(names)
    assert all(set(anchor) <= set("abcdefghijklmnopqrstuvwxyzA0123456789.-_") for anchor in anchors)


def test_rows_are_grouped_by_hour_in_reading_order() -> None:
    hours = {"a": "unknown", "b": "night", "c": "day", "d": "night"}
    groups = by_hour_and_overall(list(hours), hours.__getitem__)
    assert list(groups.items()) == [
        ("day", ["c"]),
        ("night", ["b", "d"]),
        ("unknown", ["a"]),
        ("overall", ["a", "b", "c", "d"]),
    ]


def test_colours_are_told_apart_and_do_not_depend_on_their_number() -> None:
    many = distinct_colours(133)
    assert many.dtype == np.uint8 and len(np.unique(many, axis=0)) == 133
    np.testing.assert_array_equal(many[:10], distinct_colours(10))
    assert distinct_colours(0).shape == (0, 3)


def test_a_pair_without_thermal_leaves_its_place_white() -> None:
    rgb, thermal = scene(1)
    whole, lone = (contact_sheet([("a", rgb, shown)], 1) for shown in (thermal, None))
    assert whole.shape == lone.shape
    below = slice(lone.shape[0] // 2, lone.shape[0] - 20)
    assert (lone[below][:, 20:-20] == 255).all() and whole[below].mean() < 250
