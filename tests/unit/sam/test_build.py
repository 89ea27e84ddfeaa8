"""A SAM at another resolution: the same weights, positions that still mean the same places."""

import copy

import pytest
import torch

from tests.made.sam import small_sam
from twinband.sam import build
from twinband.sam.build import sizes_of


def test_only_positions_change() -> None:
    model = small_sam()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    larger = build.resized(model, 2 * sizes_of(model).image_px)
    assert sizes_of(larger) == sizes_of(model).model_copy(
        update={"image_px": larger.image_encoder.img_size}
    )
    changed = {n for n, value in larger.state_dict().items() if value.shape != before[n].shape}
    assert changed and all("pos" in name for name in changed)
    for name, value in larger.state_dict().items():
        assert name in changed or torch.equal(value, before[name])
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())


def test_positions_are_interpolated() -> None:
    model = copy.deepcopy(small_sam())
    with torch.no_grad():
        side = model.image_encoder.pos_embed.shape[1]
        ramp = (torch.arange(side) + 0.5) / side
        model.image_encoder.pos_embed.copy_(ramp[:, None, None].expand(side, side, 1))
    larger = build.resized(model, 2 * sizes_of(model).image_px).image_encoder.pos_embed
    expected = (torch.arange(2 * side) + 0.5) / (2 * side)
    inside = slice(4, -4)  # the border has no neighbour to interpolate with
    assert torch.allclose(larger[0, inside, 0, 0], expected[inside], atol=0.02)
    assert torch.allclose(larger[0, :, 0], larger[0, :, -1])


def test_its_own_size_is_itself_and_half_a_patch_is_refused() -> None:
    model = small_sam()
    size = sizes_of(model).image_px
    assert build.resized(model, size) is model
    with pytest.raises(ValueError, match="no multiple"):
        build.resized(model, size + 1)
