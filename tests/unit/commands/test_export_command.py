"""``twinband export`` writes what other projects load, and ``import-vit`` reads it back."""

from pathlib import Path
from typing import Any

import torch
from typer.testing import CliRunner

from tests.made.models import SIZES, mspecgene
from twinband.cli import app
from twinband.networks.weights import WEIGHTS, load_encoder, save_weights


def run(*arguments: Any) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_out_and_back(tmp_path: Path) -> None:
    model, out, back = (tmp_path / name for name in ("model", "out", "back"))
    source = mspecgene()
    save_weights(source, model / WEIGHTS)
    result = run("export", model, "--layout", "mmdet", "-o", out)
    assert result.exit_code == 0, result.output
    assert f"{out}: model.safetensors, model.pth, README.md" in result.output
    assert "license: apache-2.0" in (out / "README.md").read_text()
    result = run("import-vit", out / "model.pth", "-o", back)
    assert result.exit_code == 3 and "an encoder 24 wide has" in result.output
    assert not back.exists()
    result = run("import-vit", out / "model.pth", "-o", back, "--heads", SIZES["heads"])
    assert result.exit_code == 0, result.output
    assert "layout timm: 30 tensors" in result.output
    card = (back / "README.md").read_text()
    assert "blocks.N.norm1.weight/bias -> blocks.N.norm1.weight/bias (x2)" in card
    found = load_encoder(back / WEIGHTS).state_dict()
    assert all(torch.equal(found[key], v) for key, v in source.encoder.state_dict().items())


def test_an_imported_model_s_licence_must_be_said(tmp_path: Path) -> None:
    save_weights(mspecgene().encoder, tmp_path / "model" / WEIGHTS)
    arguments = ("export", tmp_path / "model", "--layout", "timm", "-o", tmp_path / "out")
    result = run(*arguments)
    assert result.exit_code == 2 and "imported, not trained here" in result.output
    assert not (tmp_path / "out").exists()
    result = run(*arguments, "--license", "cc-by-nc-4.0", "--base-model", "facebook/dinov2-base")
    assert result.exit_code == 0, result.output
    card = (tmp_path / "out" / "README.md").read_text()
    assert "license: cc-by-nc-4.0" in card and "base_model: facebook/dinov2-base" in card


def test_a_folder_without_a_model_is_one_line(tmp_path: Path) -> None:
    result = run("export", tmp_path, "--layout", "timm", "-o", tmp_path / "out")
    assert result.exit_code == 3 and "no such file of weights" in result.output
