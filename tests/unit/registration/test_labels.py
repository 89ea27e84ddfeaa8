"""Labels that move with the image they were drawn on, and labels that stay."""

from typing import Any

import numpy as np
import pytest

from tests.made.registered_pairs import shift
from twinband.core.images import decode, encode_png
from twinband.registration.geometry import Frame, Similarity, grid_change
from twinband.registration.labels import Move, moved_boxes, moved_label_images

MOVE = Move("thermal", shift(4, -3), 60, 40)
CLASSES = np.array([0, 1, 7], np.uint8)[np.random.default_rng(0).integers(0, 3, (40, 60))]
PNG = encode_png(CLASSES)
BOX = {"class": "person", "xyxy": [10.0, 5.0, 20.0, 15.0]}
MOVED = {"class": "person", "xyxy": [14.0, 2.0, 24.0, 12.0]}


class StandOn(dict[str, str]):
    """Place labels where their names say, else all on one image."""

    def __init__(self, usual: str) -> None:
        self.usual = usual

    def __missing__(self, name: str) -> str:
        ending = name.rpartition("_")[2]
        return ending if ending in ("rgb", "thermal") else self.usual


def members(*names: str) -> dict[str, bytes]:
    images = {f"{name}.png": PNG for name in names}
    return {"rgb.jpg": b"", "thermal.png": PNG, "json": b"{}", "extra.npy": b"", **images}


@pytest.mark.parametrize(
    ("labels_on", "expected"),
    [
        ("rgb", {"mask_thermal.png"}),
        ("thermal", {"semantics.png", "saliency.png", "mask_thermal.png"}),
    ],
)
def test_only_label_images_of_the_moved_modality_are_made_anew(
    labels_on: str, expected: set[str]
) -> None:
    fields = members("semantics", "saliency", "mask_rgb", "mask_thermal")
    moved = moved_label_images(fields, MOVE, StandOn(labels_on))
    assert set(moved) == expected
    for data in moved.values():
        pixels = decode(data, "label").pixels
        np.testing.assert_array_equal(pixels[:37, 4:], CLASSES[3:, :56])
        assert not pixels[37:].any() and not pixels[:, :4].any()


def test_rgb_labels_move_when_rgb_does() -> None:
    move = Move("rgb", shift(1, 0), 60, 40)
    moved = moved_label_images(members("semantics", "mask_thermal"), move, StandOn("rgb"))
    assert set(moved) == {"semantics.png"}


def test_no_class_is_made_up_between_two_others() -> None:
    move = Move("thermal", Similarity(1.3, 0.6, 0.05, 0.2).matrix(Frame(60, 40)), 60, 40)
    moved = moved_label_images(members("semantics"), move, StandOn("thermal"))
    pixels = decode(moved["semantics.png"], "label").pixels
    assert pixels.dtype == np.uint8 and set(np.unique(pixels)) == {0, 1, 7}


def test_label_images_get_the_grids_size() -> None:
    move = Move("thermal", grid_change(Frame(60, 40), Frame(180, 80)), 180, 80)
    moved = moved_label_images(members("semantics"), move, StandOn("thermal"))
    pixels = decode(moved["semantics.png"], "label").pixels
    np.testing.assert_array_equal(pixels, CLASSES.repeat(2, axis=0).repeat(3, axis=1))


@pytest.mark.parametrize(("labels_on", "box"), [("rgb", BOX), ("thermal", MOVED)])
def test_boxes_move_only_if_they_were_drawn_on_what_moves(labels_on: str, box: Any) -> None:
    labels = {"boxes": [BOX]}
    assert moved_boxes(labels, MOVE, StandOn(labels_on)) == {"boxes": [box]}
    assert labels == {"boxes": [BOX]} and BOX["xyxy"] == [10.0, 5.0, 20.0, 15.0]


