"""Checkpoints of the world, by their published names and shapes."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from tests.made import checkpoints as made
from tests.made.models import SIZES
from twinband.core.errors import InputError
from twinband.models import build, checkpoints
from twinband.networks.vit import VisionTransformer

VIT: dict[str, Any] = {k: v for k, v in SIZES.items() if not k.startswith("decoder")}
DECODER: dict[str, Any] = {"decoder_width": 16, "decoder_depth": 1}


def state(model: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in model.state_dict().items()}


@pytest.mark.parametrize(
    ("name", "overrides", "shapes", "layout"),
    [
        (
            "mae_base",
            {"decoder_depth": 8},
            made.mae(**made.BASE, decoder_width=512, decoder_depth=8),
            "mae",
        ),
        (
            "mspecgene_base",
            {"shared_decoder_norm": True},
            made.mspecgene(**made.BASE, decoder_width=512, decoder_depth=4),
            "mspecgene",
        ),
        (
            "multimae_base",
            {"modalities": ("rgb", "depth", "semseg")},
            made.multimae(**made.BASE, decoder_width=256),
            "multimae",
        ),
        (
            "vit_base",
            {"image_px": 518, "patch_px": 14, "width": 1536, "heads": 24, "depth": 40}
            | {"mlp": "swiglu", "registers": 4},
            made.dinov2(width=1536, depth=40, side=37, registers=4, gated=True),
            "dinov2",
        ),
    ],
)
def test_all_of_a_published_model_has_its_place(
    name: str, overrides: dict[str, Any], shapes: made.Shapes, layout: str
) -> None:
    with torch.device("meta"):
        model = build(name, **overrides)
    with pytest.warns(UserWarning, match="meta"):
        report = checkpoints.load(model, made.light(shapes), layout)
    assert set(report.sources) == set(model.state_dict()) and report.untouched == ()
    used = {key for sources in report.sources.values() for key in sources}
    assert used | set(report.left_out) == set(shapes)
    assert set(report.left_out) <= {"mask_token"}
    assert checkpoints.layouts.recognised(shapes) == layout


def test_multimae_s_size_is_the_published_one() -> None:
    shapes = made.multimae(**made.BASE, decoder_width=256)
    tables = {name for name in shapes if name.endswith("pos_emb")}
    trained = made.count({name: shape for name, shape in shapes.items() if name not in tables})
    assert round(trained / 1e6, 3) == 97.917  # spec multimae, 11


def test_thermal_is_m_specgene_s_first_modality() -> None:
    weights = made.as_published(made.mspecgene(**made.SMALL, **DECODER))
    model = build("mspecgene_base", **SIZES)
    report = checkpoints.load(model, weights, "mspecgene")
    found = model.state_dict()
    for modality, number in (("thermal", ""), ("rgb", "2")):
        expected = {
            f"decoder_{modality}.embed.weight": f"neck.decoder_embed{number}.weight",
            f"decoder_{modality}.mask_token": f"neck.mask_token{number}",
            f"decoder_{modality}.blocks.0.mlp.fc1.bias": (
                f"neck.decoder_blocks{number}.0.ffn.layers.0.0.bias"
            ),
            f"decoder_{modality}.head.bias": f"neck.decoder_pred{number}.bias",
            f"decoder_{modality}.norm.weight": "neck.ln1.weight",
            f"cross_{modality}.norm1.weight": f"neck.cross_attention{number}.ln1.weight",
            f"cross_{modality}.attn.q.bias": f"neck.cross_attention{number}.attn.q_bias",
            f"cross_{modality}.attn.k.weight": f"neck.cross_attention{number}.attn.k.weight",
            f"cross_{modality}.mlp.fc2.weight": f"neck.cross_attention{number}.ffn.layers.1.weight",
        }
        for key, source in expected.items():
            assert torch.equal(found[key], weights[source]), key
            assert report.sources[key] == (source,)
        table = found[f"decoder_{modality}.positions.table"].flatten(2).transpose(1, 2)
        assert torch.equal(table, weights[f"neck.decoder_pos_embed{number}"][:, 1:])
    assert report.changed["decoder_rgb.norm.bias"] == "one for both decoders"
    shared = build("mspecgene_base", **SIZES, shared_decoder_norm=True)
    checkpoints.load(shared, weights)
    assert torch.equal(shared.state_dict()["decoder_rgb.norm.bias"], weights["neck.ln1.bias"])


def test_m_specgene_s_encoder_alone() -> None:
    weights = made.as_published(made.mspecgene(**made.SMALL, **DECODER))
    backbone = {key: value for key, value in weights.items() if key.startswith("backbone.")}
    model = build("mspecgene_base", **SIZES)
    before = state(model)
    report = checkpoints.load(model, backbone)
    assert report.untouched and all(not key.startswith("encoder.") for key in report.untouched)
    assert all(torch.equal(before[key], model.state_dict()[key]) for key in report.untouched)
    vit = build("vit_base", **VIT)
    report = checkpoints.load(vit, weights, "mspecgene")
    assert report.left_out["neck.decoder_pred2.bias"] == "no part of the encoder"
    assert torch.equal(vit.state_dict()["norm.bias"], weights["backbone.ln1.bias"])


def test_mmpretrain_s_mae_with_one_decoder() -> None:
    both = made.as_published(made.mspecgene(**made.SMALL, **DECODER))
    single = {k: v for k, v in both.items() if "2" not in k.split(".")[1] and "cross" not in k}
    model = build("mae_base", **SIZES)
    report = checkpoints.load(model, single, "mspecgene")
    assert report.untouched == () and report.left_out == {}
    assert torch.equal(model.state_dict()["decoder.norm.bias"], both["neck.ln1.bias"])


def test_mae_whole_and_its_encoder_alone() -> None:
    weights = made.as_published(made.mae(**made.SMALL, **DECODER))
    model = build("mae_base", **SIZES)
    assert checkpoints.load(model, weights, "mae").untouched == ()
    found = model.state_dict()
    assert torch.equal(found["decoder.head.weight"], weights["decoder_pred.weight"])
    assert torch.equal(found["encoder.blocks.1.norm1.bias"], weights["blocks.1.norm1.bias"])
    encoder = {k: v for k, v in weights.items() if not k.startswith(("decoder", "mask"))}
    before = state(model)
    report = checkpoints.load(model, encoder, "mae")
    assert {key.split(".")[0] for key in report.untouched} == {"decoder"}
    assert torch.equal(before["decoder.head.bias"], model.state_dict()["decoder.head.bias"])
    pair = build("mspecgene_base", **SIZES)
    report = checkpoints.load(pair, weights, "mae")
    assert report.left_out["decoder_pred.bias"] == "the model has no such part"


def test_a_position_of_a_decoder_s_class_token_cannot_be_kept() -> None:
    weights = made.as_published(made.mae(**made.SMALL, **DECODER))
    weights["decoder_pos_embed"][:, 0] = 1
    with pytest.raises(InputError, match="decoder_pos_embed gives a position to what is no patch"):
        checkpoints.load(build("mae_base", **SIZES), weights)


MULTIMAE = {**SIZES, "modalities": ("rgb", "depth", "semseg"), "classes": 5}
OFFICIAL_MULTIMAE = made.multimae(**made.SMALL, decoder_width=16, decoder_depth=1, classes=5)


def test_multimae_whole() -> None:
    weights = made.as_published(OFFICIAL_MULTIMAE)
    model = build("multimae_base", **MULTIMAE)
    report = checkpoints.load(model, weights, "multimae")
    found = model.state_dict()
    expected = {
        "encoder.global_token": "global_tokens",
        "encoder.blocks.1.mlp.fc2.bias": "encoder.1.mlp.fc2.bias",
        "encoder.inputs.depth.proj.weight": "input_adapters.depth.proj.weight",
        "encoder.inputs.semseg.classes.weight": "input_adapters.semseg.class_emb.weight",
        "encoder.positions.table": "input_adapters.semseg.pos_emb",
        "decoders.norm_rgb.context.weight": "output_adapters.norm_rgb.proj_context.weight",
        "decoders.depth.modalities.semseg": "output_adapters.depth.task_embeddings.semseg",
        "decoders.rgb.norm_query.bias": "output_adapters.rgb.query_norm.bias",
        "decoders.rgb.cross.kv.weight": "output_adapters.rgb.decoder.kv.weight",
        "decoders.semseg.blocks.0.attn.qkv.bias": (
            "output_adapters.semseg.decoder_transformer.0.attn.qkv.bias"
        ),
        "decoders.semseg.head.weight": "output_adapters.semseg.out_proj.weight",
        "decoders.semseg.positions.table": "output_adapters.semseg.pos_emb",
    }
    for key, source in expected.items():
        assert torch.equal(found[key], weights[source]), key
        assert source in report.sources[key]
    assert report.changed == {"encoder.positions.table": "one for all inputs"}
    weights["input_adapters.depth.pos_emb"][0, 0, 0, 0] += 1
    with pytest.raises(InputError, match=r"rgb\.pos_emb and input_adapters\.depth\.pos_emb differ"):
        checkpoints.load(model, weights)


def test_multimae_of_other_modalities_is_told() -> None:
    weights = made.as_published(OFFICIAL_MULTIMAE)
    model = build("multimae_base", **{**MULTIMAE, "modalities": ("rgb", "thermal")})
    before = state(model)
    with pytest.raises(InputError) as caught:
        checkpoints.load(model, weights)
    text = str(caught.value)
    assert "missing: encoder.inputs.thermal.proj.weight" in text
    assert "unexpected: input_adapters.depth.proj.weight" in text
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())


def test_a_fine_tuned_multivit() -> None:
    weights = made.as_published(OFFICIAL_MULTIMAE)
    tuned = {k: v for k, v in weights.items() if not k.startswith("output_adapters.")}
    classes = "input_adapters.semseg.class_emb.weight"
    tuned[classes] = torch.cat([weights[classes], torch.zeros(1, 64)])
    tuned["output_adapters.semseg.proj_dec.weight"] = torch.zeros(8, 24)
    model = build("multimae_base", **MULTIMAE)
    report = checkpoints.load(model, tuned, "multimae")
    assert {key.split(".")[0] for key in report.untouched} == {"decoders"}
    assert report.left_out == {"output_adapters.semseg.proj_dec.weight": "belongs to a head"}
    assert torch.equal(model.state_dict()["encoder.inputs.semseg.classes.weight"], weights[classes])
    assert "padding" in report.changed["encoder.inputs.semseg.classes.weight"]


def test_multimae_as_a_vit_and_a_vit_as_multimae() -> None:
    weights = made.as_published(OFFICIAL_MULTIMAE)
    vit = build("vit_base", **VIT, final_norm=False)
    report = checkpoints.load(vit, weights, "multimae")
    assert report.left_out["input_adapters.depth.proj.bias"] == "an input that a ViT has not"
    model = build("multimae_base", **MULTIMAE)
    checkpoints.load(model, weights)
    assert isinstance(vit, VisionTransformer)
    image = torch.randn(2, 3, 32, 32)
    pair = model.pair_features({"rgb": image})["rgb"]
    tokens = torch.nn.functional.layer_norm(vit(image).tokens, (24,))
    torch.testing.assert_close(pair.tokens, tokens, atol=1e-4, rtol=1e-4)

    # as the published converter writes it, with and without its names of a ViT
    converted = {
        "cls_token": weights["global_tokens"],
        "pos_embed": torch.nn.functional.pad(
            weights["input_adapters.rgb.pos_emb"].flatten(2).transpose(1, 2), (0, 0, 1, 0)
        ),
        "patch_embed.proj.weight": weights["input_adapters.rgb.proj.weight"],
        "patch_embed.proj.bias": weights["input_adapters.rgb.proj.bias"],
        **{k.replace("encoder.", "blocks."): v for k, v in weights.items() if k[:8] == "encoder."},
    }
    other = build("vit_base", **VIT, final_norm=False)
    checkpoints.load(other, converted, "timm")
    assert all(torch.equal(value, vit.state_dict()[k]) for k, value in other.state_dict().items())
    with pytest.raises(InputError, match=r"missing: norm\.weight, norm\.bias"):
        checkpoints.load(build("vit_base", **VIT), converted)
    vitmultimae = {k: v for k, v in converted.items() if k not in {"cls_token", "pos_embed"}}
    vitmultimae |= {"global_tokens": converted["cls_token"]}
    vitmultimae |= {"pos_embed": converted["pos_embed"][:, 1:]}
    checkpoints.load(other, vitmultimae)
    assert all(torch.equal(value, vit.state_dict()[k]) for k, value in other.state_dict().items())

    fresh = build("multimae_base", **{**MULTIMAE, "modalities": ("rgb", "thermal")})
    report = checkpoints.load(fresh, converted, "timm")
    assert "encoder.inputs.thermal.proj.weight" in report.untouched
    assert torch.equal(
        fresh.state_dict()["encoder.inputs.rgb.proj.weight"], converted["patch_embed.proj.weight"]
    )


def test_dinov2_with_registers_gates_and_layer_scale() -> None:
    shapes = made.dinov2(width=24, depth=2, side=6, registers=4, gated=True, patch_px=8)
    weights = made.as_published(shapes)
    weights["pos_embed"][:, 0] = 0.25
    vit = build("vit_base", **VIT, registers=4, mlp="swiglu")
    report = checkpoints.load(vit, weights, "dinov2")
    found = vit.state_dict()
    gamma = weights["blocks.1.ls2.gamma"]
    torch.testing.assert_close(
        found["blocks.1.mlp.w3.weight"], gamma[:, None] * weights["blocks.1.mlp.w3.weight"]
    )
    assert report.changed["blocks.1.mlp.w3.bias"] == "layer scale folded in"
    assert report.sources["blocks.1.mlp.w3.bias"] == (
        *("blocks.1.mlp.w3.bias", "blocks.1.ls2.gamma"),
    )
    torch.testing.assert_close(found["cls_token"], weights["cls_token"] + 0.25)
    assert report.changed["cls_token"] == "its position added"
    assert torch.equal(found["register_tokens"], weights["register_tokens"])
    expected = "resampled from 6x6 to 4x4 patches, bicubic"
    assert report.changed["positions.table"] == expected
    assert report.left_out == {"mask_token": "a token of masked training"}
    # a training's teacher in chunks, beside its heads
    chunked = {re.sub(r"^blocks\.", "blocks.0.", key): value for key, value in weights.items()}
    teacher = {f"backbone.{key}": value for key, value in chunked.items()}
    again = build("vit_base", **VIT, registers=4, mlp="swiglu")
    contents = {"teacher": {**teacher, "dino_head.mlp.0.bias": gamma}, "iteration": 3}
    report = checkpoints.load(again, contents, "dinov2")
    assert all(torch.equal(value, found[key]) for key, value in again.state_dict().items())
    assert set(report.left_out) == {"iteration", "dino_head.mlp.0.bias", "backbone.mask_token"}


def test_patches_of_another_size_are_resized_and_told() -> None:
    weights = made.as_published(made.mae(**{**made.SMALL, "patch_px": 4}, **DECODER))
    encoder = {k: v for k, v in weights.items() if "decoder" not in k}
    vit = build("vit_base", **VIT)
    report = checkpoints.load(vit, encoder, "timm")
    assert report.changed == {"patch_embed.proj.weight": "kernels resized from 4x4 to 8x8 px"}


def test_positions_of_no_square_grid_are_read_by_the_model_s() -> None:
    weights = made.as_published(made.mae(**made.SMALL, **DECODER))
    weights["pos_embed"] = torch.randn(1, 1 + 3 * 5, 24)
    weights["pos_embed"][:, 0] = 0
    encoder = {k: v for k, v in weights.items() if "decoder" not in k}
    vit = build("vit_base", **{**VIT, "image_px": (24, 40)})
    checkpoints.load(vit, encoder, "timm")
    table = vit.state_dict()["positions.table"]
    assert torch.equal(table[0, :, 1, 2], weights["pos_embed"][0, 1 + 5 + 2])
    encoder["pos_embed"] = torch.zeros(1, 1 + 12, 24)
    with pytest.raises(InputError, match=r"12 places .* no square grid, nor one of 3x5 patches"):
        checkpoints.load(vit, encoder, "timm")


def test_a_model_s_own_names_whole_and_in_part() -> None:
    torch.manual_seed(0)
    source = build("mspecgene_base", **SIZES)
    copy = build("mspecgene_base", **SIZES)
    report = checkpoints.load(copy, source.state_dict(), "twinband")
    assert all(torch.equal(v, source.state_dict()[k]) for k, v in copy.state_dict().items())
    assert report.changed == {} and report.untouched == ()
    vit = build("vit_base", **VIT)
    checkpoints.load(vit, source.state_dict())
    mae = build("mae_base", **SIZES)
    checkpoints.load(mae, vit.state_dict())
    assert torch.equal(mae.state_dict()["encoder.norm.bias"], vit.state_dict()["norm.bias"])


def test_nothing_is_copied_unless_all_fits() -> None:
    weights = made.as_published(made.mae(**made.SMALL, **DECODER))
    weights["blocks.0.extra"] = weights.pop("blocks.1.norm2.bias")
    weights["norm.weight"] = torch.zeros(25)
    model = build("mae_base", **SIZES)
    before = state(model)
    with pytest.raises(InputError) as caught:
        checkpoints.load(model, weights, "mae")
    text = str(caught.value)
    assert text.startswith("these weights (layout mae): no fit for the model")
    assert "missing: encoder.blocks.1.norm2.bias" in text
    assert "unexpected: blocks.0.extra" in text
    assert "encoder.norm.weight (25,) instead of (24,)" in text
    assert all(torch.equal(value, model.state_dict()[key]) for key, value in before.items())


def test_an_encoder_that_is_not_there_is_missing() -> None:
    weights = made.as_published(made.mspecgene(**made.SMALL, **DECODER))
    neck = {key: value for key, value in weights.items() if key.startswith("neck.")}
    with pytest.raises(InputError, match=r"missing: encoder\.cls_token"):
        checkpoints.load(build("mspecgene_base", **SIZES), neck, "mspecgene")


@pytest.mark.parametrize(
    ("weights", "layout", "message"),
    [
        ({"conv1.weight": torch.zeros(1)}, None, r"multimae, mspecgene, mae, .*\['conv1"),
        ({"vision_model.embeddings.class_embedding": torch.zeros(1)}, None, "CLIP's and SigLIP's"),
        ({"cls_token": torch.zeros(1)}, "caffe", "layout 'caffe' is not known; known are multimae"),
        ({"model": {}}, None, "holds no tensors"),
    ],
)
def test_what_is_not_known_is_one_line(
    weights: dict[str, Any], layout: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        checkpoints.load(build("vit_base", **VIT), weights, layout)
    assert "\n" not in str(caught.value)


def test_only_models_that_build_makes() -> None:
    with pytest.raises(TypeError, match="Linear is no model that build makes"):
        checkpoints.load(nn.Linear(2, 2), {"weight": torch.zeros(2, 2)}, "timm")


def test_the_report_reads_well() -> None:
    weights = made.as_published(made.mae(**{**made.SMALL, "side": 6}, **DECODER))
    text = str(checkpoints.load(build("mspecgene_base", **SIZES), weights, "mae"))
    lines = text.splitlines()
    assert lines[0] == (
        "layout mae: 30 tensors of the model from 30 of the checkpoint; 20 left out, 70 untouched"
    )
    assert (
        "    blocks.N.attn.qkv.weight/bias -> encoder.blocks.N.attn.qkv.weight/bias (x2)" in lines
    )
    assert "    encoder.positions.table: resampled from 6x6 to 4x4 patches, bicubic" in lines
    assert "    decoder_pred.weight/bias: the model has no such part" in lines
    assert "  untouched:" in lines


@pytest.mark.parametrize("saved", [True, False], ids=["hub", "memory"])
@pytest.mark.parametrize("family", ["ViT", "Dinov2", "Dinov2WithRegisters"])
def test_models_of_transformers_give_the_same_features(
    tmp_path: Path, family: str, saved: bool
) -> None:
    import transformers

    gated = family == "Dinov2WithRegisters"
    sizes: dict[str, Any] = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
    sizes |= {"image_size": 32, "patch_size": 8, "layer_norm_eps": 1e-6}
    sizes |= {"intermediate_size": 96} if family == "ViT" else {"use_swiglu_ffn": gated}
    sizes |= {"num_register_tokens": 3} if gated else {}
    torch.manual_seed(0)
    model = getattr(transformers, f"{family}Model")(
        getattr(transformers, f"{family}Config")(**sizes)
    ).eval()
    for parameter in model.parameters():
        nn.init.normal_(parameter, std=0.2)
    source: Any = model.state_dict()
    if saved:
        model.save_pretrained(tmp_path)
        source = tmp_path / "model.safetensors"
    own: dict[str, Any] = {"registers": 3, "mlp": "swiglu"} if gated else {}
    vit = build("vit_base", **VIT, **own).eval()
    report = checkpoints.load(vit, source)
    assert report.layout == "transformers"
    assert report.changed["blocks.0.attn.qkv.bias"] == "queries, keys and values joined"
    images = torch.randn(2, 3, 32, 32)
    assert isinstance(vit, VisionTransformer)
    with torch.no_grad():
        expected, found = model(images).last_hidden_state, vit(images)
    torch.testing.assert_close(found.class_token, expected[:, 0], atol=1e-4, rtol=1e-3)
    patches = expected[:, 1 + vit.config.registers :]
    torch.testing.assert_close(found.tokens, patches, atol=1e-4, rtol=1e-3)
