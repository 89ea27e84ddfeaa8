import inspect
from typing import Any

import numpy as np
import pytest
import torch

from benches._sam_package import of_package, picture
from tests.made.sam import small_sam
from twinband.core.errors import InputError
from twinband.sam.generate import AutomaticMasks
from twinband.sam.rle import area, bbox, decode, iou
from twinband.sam.settings import MaskSettings
from twinband.sam.torchvision_stub import stand_in

with stand_in():
    from segment_anything import SamAutomaticMaskGenerator

USUAL: dict[str, Any] = {
    "points_per_side": 12,
    "pred_iou_thresh": 0.4,
    "stability_score_thresh": 0.3,
}
# What is looked for in pictures of different shapes; more than 500 masks together.
SEARCHES: list[tuple[tuple[int, int], dict[str, Any]]] = [
    ((100, 140), {"box_nms_thresh": 0.95, "points_per_side": 16}),
    ((140, 100), {"box_nms_thresh": 0.95, "points_per_batch": 7}),
    ((96, 96), {"box_nms_thresh": 0.9, "pred_iou_thresh": 0.2, "stability_score_thresh": 0.2}),
    ((60, 200), {"pred_iou_thresh": 0.0, "box_nms_thresh": 0.95}),
    ((100, 140), {"min_mask_region_area": 40, "box_nms_thresh": 0.9}),
    ((101, 133), {"crop_n_layers": 1, "crop_nms_thresh": 0.1, "points_per_side": 8}),
    (
        (120, 160),
        {
            "points_per_side": 9,
            "crop_n_layers": 2,
            "crop_overlap_ratio": 0.2,
            "crop_nms_thresh": 0.5,
            "min_mask_region_area": 25,
            "stability_score_offset": 0.6,
        },
    ),
]
KEYS = ("area", "bbox", "point_coords", "crop_box")


def ours(image: np.ndarray, settings: dict[str, Any]) -> list[dict[str, Any]]:
    return AutomaticMasks(small_sam(), MaskSettings(**settings)).generate(image)


def test_masks_are_those_of_the_package() -> None:
    total = matched = matched_back = 0
    for seed, (size, settings) in enumerate(SEARCHES):
        image = picture(*size, seed=seed)
        theirs = of_package(small_sam(), image, {**USUAL, **settings})
        found = ours(image, {**USUAL, **settings})
        overlap = iou([mask["segmentation"] for mask in theirs], [mask["rle"] for mask in found])
        total += len(theirs)
        matched += int((overlap.max(1, initial=0) >= 0.99).sum())
        matched_back += int((overlap.max(0, initial=0) >= 0.99).sum()) + len(theirs) - len(found)
        by_counts = {str(mask["rle"]["counts"]): mask for mask in found}
        equal = [m for m in theirs if str(m["segmentation"]["counts"]) in by_counts]
        assert len(equal) >= 0.9 * len(theirs), settings
        for mask in equal:
            own = by_counts[str(mask["segmentation"]["counts"])]
            assert {key: own[key] for key in KEYS} == {key: mask[key] for key in KEYS}
            assert own["predicted_iou"] == pytest.approx(mask["predicted_iou"], abs=1e-4)
            assert own["stability_score"] == pytest.approx(mask["stability_score"], abs=1e-2)
    assert total >= 500
    assert matched >= 0.99 * total and matched_back >= 0.99 * total


def test_settings_have_the_package_s_names_and_defaults() -> None:
    theirs = inspect.signature(SamAutomaticMaskGenerator).parameters
    own = MaskSettings().model_dump(exclude={"max_masks"})
    assert own == {name: theirs[name].default for name in own}
    assert theirs.keys() - own.keys() == {"model", "point_grids", "output_mode"}


def test_the_largest_come_first_and_say_what_their_run_lengths_say() -> None:
    found = ours(picture(100, 140), USUAL)
    assert len(found) > 20
    order = [(-m["area"], m["bbox"][1], m["bbox"][0]) for m in found]
    assert order == sorted(order)
    for mask in found:
        left, top, width, height = bbox(mask["rle"])
        assert mask["bbox"] == [left, top, width - 1, height - 1]
        assert mask["area"] == area(mask["rle"]) == decode(mask["rle"]).sum()
        assert mask["rle"]["size"] == [100, 140] and mask["crop_box"] == [0, 0, 140, 100]
        assert mask["predicted_iou"] > 0.4 and mask["stability_score"] >= 0.3


def test_a_cap_keeps_the_largest() -> None:
    image = picture(100, 140)
    assert ours(image, {**USUAL, "max_masks": 5}) == ours(image, USUAL)[:5]


def test_what_is_found_is_the_same_again_and_needs_no_gradients() -> None:
    image = picture(80, 90, seed=4)
    first = ours(image, USUAL)
    assert first and ours(image[::-1][::-1].copy(), USUAL) == first
    assert torch.is_grad_enabled()


def test_no_mask_is_a_result() -> None:
    assert ours(picture(60, 80), {**USUAL, "pred_iou_thresh": 9.0}) == []
    assert ours(picture(60, 80), {**USUAL, "stability_score_thresh": 1.1}) == []
    several = {**USUAL, "pred_iou_thresh": 9.0, "crop_n_layers": 1, "min_mask_region_area": 9}
    assert ours(picture(60, 80), several) == []


@pytest.mark.parametrize(
    "wrong",
    [np.zeros((9, 9), np.uint8), np.zeros((9, 9, 3), np.float32), np.zeros((9, 0, 3), np.uint8)],
)
def test_what_is_no_rgb_image_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="uint8 RGB, not"):
        ours(wrong, USUAL)
