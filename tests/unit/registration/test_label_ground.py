"""The image that labels stand on: by their size, their name, or the dataset's setting."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.made.registered_pairs import Made, joined, register_pairs, write_pairs
from tests.made.scenes import scene
from twinband.core.errors import InputError
from twinband.core.images import encode_png
from twinband.registration.label_ground import find_ground
from twinband.registration.remarks import remarks
from twinband.shards.registered import registered_pair
from twinband.verify import verify_product

LARGE, SMALL = (64, 48), (32, 24)
SIZES = {"rgb": LARGE, "thermal": SMALL}
INSIDE = [4.0, 4.0, 20.0, 16.0]


def image(size: tuple[int, int]) -> bytes:
    return encode_png(np.zeros(size[::-1], np.uint8))


def boxes(*stated: int) -> list[dict[str, Any]]:
    size = {"image_size": list(stated)} if stated else {}
    return [{"class": "car", "xyxy": INSIDE, **size}]


@pytest.mark.parametrize(
    ("images", "labels", "labels_on", "expected"),
    [
        ({"semantics": SMALL}, {}, "rgb", {"semantics": "thermal"}),
        ({"semantics": LARGE}, {}, "rgb", {"semantics": "rgb"}),
        ({"semantics": SMALL}, {}, "thermal", {"semantics": "thermal"}),
        ({"semantics": LARGE}, {}, "thermal", {"semantics": "rgb"}),
        (
            {"semantics": SMALL, "mask_rgb": LARGE},
            {},
            "rgb",
            {"semantics": "thermal", "mask_rgb": "rgb"},
        ),
        ({"mask_rgb": SMALL}, {}, "rgb", {"mask_rgb": "thermal"}),
        ({}, {"boxes": boxes(*SMALL)}, "rgb", {"boxes": "thermal"}),
        ({}, {"boxes": boxes(*LARGE)}, "thermal", {"boxes": "rgb"}),
        ({}, {"boxes": boxes(9, 9)}, "thermal", {"boxes": "thermal"}),
        ({}, {"boxes": boxes()}, "rgb", {"boxes": "rgb"}),
        ({}, {"boxes": boxes()}, "thermal", {"boxes": "thermal"}),
        (
            {"semantics": SMALL},
            {"boxes": boxes()},
            "rgb",
            {"semantics": "thermal", "boxes": "thermal"},
        ),
        (
            {"semantics": SMALL},
            {"boxes": boxes(*LARGE)},
            "rgb",
            {"semantics": "thermal", "boxes": "rgb"},
        ),
        (
            {"semantics": SMALL},
            {"target_rgb": INSIDE},
            "rgb",
            {"semantics": "thermal", "target_rgb": "rgb"},
        ),
        (
            {"semantics": SMALL, "saliency": LARGE},
            {"boxes": boxes()},
            "rgb",
            {"semantics": "thermal", "saliency": "rgb", "boxes": "rgb"},
        ),
    ],
)
def test_the_size_says_more_than_the_name_and_the_name_more_than_the_setting(
    images: Mapping[str, tuple[int, int]],
    labels: Mapping[str, Any],
    labels_on: str,
    expected: Mapping[str, str],
) -> None:
    members = {f"{name}.png": image(size) for name, size in images.items()}
    members |= {"rgb.png": image(LARGE), "thermal.png": image(SMALL), "json": b"{}"}
    assert find_ground(members, labels, SIZES, labels_on).stands_on == expected


@pytest.mark.parametrize("labels_on", ["rgb", "thermal"])
def test_of_images_of_one_size_the_setting_rules_and_nothing_is_told(labels_on: str) -> None:
    members = {"semantics.png": image(LARGE)}
    labels = {"boxes": boxes(*LARGE), "target_thermal": INSIDE, "scene": "road"}
    ground = find_ground(members, labels, {"rgb": LARGE, "thermal": LARGE}, labels_on)
    assert ground.stands_on["semantics"] == ground.stands_on["boxes"] == labels_on
    assert ground.stands_on["target_thermal"] == "thermal" and ground.remarks == ()


@pytest.mark.parametrize(
    ("labels_on", "told"),
    [("rgb", "boxes, semantics: labels have the size of the thermal image"), ("thermal", "")],
)
def test_what_the_setting_does_not_say_is_told(labels_on: str, told: str) -> None:
    members, labels = {"semantics.png": image(SMALL)}, {"boxes": boxes(), "scene": "road"}
    ground = find_ground(members, labels, SIZES, labels_on)
    assert "; ".join(ground.remarks).startswith(told) and bool(ground.remarks) == bool(told)


@pytest.mark.parametrize(
    ("box", "labels_on", "outside"),
    [
        ([0.0, 0.0, 64.0, 48.0], "rgb", False),
        ([-1.0, -1.0, 65.0, 49.0], "rgb", False),
        ([0.0, 0.0, 66.0, 48.0], "rgb", True),
        ([0.0, 0.0, 64.0, 50.0], "rgb", True),
        ([-2.0, 0.0, 9.0, 9.0], "rgb", True),
        ([0.0, -2.0, 9.0, 9.0], "rgb", True),
        ([70.0, 50.0, 80.0, 60.0], "rgb", True),
        ([0.0, 0.0, 40.0, 20.0], "thermal", True),
        ([0.0, 0.0, 32.0, 30.0], "thermal", True),
        ([0.0, 0.0, 32.0, 24.0], "thermal", False),
    ],
)
def test_boxes_outside_their_image_are_told(
    box: list[float], labels_on: str, outside: bool
) -> None:
    for labels in ({"boxes": [{"xyxy": INSIDE}, {"xyxy": box}]}, {"target": box}):
        ground = find_ground({}, labels, SIZES, labels_on)
        assert bool(ground.remarks) == outside
        assert all("1 reach outside the " + labels_on in remark for remark in ground.remarks)


def test_a_label_image_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="mask has 10 x 9 px, which is the size of neither"):
        find_ground({"mask.png": image((10, 9))}, {}, SIZES, "rgb")


@pytest.mark.parametrize("grid", ["rgb", "thermal"])
@pytest.mark.parametrize("labels_on", ["rgb", "thermal"])
@pytest.mark.parametrize("drawn_on", ["rgb", "thermal"])
def test_a_registered_pair_has_all_labels_on_its_grid(
    tmp_path: Path, grid: str, labels_on: str, drawn_on: str
) -> None:
    rgb, thermal = scene(1, 160, 120)
    small = cv2.resize(thermal, (80, 60), interpolation=cv2.INTER_AREA)
    factor = 2 if drawn_on == "rgb" else 1
    label = np.zeros((60 * factor, 80 * factor), np.uint8)
    label[10 * factor : 30 * factor, 20 * factor : 40 * factor] = 3
    box = [20.0 * factor, 10.0 * factor, 40.0 * factor, 30.0 * factor]
    outline = {"xyxy": box, "corners": [box[:2], [box[2], box[1]], box[2:]], "class": "car"}
    made = Made(rgb, small, images={"semantics": label}, labels={"boxes": [outline]})
    write_pairs(tmp_path / "pairs", {"a": made})
    done = register_pairs(tmp_path, aligned=True, grid=grid, labels_on=labels_on)
    found = registered_pair(joined(tmp_path)["a"])
    assert found.labels["semantics"].shape == found.rgb.shape[:2] == found.thermal.shape
    scale = 2 if grid == "rgb" else 1
    [moved] = found.labels["boxes"]
    assert moved["xyxy"] == [20 * scale, 10 * scale, 40 * scale, 30 * scale]
    assert moved["corners"][2] == [40 * scale, 30 * scale]
    inside = found.labels["semantics"][10 * scale : 30 * scale, 20 * scale : 40 * scale]
    assert (inside == 3).all() and (found.labels["semantics"] == 3).sum() == inside.size
    assert ("labels have the size of the" in remarks(done.manifest, "")) == (labels_on != drawn_on)
    assert verify_product(tmp_path / "registered", source=tmp_path / "pairs") == []
