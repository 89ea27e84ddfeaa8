"""Encoders in other projects' layouts come back equal, and other projects load them."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import load_file

from tests.made.models import SIZES, mspecgene
from tests.made.models import mae as small_mae
from twinband.core.errors import InputError
from twinband.models import build, checkpoints
from twinband.models.exported import LAYOUTS, export, vit_of
from twinband.models.key_layouts import to_hub, to_mmdet, to_timm, to_transformers
from twinband.networks.config import VitConfig
from twinband.networks.vit import VisionTransformer
from twinband.networks.weights import WEIGHTS, save_weights
from twinband.shards.sums import check_sums

VIT: dict[str, Any] = {k: v for k, v in SIZES.items() if not k.startswith("decoder")}


def vit(**sizes: Any) -> VisionTransformer:
    torch.manual_seed(0)
    made = VisionTransformer(VitConfig(**{**VIT, **sizes})).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_goes_out_comes_back_equal(tmp_path: Path, layout: str) -> None:
    model = mspecgene()
    save_weights(model, tmp_path / "model" / WEIGHTS)
    written = export(tmp_path / "model", layout, tmp_path / layout, licence="mit")
    images = torch.randn(2, 3, 32, 32)
    for path in (path for path in written if path.name.startswith("model.")):
        back = VisionTransformer(VitConfig(**VIT))
        report = checkpoints.load(back, path, layout)
        assert report.left_out == {} and report.untouched == ()
        for key, value in model.encoder.state_dict().items():
            assert torch.equal(back.state_dict()[key], value), key
        with torch.no_grad():
            assert torch.equal(back(images).tokens, model.encoder(images).tokens)
    check_sums(tmp_path / layout, "model.safetensors")


@pytest.mark.parametrize("sizes", [{"registers": 3}, {"mlp": "swiglu"}, {"final_norm": False}])
def test_timm_s_layout_has_all_that_an_encoder_may_have(sizes: dict[str, Any]) -> None:
    source, back = vit(**sizes), VisionTransformer(VitConfig(**VIT, **sizes))
    checkpoints.load(back, to_timm(source), "timm")
    for key, value in source.state_dict().items():
        assert torch.equal(back.state_dict()[key], value), key


def test_timm_s_names_of_registers_and_gated_layers() -> None:
    found = to_timm(vit(registers=3, mlp="swiglu"))
    assert found["reg_token"].shape == (1, 3, 24) and found["pos_embed"].shape == (1, 16, 24)
    assert found["blocks.1.mlp.fc1.weight"].shape == (128, 24)
    assert found["blocks.1.mlp.fc2.weight"].shape == (24, 64)


@pytest.mark.parametrize("layout", ["mmseg", "mmdet", "transformers"])
def test_what_a_layout_has_no_place_for_is_told(layout: str) -> None:
    for sizes in ({"registers": 3}, {"mlp": "swiglu"}):
        with pytest.raises(InputError, match=r"has no registers .* export it to timm's"):
            LAYOUTS[layout](vit(**sizes))
    with pytest.raises(InputError, match="ends in a normalisation, and this encoder has none"):
        to_transformers(vit(final_norm=False))


def test_transformers_loads_the_export_strictly_and_computes_the_same(tmp_path: Path) -> None:
    import transformers

    source = vit()
    save_weights(source, tmp_path / "model" / WEIGHTS)
    export(tmp_path / "model", "transformers", tmp_path / "out", licence="apache-2.0")
    model, loaded = transformers.ViTModel.from_pretrained(
        tmp_path / "out", add_pooling_layer=False, output_loading_info=True
    )
    assert not any(loaded.values()), loaded
    by_state = transformers.ViTModel(model.config, add_pooling_layer=False).eval()
    by_state.load_state_dict(to_transformers(source), strict=True)
    processor = transformers.AutoImageProcessor.from_pretrained(tmp_path / "out")
    assert processor.size["height"] == 32 and processor.image_mean[0] == 0.485
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        expected = source(images)
        for found in (model.eval()(images), by_state(images)):
            hidden = found.last_hidden_state
            torch.testing.assert_close(hidden[:, 1:], expected.tokens, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(hidden[:, 0], expected.class_token, atol=1e-4, rtol=1e-4)


def test_files_on_the_hub_have_the_names_of_all_releases() -> None:
    own = {key for key in to_hub(vit()) if ".layer.1." in key}
    parts = ["attention.attention.query", "attention.attention.key", "attention.attention.value"]
    parts += ["attention.output.dense", "layernorm_before", "layernorm_after"]
    parts += ["intermediate.dense", "output.dense"]
    assert own == {
        f"encoder.layer.1.{part}.{kind}" for part in parts for kind in ("weight", "bias")
    }


def test_m_specgene_s_detection_has_its_keys(tmp_path: Path) -> None:
    save_weights(small_mae(), tmp_path / "model" / WEIGHTS)
    export(tmp_path / "model", "mmdet", tmp_path / "out", licence="mit")
    saved = torch.load(tmp_path / "out" / "model.pth", weights_only=True)
    assert list(saved) == ["model"]
    layers = ["norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2"]
    names = [
        "norm",
        "patch_embed.proj",
        *(f"blocks.{i}.{layer}" for i in (0, 1) for layer in layers),
    ]
    keys = {f"{name}.{kind}" for name in names for kind in ("weight", "bias")}
    assert set(saved["model"]) == keys | {"cls_token", "pos_embed"}
    assert set(to_mmdet(vit())) == set(saved["model"])


def test_multimae_goes_out_as_a_vit_of_rgb(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = build("multimae_base", **SIZES, classes=5).eval()
    save_weights(model, tmp_path / "model" / WEIGHTS)
    export(tmp_path / "model", "timm", tmp_path / "out", licence="mit")
    back = VisionTransformer(VitConfig(**VIT, final_norm=False)).eval()
    checkpoints.load(back, tmp_path / "out" / "model.safetensors", "timm")
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        tokens = torch.nn.functional.layer_norm(back(images).tokens, (24,))
        expected = model.pair_features({"rgb": images})["rgb"].tokens
    torch.testing.assert_close(tokens, expected, atol=1e-5, rtol=1e-4)
    thermal = build("multimae_base", **SIZES, modalities=("thermal",))
    save_weights(thermal, tmp_path / "thermal" / WEIGHTS)
    with pytest.raises(InputError, match="a MultiMAE that takes no RGB"):
        vit_of(tmp_path / "thermal" / WEIGHTS)


def test_the_card_is_one_for_the_hub(tmp_path: Path) -> None:
    save_weights(vit(registers=2, mlp="swiglu", final_norm=False), tmp_path / "model" / WEIGHTS)
    (tmp_path / "model" / "README.md").write_text("# dino\n\nImported.\n")
    export(tmp_path / "model", "timm", tmp_path / "out", licence="cc-by-4.0", base_model="a/b")
    text = (tmp_path / "out" / "README.md").read_text()
    _, front, card = text.split("---\n", 2)
    assert yaml.safe_load(front) == {
        "license": "cc-by-4.0",
        "library_name": "timm",
        "pipeline_tag": "image-feature-extraction",
        "tags": ["rgb-thermal", "vision-transformer", "twinband"],
        "base_model": "a/b",
    }
    assert "imported, not trained by twinband" in card
    assert "32 x 32 px, patches of 8 px, width 24, 2 blocks, 2 heads, 2 registers, swiglu" in card
    assert "reg_tokens=2, no_embed_class=True" in card and "final_norm=False" in card
    hidden = load_file(tmp_path / "out" / "model.safetensors")["blocks.0.mlp.fc1.bias"].numel()
    assert f"mlp_ratio={hidden / 24}" in card
    assert card.rstrip().endswith("## The card it came with\n\n# dino\n\nImported.")


def test_equal_models_are_equal_files(tmp_path: Path) -> None:
    for name in ("one", "other"):
        save_weights(vit(), tmp_path / name / "model" / WEIGHTS)
        for layout in LAYOUTS:
            export(tmp_path / name / "model", layout, tmp_path / name / layout, licence="mit")
    for path in sorted(path for path in (tmp_path / "one").rglob("*") if path.is_file()):
        other = tmp_path / "other" / path.relative_to(tmp_path / "one")
        assert path.read_bytes() == other.read_bytes(), path
    config = json.loads((tmp_path / "one" / "transformers" / "config.json").read_text())
    assert config["layer_norm_eps"] == 1e-6 and config["intermediate_size"] == 96


def test_an_unknown_layout_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="layout 'caffe' is not known; known are timm, mmseg"):
        export(tmp_path, "caffe", tmp_path / "out", licence="mit")
