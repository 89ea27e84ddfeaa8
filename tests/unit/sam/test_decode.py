"""Every step against the package's own way to the same result."""

import numpy as np
import pytest
import torch

from benches._sam_package import picture
from tests.made.sam import SMALL, small_sam
from twinband.sam import encode
from twinband.sam.build import ResizeLongestSide, Sam, Sizes, build
from twinband.sam.candidates import without_holes, without_islands
from twinband.sam.decode import Placement, PointDecoder, Prompted, full_resolution, low_resolution
from twinband.sam.encode import embed
from twinband.sam.generate import grids
from twinband.sam.settings import MaskSettings
from twinband.sam.torchvision_stub import stand_in

with stand_in():
    from segment_anything.utils import amg

POINTS = torch.tensor([[3.0, 5.0], [40.25, 17.5], [90.0, 88.0], [60.0, 2.0]], dtype=torch.float64)


def resized(model: Sam, height: int, width: int) -> torch.Tensor:
    image = ResizeLongestSide(model.image_encoder.img_size).apply_image(picture(height, width, 5))
    return torch.as_tensor(image).permute(2, 0, 1)


def of_package(model: Sam, embedding: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.ones(len(POINTS), 1, dtype=torch.int)
    sparse, dense = model.prompt_encoder((POINTS[:, None], labels), None, None)
    logits, predicted_iou = model.mask_decoder(
        embedding, model.prompt_encoder.get_dense_pe(), sparse, dense, multimask_output=True
    )
    return logits, predicted_iou


@pytest.mark.parametrize("budget", [1, encode.CPU_BYTES])
def test_embeddings_agree(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "CPU_BYTES", budget)  # one row of queries at a time, and all
    model = build(SMALL)
    with torch.no_grad():
        for block in model.image_encoder.blocks:  # zeros, as they are made
            block.attn.rel_pos_h.normal_()
            block.attn.rel_pos_w.normal_()
        pixels = resized(model, 70, 96)
        expected = model.image_encoder(model.preprocess(pixels[None]))
        torch.testing.assert_close(embed(model, pixels), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"decoder_depth": 1, "masks_a_prompt": 4},
        {"decoder_depth": 3, "decoder_heads": 2, "prompt_width": 32},
        {"patch_px": 16, "iou_depth": 2},
    ],
)
@torch.no_grad()
def test_the_decoder_agrees(changes: dict[str, int]) -> None:
    torch.manual_seed(3)
    model = build(Sizes(**{**SMALL.model_dump(), **changes}))
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):  # no projection's bias may be forgotten
            parameter.normal_()
    embedding = embed(model, resized(model, 96, 96))
    prompted = PointDecoder(model, embedding)(POINTS)
    every = torch.ones_like(prompted.predicted_iou, dtype=torch.bool)
    logits, predicted_iou = of_package(model, embedding)
    torch.testing.assert_close(prompted.predicted_iou, predicted_iou, rtol=1e-4, atol=1e-5)
    found = low_resolution(model, Placement((96, 96), (96, 96)), prompted, every)
    torch.testing.assert_close(found, logits.flatten(0, 1), rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_only_wanted_masks_are_made_and_only_where_the_image_is() -> None:
    model = small_sam()
    embedding = embed(model, resized(model, 50, 96))
    prompted = PointDecoder(model, embedding)(POINTS)
    wanted = torch.tensor([[0, 1, 0], [0, 0, 0], [1, 0, 1], [0, 0, 0]], dtype=torch.bool)
    found = low_resolution(model, Placement((50, 96), (50, 96)), prompted, wanted)
    logits, _ = of_package(model, embedding)
    assert found.shape == (3, 32, 48)  # 7 rows of patches with image, and one more
    torch.testing.assert_close(found, logits[wanted][:, :32], rtol=1e-3, atol=2e-3)
    none = low_resolution(model, Placement((50, 96), (50, 96)), prompted, wanted & False)
    assert none.shape == (0, 32, 48)


@pytest.mark.parametrize("size", [(50, 96), (96, 96), (300, 200), (33, 480), (7, 5)])
@torch.no_grad()
def test_full_resolution_agrees(size: tuple[int, int]) -> None:
    model = small_sam()
    inside = tuple(resized(model, *size).shape[1:])
    frame = Placement((inside[0], inside[1]), size)
    features = torch.randn(2, 144, 64)
    prompted = Prompted(torch.ones(2, 3), torch.randn(2, 3, 64), features)
    every = torch.ones(2, 3, dtype=torch.bool)
    whole = low_resolution(model, Placement((96, 96), size), prompted, every)
    found = full_resolution(model, frame, low_resolution(model, frame, prompted, every))
    expected = model.postprocess_masks(whole[None], inside, size)[0]
    assert found.shape == (6, *size)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("layers", [0, 1, 2])
@pytest.mark.parametrize("size", [(48, 64), (101, 67), (30, 200)])
def test_grids_are_those_of_the_package(size: tuple[int, int], layers: int) -> None:
    settings = MaskSettings(
        points_per_side=9, crop_n_layers=layers, crop_n_points_downscale_factor=2
    )
    boxes, of_layers = amg.generate_crop_boxes(size, layers, settings.crop_overlap_ratio)
    points = amg.build_all_layer_point_grids(9, layers, 2)
    found = list(grids(size[1], size[0], settings))
    assert [list(grid.crop) for grid in found] == boxes
    for grid, layer in zip(found, of_layers, strict=True):
        scaled = points[layer] * (grid.crop.width, grid.crop.height)
        np.testing.assert_array_equal(grid.points, scaled)


@pytest.mark.parametrize("area", [1, 4, 12, 400])
@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.8, 1.0])
def test_regions_are_those_of_the_package(area: int, share: float) -> None:
    mask = np.random.default_rng(0).random((20, 30)) < share
    for own, mode in ((without_holes, "holes"), (without_islands, "islands")):
        found, changed = own(mask, area)
        expected, expected_changed = amg.remove_small_regions(mask, area, mode)
        np.testing.assert_array_equal(found, expected)
        assert changed == expected_changed


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"points_per_side": 0}, r"points_per_side\s+Input should be greater than or equal to 1"),
        ({"points_per_batch": -1}, r"points_per_batch\s+Input should be greater than or equal"),
        ({"crop_n_layers": -1}, r"crop_n_layers\s+Input should be greater than or equal to 0"),
        ({"max_masks": 0}, r"max_masks\s+Input should be greater than or equal to 1"),
        (
            {"points_per_side": 3, "crop_n_layers": 2, "crop_n_points_downscale_factor": 2},
            "leaves no point in a crop",
        ),
    ],
)
def test_settings_that_make_no_sense(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MaskSettings(**wrong)
