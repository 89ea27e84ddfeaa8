"""ViTs of other code bases become models of twinband."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from tests.made.models import mae
from twinband.core.errors import InputError
from twinband.models.imported import imported_vit, read_tensors
from twinband.models.key_layouts import to_mmseg, to_timm
from twinband.networks.config import VitConfig
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import Tensors

SIZES: dict[str, Any] = {"image_px": 32, "patch_px": 8, "width": 192, "depth": 2, "heads": 3}


def vit(**sizes: int) -> VisionTransformer:
    return VisionTransformer(VitConfig(**{**SIZES, **sizes}))


@pytest.mark.parametrize("layout", [to_timm, to_mmseg])
def test_sizes_are_read_off_the_weights(
    tmp_path: Path, layout: Callable[[VisionTransformer], Tensors]
) -> None:
    torch.manual_seed(0)
    source = vit().eval()
    tensors = {key: value.contiguous() for key, value in layout(source).items()}
    save_file(tensors, tmp_path / "vit.safetensors")
    found = imported_vit(tmp_path / "vit.safetensors").eval()
    images = torch.randn(2, 3, 32, 48)
    with torch.no_grad():
        assert torch.equal(found.features(images)[0].tokens, source.features(images)[0].tokens)


def test_heads_that_no_weight_tells_can_be_said(tmp_path: Path) -> None:
    torch.save(to_timm(vit(heads=4)), tmp_path / "vit.pth")
    assert imported_vit(tmp_path / "vit.pth", heads=4).config.heads == 4
    assert imported_vit(tmp_path / "vit.pth").config.heads == 3
    with pytest.raises(InputError, match="divisible by 4 and by its heads, 5; say --heads"):
        imported_vit(tmp_path / "vit.pth", heads=5)
    torch.save(to_timm(vit(width=128, heads=2)), tmp_path / "other.pth")
    with pytest.raises(InputError, match=r"an encoder 128 wide .* say --heads; known are .* 1280"):
        imported_vit(tmp_path / "other.pth")
    assert imported_vit(tmp_path / "other.pth", heads=2).config.heads == 2


@pytest.mark.parametrize(
    ("width", "heads"),
    [(192, 3), (384, 6), (768, 12), (1024, 16), (1280, 16), (1408, 16), (1536, 24)],
)
def test_heads_of_published_widths(tmp_path: Path, width: int, heads: int) -> None:
    weights = to_timm(vit(width=width, depth=1, heads=1))
    torch.save(weights, tmp_path / "vit.pth")
    assert imported_vit(tmp_path / "vit.pth").config.heads == heads


def test_what_cannot_be_imported_is_told(tmp_path: Path) -> None:
    weights = to_timm(vit())
    torch.save({k: v for k, v in weights.items() if k != "pos_embed"}, tmp_path / "rope.pth")
    with pytest.raises(InputError, match=r"without positions\.table cannot be imported"):
        imported_vit(tmp_path / "rope.pth")
    torch.save({**weights, "dist_token": torch.zeros(1, 1, 192)}, tmp_path / "distilled.pth")
    with pytest.raises(InputError, match=r"distilled\.pth \(layout timm\).*\n.*unexpected: dist_t"):
        imported_vit(tmp_path / "distilled.pth")


@pytest.mark.parametrize("wrapped", ["", "model", "state_dict"])
def test_files_of_torch_save(tmp_path: Path, wrapped: str) -> None:
    state = mae().encoder.state_dict()
    saved = {wrapped: state, "epoch": 3} if wrapped else state
    torch.save(saved, tmp_path / "weights.pth")
    assert set(read_tensors(tmp_path / "weights.pth")) == set(state)


def test_a_list_is_no_state_dict(tmp_path: Path) -> None:
    torch.save([torch.zeros(1)], tmp_path / "list.pth")
    with pytest.raises(InputError, match="holds a list, not a state_dict"):
        read_tensors(tmp_path / "list.pth")