def test_a_name_may_say_itself_on_which_image_a_box_was_drawn() -> None:
    labels = {"target_rgb": [10.0, 5.0, 20.0, 15.0], "target_thermal": [10.0, 5.0, 20.0, 15.0]}
    for labels_on in ("rgb", "thermal"):
        moved = moved_boxes(labels, MOVE, StandOn(labels_on))
        assert moved["target_rgb"] == [10.0, 5.0, 20.0, 15.0]
        assert moved["target_thermal"] == [14.0, 2.0, 24.0, 12.0]


def test_boxes_outside_the_grid_vanish() -> None:
    outside = {"class": "car", "xyxy": [57.0, 5.0, 60.0, 15.0]}
    labels = {"boxes": [outside, BOX], "target_thermal": [57.0, 5.0, 60.0, 15.0]}
    moved = moved_boxes(labels, MOVE, StandOn("thermal"))
    assert moved == {"boxes": [MOVED], "target_thermal": None}


def test_labels_without_places_stay() -> None:
    labels = {"scene": "road", "count": 3, "tags": ["night", "rain"], "boxes": []}
    assert moved_boxes(labels, MOVE, StandOn("thermal")) == labels


def test_whether_an_image_stands_on_the_grid_already() -> None:
    grid = np.zeros((40, 60, 3), np.uint8)
    thermal = np.zeros((40, 60), np.uint16)
    assert Move.onto(grid, "thermal", np.eye(3)).changes_nothing(thermal)
    assert not Move.onto(grid, "thermal", shift(0.1, 0)).changes_nothing(thermal)
    assert not Move.onto(grid, "thermal", np.eye(3)).changes_nothing(thermal[:39])


OWN = {"rgb_xyxy": [10.0, 5.0, 20.0, 15.0], "thermal_xyxy": [8.0, 9.0, 18.0, 19.0]}
MOVED_OWN = {"rgb_xyxy": [10.0, 5.0, 20.0, 15.0], "thermal_xyxy": [12.0, 6.0, 22.0, 16.0]}


@pytest.mark.parametrize("stands_on", ["rgb", "thermal"])
def test_boxes_of_both_modalities_are_united_on_the_grid(stands_on: str) -> None:
    before = {"class": "car", "xyxy": [8.0, 5.0, 20.0, 19.0], "image_size": [60, 40], **OWN}
    moved = moved_boxes({"boxes": [before]}, MOVE, StandOn(stands_on))["boxes"]
    assert moved == [{"class": "car", "xyxy": [10.0, 5.0, 22.0, 16.0], **MOVED_OWN}]


def test_a_box_of_one_modality_alone_stays_single() -> None:
    rgb = {"class": "car", "xyxy": OWN["rgb_xyxy"], "rgb_xyxy": OWN["rgb_xyxy"], "single": "rgb"}
    thermal = {
        "class": "car",
        "xyxy": OWN["thermal_xyxy"],
        "thermal_xyxy": OWN["thermal_xyxy"],
        "thermal_corners": [[8.0, 9.0], [18.0, 9.0], [18.0, 19.0], [8.0, 19.0]],
        "single": "thermal",
    }
    moved = moved_boxes({"boxes": [rgb, thermal]}, MOVE, StandOn("rgb"))["boxes"]
    assert moved[0] == rgb
    assert moved[1]["xyxy"] == moved[1]["thermal_xyxy"] == MOVED_OWN["thermal_xyxy"]
    assert moved[1]["thermal_corners"][0] == [12.0, 6.0] and moved[1]["single"] == "thermal"


def test_what_leaves_the_grid_with_one_image_stays_with_the_other() -> None:
    far = [1.0, 0.0, 3.0, 2.0]  # which the move takes above the grid
    both = {"class": "car", "xyxy": far, "rgb_xyxy": OWN["rgb_xyxy"], "thermal_xyxy": far}
    lone = {"class": "car", "xyxy": far, "thermal_xyxy": far, "single": "thermal"}
    moved = moved_boxes({"boxes": [both, lone]}, MOVE, StandOn("rgb"))["boxes"]
    kept = {"class": "car", "xyxy": OWN["rgb_xyxy"], "rgb_xyxy": OWN["rgb_xyxy"], "single": "rgb"}
    assert moved == [kept]
