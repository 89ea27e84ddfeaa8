"""ViTs of other code bases become models of twinband."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from twinband.core.errors import InputError
from twinband.models.imported import imported_vit
from twinband.models.key_layouts import to_mmseg, to_timm
from twinband.networks.config import build

SIZES: dict[str, Any] = {"image_px": 32, "patch_px": 8, "width": 128, "depth": 2, "heads": 2}


@pytest.mark.parametrize("layout", [to_timm, to_mmseg])
def test_sizes_are_read_off_the_weights(tmp_path: Path, layout: object) -> None:
    torch.manual_seed(0)
    source = build("vit_tiny", **SIZES).eval()
    assert callable(layout)
    tensors = {key: value.contiguous() for key, value in layout(source).items()}
    save_file(tensors, tmp_path / "vit.safetensors")
    found = imported_vit(tmp_path / "vit.safetensors").eval()
    images = torch.randn(2, 3, 32, 48)
    with torch.no_grad():
        assert torch.equal(found.features(images)[0].tokens, source.features(images)[0].tokens)  # type: ignore[operator]


def test_heads_that_no_weight_tells_can_be_said(tmp_path: Path) -> None:
    source = build("vit_tiny", **{**SIZES, "heads": 4})
    torch.save(to_timm(source), tmp_path / "vit.pth")  # type: ignore[arg-type]
    assert imported_vit(tmp_path / "vit.pth", heads=4).config.heads == 4
    assert imported_vit(tmp_path / "vit.pth").config.heads == 2
    with pytest.raises(InputError, match="divisible by 4 and by its heads, 3; say --heads"):
        imported_vit(tmp_path / "vit.pth", heads=3)


def test_what_cannot_be_imported_is_told(tmp_path: Path) -> None:
    weights = to_timm(build("vit_tiny", **SIZES))  # type: ignore[arg-type]
    torch.save({k: v for k, v in weights.items() if k != "pos_embed"}, tmp_path / "rope.pth")
    with pytest.raises(InputError, match=r"without positions\.table cannot be imported"):
        imported_vit(tmp_path / "rope.pth")
    torch.save({**weights, "reg_token": torch.zeros(1, 4, 128)}, tmp_path / "registers.pth")
    with pytest.raises(InputError, match="unexpected: reg_token"):
        imported_vit(tmp_path / "registers.pth")
