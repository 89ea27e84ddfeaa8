from typing import Any

import pytest
import torch
from torch import nn

from twinband.methods.mae.model import MaskedAutoencoder
from twinband.methods.mspecgene.model import MSpecGene
from twinband.networks.build import build
from twinband.networks.vit import VisionTransformer


def size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_sizes() -> None:
    with torch.device("meta"):
        model = build("mspecgene_base")
        stage0 = build("mae_base")
    parts = dict(model.named_children())
    assert size(parts["encoder"]) == 85_647_360
    decoders = sum(size(part) for name, part in parts.items() if name != "encoder")
    assert decoders == pytest.approx(33.1e6, rel=1e-3)
    assert isinstance(model, MSpecGene) and len(model.decoder_rgb.blocks) == 4
    shapes = {key: value.shape for key, value in parts["encoder"].state_dict().items()}
    assert isinstance(stage0, MaskedAutoencoder)
    assert shapes == {key: v.shape for key, v in stage0.encoder.state_dict().items()}
    assert shapes["positions.table"] == (1, 768, 14, 14)


def test_names_and_overrides() -> None:
    model = build("mspecgene_tiny", depth=1, image_px=(48, 64))
    assert isinstance(model, MSpecGene) and model.sampler is None
    assert (model.config.depth, model.config.grid, model.config.width) == (1, (6, 8), 128)
    assert isinstance(build("vit_tiny", depth=1), VisionTransformer)
    assert isinstance(build("mae_tiny", depth=1), MaskedAutoencoder)


@pytest.mark.parametrize(
    ("name", "overrides", "error", "message"),
    [
        ("mspecgene_huge", {}, ValueError, "known are mae_base, mae_tiny, mspecgene_base"),
        ("mae_tiny", {"dept": 3}, TypeError, "mae has no dept; it has image_px, .*mask_ratio"),
        ("vit_tiny", {"mask_ratio": 0.5}, TypeError, "vit has no mask_ratio"),
        ("mspecgene_tiny", {"mask_ratio": 0.5}, TypeError, "mspecgene has no mask_ratio"),
        ("mae_tiny", {"depth": "3"}, TypeError, "depth must be a whole number, got '3'"),
        ("mae_tiny", {"depth": True}, TypeError, "depth must be a whole number"),
        ("mae_tiny", {"mask_ratio": "x"}, TypeError, "mask_ratio must be a number"),
        ("mae_tiny", {"depth": 0}, ValueError, "depth must be at least 1, got 0"),
        ("mae_tiny", {"heads": 5}, ValueError, "width 128 must be divisible by 4 and .* 5"),
        ("mae_tiny", {"decoder_width": 98}, ValueError, "decoder_width 98 must be divisible"),
        ("mae_tiny", {"image_px": 100}, ValueError, "image_px 100 is no multiple of patch_px 8"),
        ("mae_tiny", {"image_px": (96, 96, 3)}, ValueError, "a side, or height and width"),
        ("mae_tiny", {"image_px": 96.0}, TypeError, "image_px must be a whole number"),
        ("vit_tiny", {"sampler": "random"}, TypeError, "vit has no sampler"),
    ],
)
def test_mistakes(
    name: str, overrides: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        build(name, **overrides)
