"""``twinband import-vit`` writes what stages can name."""

from pathlib import Path
from typing import Any

import torch
from typer.testing import CliRunner

from twinband.cli import app
from twinband.models.key_layouts import to_timm
from twinband.networks.config import TINY_VIT, VitConfig
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import load_encoder


def test_weights_become_a_models_folder(tmp_path: Path) -> None:
    sizes: dict[str, Any] = {**TINY_VIT, "image_px": 32, "width": 192, "heads": 3}
    source = VisionTransformer(VitConfig(**sizes))
    torch.save({"model": to_timm(source)}, tmp_path / "dino.pth")
    out = tmp_path / "models" / "dino"
    result = CliRunner().invoke(app, ["import-vit", str(tmp_path / "dino.pth"), "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert "patches of 8 px, 4 x 4 of them, width 192, 4 blocks, 3 heads" in result.output
    assert sorted(path.name for path in out.iterdir()) == [
        *["README.md", "SHA256SUMS", "weights.safetensors"]
    ]
    written = load_encoder(out / "weights.safetensors").state_dict()
    assert all(torch.equal(value, written[key]) for key, value in source.state_dict().items())


def test_a_file_that_is_no_vit_is_one_line(tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(3)}, tmp_path / "other.pth")
    out = tmp_path / "models" / "other"
    result = CliRunner().invoke(app, ["import-vit", str(tmp_path / "other.pth"), "-o", str(out)])
    assert result.exit_code == 3 and "no class token among the weights" in result.output
    assert not out.exists()
